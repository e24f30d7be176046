/** A pod's runtime class gives it the class's overhead, node selector and tolerations. */
import { isDeepStrictEqual } from 'node:util';
import { type Pod, type RuntimeClass, compareQuantities, forbidden, parseQuantity } from '@skerry/api';
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
      const fixed = overhead?.podFixed;
      if (spec.overhead && Object.keys(spec.overhead).length > 0 && !sameAmounts(spec.overhead, fixed)) {
        throw forbidden(
          pods,
          ctx.name,
          "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
        );
      }
      if (fixed) spec.overhead = { ...fixed };
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
      const own = spec.tolerations ?? [];
      const added = (scheduling?.tolerations ?? []).filter(
        (toleration) => !own.some((each) => isDeepStrictEqual(each, toleration)),
      );
      if (added.length > 0) spec.tolerations = [...own, ...structuredClone(added)];
    },
  };
}

type Amounts = Readonly<Record<string, string>>;

function sameAmounts(a: Amounts, b: Amounts = {}): boolean {
  return (
    Object.keys(a).length === Object.keys(b).length &&
    Object.entries(a).every(([name, text]) => {
      const other = b[name];
      return other !== undefined && compareQuantities(parseQuantity(text), parseQuantity(other)) === 0;
    })
  );
}
