import { expect, test } from 'vitest';
import { mergeLabelKeys } from '#defaults/label-keys.ts';
import { validatePod } from '#validation/pod/pod.ts';
import { setPodDefaults } from '#defaults/pod-spec.ts';
import type { Pod } from '#types.generated.ts';

test('labels that a pod selects by are in its selectors, once', () => {
  const keyed = () => ({
    labelSelector: { matchLabels: { app: 'a' } },
    matchLabelKeys: ['hash', 'absent'],
  });
  const term = () => ({ ...keyed(), topologyKey: 'zone', mismatchLabelKeys: ['tenant'] });
  const pod: Pod = {
    metadata: { name: 'p', labels: { app: 'a', hash: '1', tenant: 't' } },
    spec: {
      containers: [{ name: 'c', image: 'i' }],
      affinity: {
        podAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: term() }],
        },
        podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term()] },
      },
      topologySpreadConstraints: [
        { ...keyed(), maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' },
        {
          maxSkew: 1,
          topologyKey: 'host',
          whenUnsatisfiable: 'DoNotSchedule',
          matchLabelKeys: ['hash'],
        },
      ],
    },
  };
  setPodDefaults(pod);
  mergeLabelKeys(pod);
  mergeLabelKeys(pod);
  const hash = { key: 'hash', operator: 'In', values: ['1'] };
  const tenant = { key: 'tenant', operator: 'NotIn', values: ['t'] };
  const { podAffinity, podAntiAffinity } = pod.spec!.affinity!;
  const [preferred] = podAffinity!.preferredDuringSchedulingIgnoredDuringExecution!;
  const [required] = podAntiAffinity!.requiredDuringSchedulingIgnoredDuringExecution!;
  expect(preferred?.podAffinityTerm.labelSelector?.matchExpressions).toEqual([hash, tenant]);
  expect(required?.labelSelector?.matchExpressions).toEqual([hash, tenant]);
  const [spread, all] = pod.spec!.topologySpreadConstraints!;
  expect(spread?.labelSelector?.matchExpressions).toEqual([hash]);
  expect(all?.labelSelector).toBeUndefined();
  expect(validatePod(pod).map(({ path }) => path)).toEqual([
    'spec.topologySpreadConstraints[1].matchLabelKeys',
  ]);
});
