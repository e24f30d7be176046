import type { Reinvocation } from '#admission/reinvocation.ts';
import type { AdmissionContext } from '#security.ts';

/** One rule of admission. `mutate` may change `ctx.object` in place; both throw an ApiError to refuse. */
export interface AdmissionPlugin {
  /** As Kubernetes names it, where it is one of Kubernetes'. */
  readonly name: string;
  /** Called a second time when a later plugin changed the object and says so; must then come to the same result. */
  mutate?(ctx: AdmissionContext, reinvocation: Reinvocation): void | Promise<void>;
  validate?(ctx: AdmissionContext): void | Promise<void>;
}

/** Whether a write is about the main resource (or the named subresource) of a kind. */
export function isAbout(
  ctx: AdmissionContext,
  target: { readonly group: string; readonly resource: string; readonly subresource?: string },
): boolean {
  return (
    ctx.resource === target.resource &&
    ctx.kind.group === target.group &&
    ctx.subresource === (target.subresource ?? '')
  );
}

export const pods = { group: '', resource: 'pods' };
export const nodes = { group: '', resource: 'nodes' };
