import { expect, test } from 'vitest';
import { ApiError, type Pod } from '@skerry/api';
import { silentLogger } from '@skerry/base';
import { FakeClock } from '@skerry/base/testing';
import { resources, type ApiClient } from '@skerry/client';
import { FakeApiClient } from '@skerry/client/testing';
import { StatusWriter } from '#pods/status-writer.ts';
import { testPod } from '#testing/pods.ts';

function setUp() {
  const clock = new FakeClock();
  const client = new FakeApiClient({ clock });
  const writer = new StatusWriter({ client, clock, log: silentLogger, random: () => 0 });
  const pod = client.seed<Pod>(resources.pods, testPod());
  const status = () => client.all<Pod>(resources.pods)[0]?.status;
  return { clock, client, writer, pod, status };
}

test('only the newest of several states is sent after the one under way', async () => {
  const { clock, client, writer, pod, status } = setUp();
  for (const reason of ['a', 'b', 'c', 'd']) writer.set(pod, { phase: 'Running', reason });
  await clock.advance(0);
  expect(status()).toMatchObject({ phase: 'Running', reason: 'd' });
  expect(client.requests).toHaveLength(2);
});

test('a state that the API has already costs nothing', async () => {
  const { clock, client, writer, pod } = setUp();
  writer.set(pod, { phase: 'Running' });
  await clock.advance(0);
  writer.set(pod, { phase: 'Running' });
  await clock.advance(0);
  expect(client.requests).toHaveLength(1);
});

test('a failed write is tried again, with what is newest by then', async () => {
  const { clock, client, writer, pod, status } = setUp();
  let failures = 2;
  client.react(() => {
    if (failures-- > 0) throw new ApiError('ServiceUnavailable', 'try later');
  });
  writer.set(pod, { phase: 'Pending' });
  await clock.advance(0);
  writer.set(pod, { phase: 'Running' });
  await clock.advance(60_000);
  await writer.settled('u1');
  expect(status()?.phase).toBe('Running');
});

test('nothing is sent for a pod that has gone', async () => {
  const { clock, client, writer, pod } = setUp();
  client.remove(resources.pods, { namespace: 'default', name: 'web' });
  writer.set(pod, { phase: 'Running' });
  await clock.advance(60_000);
  await writer.settled('u1');
  expect(clock.pendingTimers).toBe(0);
  await writer.remove(pod);
});

