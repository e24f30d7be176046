import { expect, test } from 'vitest';
import { takeAppArmorAnnotations } from '#defaults/app-armor.ts';
import type { Pod } from '#types.generated.ts';

const prefix = 'container.apparmor.security.beta.kubernetes.io/';

test.each([
  ['unconfined', { type: 'Unconfined' }],
  ['runtime/default', { type: 'RuntimeDefault' }],
  ['localhost/strict', { type: 'Localhost', localhostProfile: 'strict' }],
  ['localhost/', undefined],
  ['other', undefined],
])('a container annotated %s gets the profile %j', (text, profile) => {
  const pod: Pod = {
    metadata: { annotations: { [`${prefix}a`]: text } },
    spec: { containers: [{ name: 'a' }, { name: 'b' }] },
  };
  takeAppArmorAnnotations(pod);
  expect(pod.spec?.containers.map(({ securityContext }) => securityContext?.appArmorProfile)).toEqual([
    profile,
    undefined,
  ]);
});

test('a field counts more than the annotation, and what the pod has is not told again', () => {
  const pod: Pod = {
    metadata: { annotations: { [`${prefix}a`]: 'unconfined', [`${prefix}b`]: 'runtime/default' } },
    spec: {
      securityContext: { appArmorProfile: { type: 'RuntimeDefault' } },
      containers: [
        { name: 'a', securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } },
        { name: 'b' },
      ],
    },
  };
  const before = structuredClone(pod);
  takeAppArmorAnnotations(pod);
  expect(pod).toEqual(before);
});
