import { FakeClock } from '@skerry/base/testing';
import { centerResources, type TaskObject } from '@skerry/center';
import { TransportError } from '@skerry/client';
import { FakeApiClient } from '@skerry/client/testing';
import { expect, test } from 'vitest';
import { Report } from '#terminal/report.ts';
import { followTask } from './follow-task.ts';

const task = (status: TaskObject['status']): TaskObject => ({
  metadata: { name: 'house' },
  spec: { kind: 'bulk', title: 'a house', user: 'ann' },
  ...(status ? { status } : {}),
});

function harness() {
  const clock = new FakeClock();
  const client = new FakeApiClient({ clock });
  const lines: string[] = [];
  let isThere = true;
  const report = new Report({ write: (text: string) => lines.push(text) } as never, () => 0);
  const resource = (ref: Parameters<FakeApiClient['resource']>[0]) => {
    const real = client.resource<TaskObject>(ref as never);
    return {
      ...real,
      get: (name: string) =>
        isThere
          ? real.get(name)
          : Promise.reject(new TransportError('api-refused', 'connection refused', { sent: false })),
    };
  };
  return {
    clock,
    client,
    follow: () => followTask({ resource } as never, 'house', { clock, report }),
    go: (there: boolean) => (isThere = there),
  };
}

test('a task is followed over a center that ends and comes back', async () => {
  const h = harness();
  h.client.seed(centerResources.tasks, task({ state: 'running' }));
  const followed = h.follow();
  await h.clock.advance(1_000);
  h.go(false);
  await h.clock.advance(20_000);
  h.client.seed(centerResources.tasks, task({ state: 'succeeded', ended: 'now' }));
  h.go(true);
  await h.clock.advance(1_000);
  expect((await followed).status?.state).toBe('succeeded');
});

test('but not for ever', async () => {
  const h = harness();
  h.client.seed(centerResources.tasks, task({ state: 'running' }));
  const followed = expect(h.follow()).rejects.toThrow('connection refused');
  await h.clock.advance(1_000);
  h.go(false);
  await h.clock.advance(70_000);
  await followed;
});
