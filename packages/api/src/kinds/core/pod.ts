import { setPodDefaults } from '#defaults/pod-spec.ts';
import { podQosClass } from '#pod-qos.ts';
import type { Pod } from '#types.generated.ts';
import { podWarnings } from '#validation/pod-warnings.ts';
import { validatePod, validatePodUpdate } from '#validation/pod.ts';
import { behaviour } from '#kinds/behaviour.ts';
import { podColumns } from '#kinds/core/pod-columns.ts';

export function isPodTerminal(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

export const podBehaviour = behaviour<Pod>({
  columns: podColumns,
  strategy: {
    setDefaults: setPodDefaults,
    validate: validatePod,
    validateUpdate: validatePodUpdate,
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
            reason: 'SchedulingGated',
            message: 'Scheduling is blocked due to non-empty scheduling gates',
          },
        ];
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
