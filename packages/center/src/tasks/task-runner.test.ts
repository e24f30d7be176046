import { silentLogger } from '@skerry/base';
import { FakeClock } from '@skerry/base/testing';
import { FakeApiClient } from '@skerry/client/testing';
import { describe, expect, test } from 'vitest';
import { centerResources } from '#management/resources.ts';
import { cancelledBy, type Task } from '#tasks/task.ts';
import { type TaskKind, TaskRunner } from '#tasks/task-runner.ts';

const titles = ['unpacked', 'copied', 'healthy'] as const;

function harness() {
  const clock = new FakeClock();
  const client = new FakeApiClient({ clock });
  const done: string[] = [];
  const start = (kinds: Readonly<Record<string, TaskKind>>) => {
    const stop = new AbortController();
    const runner = new TaskRunner({ client, clock, log: silentLogger, kinds });
    const running = runner.run(stop.signal).catch(() => undefined);
    return {
      async kill() {
        stop.abort(new Error('killed'));
        await clock.advance(0);
        await running;
      },
    };
  };
  return {
    clock,
    client,
    done,
    start,
    create: () =>
      client.resource<Task>(centerResources.tasks).create({
        metadata: { name: 'house' },
        spec: { kind: 'bulk', title: 'a house', user: 'ann' },
      }),
    task: () => client.resource<Task>(centerResources.tasks).get('house'),
  };
}

const doing = (done: string[]): TaskKind => ({
  steps: () => titles.map((title) => ({ title, run: () => Promise.resolve(void done.push(title)) })),
});

test('a task is done step by step and says so', async () => {
  const h = harness();
  await h.create();
  const center = h.start({ bulk: doing(h.done) });
  await h.clock.advance(1000);
  expect(h.done).toEqual(titles);
  expect((await h.task()).status).toMatchObject({
    state: 'succeeded',
    steps: titles.map((title) => ({ title, state: 'done' })),
  });
  await center.kill();
});

describe('a center that ends in the middle of a task', () => {
  test.each(titles)('goes on with the step it was in: %s', async (interrupted) => {
    const h = harness();
    await h.create();
    const first = h.start({
      bulk: {
        steps: () =>
          titles.map((title) => ({
            title,
            run: ({ signal }) => {
              if (title !== interrupted) return Promise.resolve(void h.done.push(title));
              return new Promise((_, reject) =>
                signal.addEventListener('abort', () => reject(new Error('the process ended'))),
              );
            },
          })),
      },
    });
    await h.clock.advance(1000);
    await first.kill();
    expect((await h.task()).status).toMatchObject({ state: 'running' });
    const second = h.start({ bulk: doing(h.done) });
    await h.clock.advance(1000);
    expect(h.done).toEqual(titles);
    expect((await h.task()).status?.state).toBe('succeeded');
    await second.kill();
  });
});

test('what a step remembers is there after a restart', async () => {
  const h = harness();
  await h.create();
  const first = h.start({
    bulk: {
      steps: () => [
        {
          title: 'requirements',
          async run(context) {
            await context.remember({ port: 6444 });
            await new Promise((_, reject) =>
              context.signal.addEventListener('abort', () => reject(new Error('end'))),
            );
          },
        },
      ],
    },
  });
  await h.clock.advance(1000);
  await first.kill();
  let found: unknown;
  const second = h.start({
    bulk: {
      steps: () => [
        { title: 'requirements', run: ({ memo }) => Promise.resolve(void (found = memo['port'])) },
      ],
    },
  });
  await h.clock.advance(1000);
  expect(found).toBe(6444);
  await second.kill();
});

test.each([
  { takenBack: true, state: 'rolled-back' },
  { takenBack: false, state: 'failed' },
])('a step that fails ends the task as $state and names the step', async ({ takenBack, state }) => {
  const h = harness();
  await h.create();
  const center = h.start({
    bulk: {
      steps: () => [{ title: 'unpacked', run: () => Promise.reject(new Error('rock')) }],
      rollBack: () => Promise.resolve(takenBack),
    },
  });
  await h.clock.advance(1000);
  expect((await h.task()).status).toMatchObject({
    state,
    message: 'unpacked: rock',
    steps: [
      {
        title: 'unpacked',
        state: 'failed',
        message: 'rock',
        says: [{ code: 'text', values: { text: 'rock' } }],
      },
    ],
  });
  await center.kill();
});

test('a task of an unknown kind fails rather than waits for ever', async () => {
  const h = harness();
  await h.create();
  const center = h.start({});
  await h.clock.advance(1000);
  expect((await h.task()).status?.state).toBe('failed');
  await center.kill();
});

describe('a task that somebody cancels', () => {
  const cancel = (h: ReturnType<typeof harness>) =>
    h.client
      .resource<Task>(centerResources.tasks)
      .patch('house', { metadata: { annotations: { [cancelledBy]: 'bea' } } }, { type: 'merge' });
  const endless: TaskKind = {
    steps: () =>
      titles.map((title) => ({
        title,
        run: ({ signal }) =>
          title === 'unpacked'
            ? Promise.resolve()
            : new Promise((_, reject) =>
                signal.addEventListener('abort', () => reject(signal.reason as Error)),
              ),
      })),
  };

  test.each([
    [true, 'rolled-back'],
    [false, 'cancelled'],
  ])('ends where it is; taken back: %s, it is %s', async (takenBack, state) => {
    const h = harness();
    await h.create();
    const center = h.start({
      bulk: { ...endless, rollBack: ({ signal }) => Promise.resolve(takenBack && !signal.aborted) },
    });
    await h.clock.advance(1000);
    await cancel(h);
    await h.clock.advance(2000);
    expect((await h.task()).status).toMatchObject({
      state,
      message: 'copied: cancelled by bea',
      steps: [
        { state: 'done' },
        { state: 'failed', says: [{ code: 'cancelled', values: { user: 'bea' } }] },
        { state: 'waiting' },
      ],
    });
    await center.kill();
  });

  test('before it was begun does nothing', async () => {
    const h = harness();
    await h.create();
    await cancel(h);
    const center = h.start({ bulk: doing(h.done) });
    await h.clock.advance(1000);
    expect(h.done).toEqual([]);
    expect((await h.task()).status).toMatchObject({ state: 'cancelled' });
    await center.kill();
  });
});
