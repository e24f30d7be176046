import type { InformerFactory, Informer, InformerHandler } from '@skerry/client';
import type { KubeObject } from '@skerry/api';
import type { FeatureGates } from '#kruise/feature-gates.ts';
import type { ControllerContext } from '#runtime/controller.ts';

/** What the controllers of the component are given: `informers` are their own and end with them. */
export interface KruiseContext extends ControllerContext {
  /** Copies that are there for all controllers, of pods and nodes: they outlive the component. */
  readonly shared: InformerFactory;
  readonly gates: FeatureGates;
  /** Where the API server reaches the webhooks. */
  readonly webhookAddress: string;
  /** The end of the component, until it is switched on again. */
  readonly signal: AbortSignal;
}

/** Handlers on a shared copy for as long as the component works. */
export function follow<T extends KubeObject>(
  { signal }: Pick<KruiseContext, 'signal'>,
  informer: Informer<T>,
  handler: InformerHandler<T>,
): void {
  const remove = informer.addHandler(handler);
  signal.addEventListener('abort', remove, { once: true });
}
