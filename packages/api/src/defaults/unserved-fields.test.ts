import { expect, test } from 'vitest';
import { dropUnservedPodFields, dropUnservedPodStatus } from '#defaults/unserved-fields.ts';
import type { PodSpec, PodStatus } from '#types.generated.ts';

const whole = (): PodSpec => ({
  schedulingGroup: { podGroupName: 'g' },
  containers: [
    { name: 'a', lifecycle: { stopSignal: 'SIGUSR1' } },
    { name: 'b', lifecycle: { stopSignal: 'SIGUSR1', preStop: { sleep: { seconds: 1 } } } },
  ],
  volumes: [
    {
      name: 'v',
      projected: {
        sources: [
          { clusterTrustBundle: { path: 'p', name: 'n' } },
          { podCertificate: { signerName: 's/s', keyType: 'RSA3072', keyPath: 'k' } },
        ],
      },
    },
  ],
});

test('a new pod comes without what needs a feature that is off', () => {
  const spec = whole();
  dropUnservedPodFields(spec, undefined);
  expect(spec).toEqual({
    containers: [{ name: 'a' }, { name: 'b', lifecycle: { preStop: { sleep: { seconds: 1 } } } }],
    volumes: [{ name: 'v', projected: { sources: [{}, {}] } }],
  });
});

test('a pod that has it from before keeps it', () => {
  const spec = whole();
  dropUnservedPodFields(spec, whole());
  expect(spec).toEqual(whole());
});

const told = (): PodStatus => ({
  nodeAllocatableResourceClaimStatuses: [{ resourceClaimName: 'x', resources: { cpu: '1' } }],
  containerStatuses: [
    {
      name: 'a',
      image: 'i',
      imageID: 'd',
      ready: true,
      restartCount: 0,
      volumeMounts: [{ name: 'v', mountPath: '/v', volumeStatus: { image: { imageRef: 'sha256:a' } } }],
    },
  ],
});

test('of its status too', () => {
  const status = told();
  dropUnservedPodStatus(status, {});
  expect(status.nodeAllocatableResourceClaimStatuses).toBeUndefined();
  expect(status.containerStatuses?.[0]?.volumeMounts).toEqual([{ name: 'v', mountPath: '/v' }]);
  const kept = told();
  dropUnservedPodStatus(kept, told());
  expect(kept).toEqual(told());
});
