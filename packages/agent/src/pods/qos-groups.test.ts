import type { Pod } from '@skerry/api';
import { expect, test } from 'vitest';
import { QosGroups } from '#pods/qos-groups.ts';
import { testContainer, testPod } from '#testing/pods.ts';

const asking = (cpu: string): Pod =>
  testPod({ containers: [testContainer('c', { resources: { requests: { cpu } } })] });

test('the weight that is left is that of the pods that were there last, however slow the kernel was', async () => {
  let pods = [asking('1'), asking('2')];
  const slow = Promise.withResolvers<void>();
  const written: string[] = [];
  let writes = 0;
  const groups = new QosGroups({
    root: '/x',
    pods: () => pods,
    cgroups: {
      async ensure(path, { cpuShares }) {
        if (writes++ === 0) await slow.promise;
        written.push(`${path} ${cpuShares}`);
      },
    },
  });
  const first = groups.update();
  await Promise.resolve();
  pods = [asking('2')];
  const second = groups.update();
  slow.resolve();
  await Promise.all([first, second]);
  expect(written.filter((line) => line.startsWith('/x/burstable')).at(-1)).toBe('/x/burstable 2048');
});

test('a group that could not be written is written the next time', async () => {
  let fails = true;
  const written: string[] = [];
  const groups = new QosGroups({
    root: '/x',
    pods: () => [],
    cgroups: {
      async ensure(path) {
        if (fails) throw new Error('no such device');
        written.push(path);
      },
    },
  });
  await expect(groups.update()).rejects.toThrow('no such device');
  fails = false;
  await groups.update();
  expect(written).toEqual(['/x/burstable', '/x/besteffort']);
});
