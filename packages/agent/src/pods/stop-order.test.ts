import { expect, test } from 'vitest';
import { nextToStop } from '#pods/stop-order.ts';
import { testContainer, testPod, testStatus } from '#testing/pods.ts';

const pod = testPod({
  initContainers: ['first', 'second'].map((name) => testContainer(name, { restartPolicy: 'Always' })),
  containers: ['a', 'b'].map((name) => testContainer(name)),
});

test.each([
  { running: ['first', 'a', 'second', 'b'], stopped: ['a', 'b'] },
  { running: ['first', 'b', 'second'], stopped: ['b'] },
  { running: ['first', 'second'], stopped: ['second'] },
  { running: ['first'], stopped: ['first'] },
  { running: [], stopped: [] },
])('of $running, $stopped are stopped next', ({ running, stopped }) => {
  const statuses = running.map((name) => testStatus(testContainer(name), 'running'));
  expect(nextToStop(pod, statuses).map(({ name }) => name)).toEqual(stopped);
});