test('what another writer said of a pod over the word of its node is corrected', async () => {
  const { clock, client, writer, pod, status } = setUp();
  const ready = { type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' };
  writer.set(pod, { phase: 'Running', conditions: [ready] });
  await clock.advance(0);
  const overruled = client.edit<Pod>(resources.pods, { namespace: 'default', name: 'web' }, (object) => {
    object.status = { ...object.status, conditions: [{ ...ready, status: 'False' }] };
  });
  writer.observe(overruled);
  await clock.advance(0);
  expect(status()?.conditions).toEqual([ready]);
});

test('so it is where that is heard of before the answer to the node’s own word', async () => {
  const { clock, client, pod, status } = setUp();
  const pods = client.resource<Pod>(resources.pods);
  let answer = () => undefined as void;
  const slow: typeof pods = {
    ...pods,
    async patch(...args) {
      const patched = await pods.patch(...args);
      await new Promise<void>((resolve) => (answer = resolve));
      return patched;
    },
  };
  const api = { resource: () => slow } as unknown as ApiClient;
  const writer = new StatusWriter({ client: api, clock, log: silentLogger, random: () => 0 });
  const ready = { type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' };
  writer.set(pod, { phase: 'Running', conditions: [ready] });
  await clock.advance(0);
  writer.observe(
    client.edit<Pod>(resources.pods, { namespace: 'default', name: 'web' }, (object) => {
      object.status = { ...object.status, conditions: [{ ...ready, status: 'False' }] };
    }),
  );
  answer();
  await clock.advance(0);
  expect(status()?.conditions).toEqual([ready]);
});

test('so it is where a change of something else was written over it unseen', async () => {
  const { clock, client, writer, pod, status } = setUp();
  const ready = { type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' };
  writer.set(pod, { phase: 'Running', conditions: [ready] });
  await clock.advance(0);
  client.edit<Pod>(resources.pods, { namespace: 'default', name: 'web' }, (object) => {
    object.status = { ...object.status, conditions: [{ ...ready, status: 'False' }] };
  });
  writer.set(pod, { phase: 'Running', conditions: [ready], hostIP: '192.0.2.1' });
  await clock.advance(0);
  writer.observe(client.all<Pod>(resources.pods)[0]!);
  await clock.advance(0);
  expect(status()).toMatchObject({ conditions: [ready], hostIP: '192.0.2.1' });
});

test('what the server makes something else of is not asked for over and over', async () => {
  const { clock, client, pod } = setUp();
  const pods = client.resource<Pod>(resources.pods);
  let asked = 0;
  const stubborn: typeof pods = {
    ...pods,
    async patch(name, _, options) {
      asked++;
      return pods.patch(name, { status: { phase: 'Running' } }, options);
    },
  };
  const api = { resource: () => stubborn } as unknown as ApiClient;
  const writer = new StatusWriter({ client: api, clock, log: silentLogger, random: () => 0 });
  writer.set(pod, { phase: 'Running', message: 'dropped' });
  await clock.advance(60_000);
  expect(asked).toBe(1);
  for (let look = 0; look < 3; look++) {
    writer.observe(client.all<Pod>(resources.pods)[0]!);
    await clock.advance(60_000);
  }
  expect(asked).toBeLessThanOrEqual(4);
});

test('a pod with readiness gates is not called ready again before its node has looked at them', async () => {
  const { clock, client, writer, pod, status } = setUp();
  const ready = { type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' };
  const gate = { type: 'InPlaceUpdateReady', status: 'True' };
  writer.set(pod, { phase: 'Running', conditions: [ready, gate] });
  await clock.advance(0);
  const closed = [
    { ...ready, status: 'False' },
    { ...gate, status: 'False' },
  ];
  const changed = client.edit<Pod>(resources.pods, { namespace: 'default', name: 'web' }, (object) => {
    object.spec!.readinessGates = [{ conditionType: gate.type }];
    object.status = { ...object.status, conditions: closed };
  });
  writer.observe(changed);
  await clock.advance(0);
  expect(status()?.conditions).toEqual(closed);
  writer.set(changed, { phase: 'Running', conditions: [{ ...ready, status: 'False' }, gate] });
  await clock.advance(0);
  expect(status()?.conditions).toEqual(closed);
});

test('an older look at the pod than the last answer changes nothing', async () => {
  const { clock, client, writer, pod, status } = setUp();
  const stale = client.edit<Pod>(resources.pods, { namespace: 'default', name: 'web' }, (object) => {
    object.metadata.labels = { app: 'web' };
  });
  writer.set(pod, { phase: 'Running' });
  await clock.advance(0);
  writer.observe(stale);
  await clock.advance(0);
  expect(client.requests).toHaveLength(1);
  expect(status()?.phase).toBe('Running');
});

test('a pod that somebody ended for good is not brought back', async () => {
  const { clock, client, writer, pod, status } = setUp();
  writer.set(pod, { phase: 'Running' });
  await clock.advance(0);
  writer.observe(
    client.edit<Pod>(resources.pods, { namespace: 'default', name: 'web' }, (object) => {
      object.status = { phase: 'Failed' };
    }),
  );
  await clock.advance(0);
  expect(status()?.phase).toBe('Failed');
});

test('what waits for its next try is sent at once when the API is back', async () => {
  const { clock, client, writer, pod, status } = setUp();
  const mend = client.react(() => {
    throw new ApiError('ServiceUnavailable', 'cut');
  });
  writer.set(pod, { phase: 'Running' });
  await clock.advance(120_000);
  mend();
  writer.hurry();
  await clock.advance(0);
  expect(status()?.phase).toBe('Running');
});
