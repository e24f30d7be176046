/**
 * Admission as Kubernetes orders it: every plugin's `mutate`, then, once the object has been validated, every `validate`.
 * Quota comes last, so that nothing is counted that another plugin refuses.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/
 */
import type { AdmissionPlugin } from '#admission/plugin.ts';
import { Reinvocation } from '#admission/reinvocation.ts';
import type { AdmissionChain } from '#security.ts';

export function createAdmissionChain(plugins: readonly AdmissionPlugin[]): AdmissionChain {
  return {
    async mutate(ctx) {
      const reinvocation = new Reinvocation();
      do {
        for (const plugin of plugins) await plugin.mutate?.(ctx, reinvocation);
      } while (reinvocation.again());
    },
    async validate(ctx) {
      for (const plugin of plugins) await plugin.validate?.(ctx);
    },
  };
}
