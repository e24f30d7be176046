/** A pod's runtime class gives it the class's overhead, node selector and tolerations. */
import { type Pod, type RuntimeClass, forbidden } from '@skerry/api';
import { type AdmissionPlugin, isAbout, pods } from '#admission/plugin.ts';
import type { ObjectReader } from '#security.ts';

const runtimeClasses = { group: 'node.k8s.io', resource: 'runtimeclasses' };

export function runtimeClass({ read }: { readonly read: ObjectReader }): AdmissionPlugin {
  return {
    name: 'RuntimeClass',
    mutate(ctx) {
      if (ctx.operation !== 'CREATE' || !isAbout(ctx, pods)) return;
      const { spec } = ctx.object as unknown as Pod;
      if (!spec?.runtimeClassName) {
        if (spec?.overhead && Object.keys(spec.overhead).length > 0) {
          throw forbidden(
            pods,
            ctx.name,
            'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
          );
        }
        return;
      }
      const found = read.get<RuntimeClass>(runtimeClasses, spec.runtimeClassName);
      if (!found) {
        throw forbidden(pods, ctx.name, `pod rejected: RuntimeClass "${spec.runtimeClassName}" not found`);
      }
      const { overhead, scheduling } = found;
      if (overhead?.podFixed) spec.overhead = { ...overhead.podFixed };
      for (const [key, value] of Object.entries(scheduling?.nodeSelector ?? {})) {
        const own = spec.nodeSelector?.[key];
        if (own !== undefined && own !== value) {
          throw forbidden(
            pods,
            ctx.name,
            `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`,
          );
        }
        spec.nodeSelector = { ...spec.nodeSelector, [key]: value };
      }
      if (scheduling?.tolerations?.length) {
        spec.tolerations = [...(spec.tolerations ?? []), ...structuredClone(scheduling.tolerations)];
      }
    },
  };
}
