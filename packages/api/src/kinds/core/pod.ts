import { dropUnservedPodStatus } from '#defaults/unserved-fields.ts';
import { takeAppArmorAnnotations } from '#defaults/app-armor.ts';
import { mergeLabelKeys } from '#defaults/label-keys.ts';
import { setPodDefaults } from '#defaults/pod-spec.ts';
import { podQosClass } from '#pod-qos.ts';
import type { Pod, PodCondition } from '#types.generated.ts';
import { podWarnings } from '#validation/pod/pod-warnings.ts';
import { validateEphemeralContainers, validatePod, validatePodUpdate } from '#validation/pod/pod.ts';
import { validatePodResize } from '#validation/pod/resize.ts';
import { validatePodStatus } from '#validation/pod/status.ts';
import { behaviour } from '#kinds/behaviour.ts';
import { podColumns } from '#kinds/core/pod-columns.ts';

export function isPodTerminal(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

/** Who reports without saying of which generation means the one reported before. */
function keepObservedGenerations(pod: Pod, old: Pod): void {
  const status = (pod.status ??= {});
  status.qosClass ||= old.status?.qosClass;
  status.observedGeneration ||= old.status?.observedGeneration;
  const before = [...(old.status?.conditions ?? [])];
  for (const condition of status.conditions ?? []) {
    const index = before.findIndex(({ type }) => type === condition.type);
    if (index < 0) continue;
    const [same] = before.splice(index, 1) as [PodCondition];
    if (!condition.observedGeneration && same.observedGeneration)
      condition.observedGeneration = same.observedGeneration;
  }
}

export const podBehaviour = behaviour<Pod>({
  podOf: ({ spec }) => spec,
  columns: podColumns,
  metaTold: 'twice',
  strategy: {
    setDefaults: setPodDefaults,
    validate: validatePod,
    validateUpdate: validatePodUpdate,
    validateStatus: validatePodStatus,
    validateSubresource(pod, old, subresource) {
      switch (subresource) {
        case 'resize':
          return validatePodResize(pod, old);
        case 'ephemeralcontainers':
          return validateEphemeralContainers(pod, old);
        default:
          // A binding has judged itself.
          return [];
      }
    },
    // Who changes a pod is seldom who wrote it.
    warnings: (pod, old) => (old ? [] : podWarnings(pod)),
    prepareForCreate(pod) {
      pod.status = { phase: 'Pending', qosClass: podQosClass(pod.spec) };
      const gated = (pod.spec?.schedulingGates?.length ?? 0) > 0;
      if (gated)
        pod.status.conditions = [
          {
            type: 'PodScheduled',
            status: 'False',
            lastTransitionTime: pod.metadata.creationTimestamp,
            reason: 'SchedulingGated',
            message: 'Scheduling is blocked due to non-empty scheduling gates',
          },
        ];
      mergeLabelKeys(pod);
      takeAppArmorAnnotations(pod);
    },
    prepareForStatus(pod, old) {
      keepObservedGenerations(pod, old);
      dropUnservedPodStatus(pod.status, old.status);
    },
    /** A pod that nobody runs needs no time to stop. */
    deletionGraceSeconds(pod, requested) {
      if (!pod.spec?.nodeName || isPodTerminal(pod)) return undefined;
      const own = pod.spec.terminationGracePeriodSeconds ?? 30;
      const asked = requested ?? own;
      const seconds = asked < 0 ? 1 : asked;
      return seconds === 0 ? undefined : seconds;
    },
    fieldValue(pod, field) {
      switch (field) {
        case 'spec.hostNetwork':
          return String(pod.spec?.hostNetwork ?? false);
        case 'status.podIP':
          return pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP ?? '';
        case 'status.podIPs':
          return (pod.status?.podIPs ?? []).map(({ ip }) => ip).join(',');
        default:
          return undefined;
      }
    },
  },
});
