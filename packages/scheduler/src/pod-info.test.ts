import { expect, test } from 'vitest';
import type { Pod } from '@skerry/api';
import { podInfoOf } from '#pod-info.ts';

const pod = (asked: string, status?: { taken: string; holds: string }): Pod => ({
  metadata: { name: 'a' },
  spec: { containers: [{ name: 'main', resources: { requests: { cpu: asked, memory: '1Mi' } } }] },
  ...(status
    ? {
        status: {
          containerStatuses: [
            {
              name: 'main',
              image: '',
              imageID: '',
              ready: true,
              restartCount: 0,
              allocatedResources: { cpu: status.taken },
              resources: { requests: { cpu: status.holds } },
            },
          ],
        },
      }
    : {}),
});

test.each<[string, Pod, number]>([
  ['takes what it asks for', pod('2'), 2000],
  ['takes what it asks for while its node has no room for it', pod('3', { taken: '1', holds: '1' }), 3000],
  ['takes what it was given until that is less', pod('1', { taken: '1', holds: '2' }), 2000],
  ['takes what its node has taken on', pod('1', { taken: '4', holds: '2' }), 4000],
])('a pod %s', (_, given, milliCpu) => {
  expect(podInfoOf(given).requests).toMatchObject({ milliCpu, memory: 2 ** 20 });
  expect(podInfoOf(given).scored.milliCpu).toBe(milliCpu);
});
