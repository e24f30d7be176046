/**
 * Admission as Kubernetes orders it: every plugin's `mutate`, then, once the object has been validated, every `validate`.
 * Quota comes last, so that nothing is counted that another plugin refuses.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/
 */
import type { AdmissionPlugin } from '#admission/plugin.ts';
import { Reinvocation } from '#admission/reinvocation.ts';
import type { AdmissionChain } from '#security.ts';

export function createAdmissionChain(plugins: readonly AdmissionPlugin[]): AdmissionChain {
  const mutating = plugins.filter((plugin) => Object.hasOwn(plugin, 'mutate'));
  const validating = plugins.filter((plugin) => Object.hasOwn(plugin, 'validate'));
  // Most have their answer at once, and every write passes all of them: waiting for nothing would cost more than asking.
  return {
    async mutate(ctx) {
      const reinvocation = new Reinvocation();
      do {
        for (const plugin of mutating) {
          const asked = plugin.mutate?.(ctx, reinvocation);
          if (asked) await asked;
        }
      } while (reinvocation.again());
    },
    async validate(ctx) {
      for (const plugin of validating) {
        const asked = plugin.validate?.(ctx);
        if (asked) await asked;
      }
    },
  };
}
