/**
 * Whether each controller works, under the names by which kube-controller-manager tells it: one is well from its start until it
 * breaks, and again when it has been started anew. Who stands by for a leader tells of none.
 */
import { measureHealth } from '@skerry/api';
import type { Service } from '@skerry/base';
import type { Metrics } from '#runtime/metrics.ts';

/** Where ours does the work of others, or has another name. */
const stockNames: Readonly<Record<string, readonly string[]>> = {
  'horizontal-pod-autoscaler': ['horizontal-pod-autoscaler-controller'],
  'service-account-controller': ['serviceaccount-controller'],
  'job-controller': ['job-controller', 'ttl-after-finished-controller'],
  'endpointslice-controller': ['endpointslice-controller', 'endpoints-controller'],
  'certificate-controller': [
    'certificatesigningrequest-approving-controller',
    'certificatesigningrequest-signing-controller',
    'certificatesigningrequest-cleaner-controller',
  ],
};

export class ControllerHealth {
  readonly #isWell = new Map<string, boolean>();

  constructor(metrics: Metrics) {
    measureHealth(metrics, () =>
      [...this.#isWell].flatMap(([controller, isWell]) =>
        (stockNames[controller] ?? [controller]).map((name) => ({ name, type: 'healthz' as const, isWell })),
      ),
    );
  }

  /** The same service, watched. */
  watch(name: string, service: Service): Service {
    return {
      name: service.name,
      run: async (signal) => {
        this.#isWell.set(name, true);
        try {
          await service.run(signal);
          this.#isWell.delete(name);
        } catch (error) {
          if (signal.aborted) this.#isWell.delete(name);
          else this.#isWell.set(name, false);
          throw error;
        }
      },
    };
  }
}
