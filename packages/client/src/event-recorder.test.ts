import type { Event, Pod } from '@skerry/api';
import { FakeClock, recordingLogger } from '@skerry/base/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ApiEventRecorder, resources, TransportError } from '#index.ts';
import { FakeApiClient } from '#testing/index.ts';

let clock: FakeClock;
let client: FakeApiClient;
let recorder: ApiEventRecorder;
let stop: AbortController;
const pod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'shop', uid: 'u1' },
};

beforeEach(() => {
  clock = new FakeClock();
  client = new FakeApiClient({ clock });
  const log = recordingLogger();
  recorder = new ApiEventRecorder({ client, component: 'kubelet', host: 'n1', clock, log });
  stop = new AbortController();
  void recorder.run(stop.signal);
});
afterEach(() => stop.abort());

const events = () => client.all<Event>(resources.events);
const record = (message: string, reason = 'BackOff') =>
  recorder.record(pod, { type: 'Warning', reason, message });

test('an event names its object and who saw it', async () => {
  record('Back-off restarting');
  await clock.advance(0);
  expect(events()[0]).toMatchObject({
    metadata: { namespace: 'shop', name: expect.stringMatching(/^web\.[0-9a-f]+$/) as string },
    involvedObject: { kind: 'Pod', apiVersion: 'v1', name: 'web', namespace: 'shop', uid: 'u1' },
    reason: 'BackOff',
    message: 'Back-off restarting',
    type: 'Warning',
    count: 1,
    source: { component: 'kubelet', host: 'n1' },
    reportingComponent: 'kubelet',
  });
});

test('the same event again raises its count and moves its time', async () => {
  record('same');
  await clock.advance(10_000);
  record('same');
  record('other');
  await clock.advance(0);
  expect(events().map(({ message, count }) => [message, count])).toEqual([
    ['same', 2],
    ['other', 1],
  ]);
  const [same] = events();
  expect(Date.parse(same?.lastTimestamp ?? '') - Date.parse(same?.firstTimestamp ?? '')).toBe(10_000);
});

test('an event that the server has forgotten is written anew', async () => {
  record('same');
  await clock.advance(0);
  const [first] = events();
  client.remove(resources.events, { namespace: 'shop', name: first?.metadata.name ?? '' });
  record('same');
  await clock.advance(0);
  expect(events().map(({ count }) => count)).toEqual([1]);
});

test('one object can cause a burst and then a trickle', async () => {
  for (let n = 0; n < 100; n++) record('again and again');
  await clock.advance(0);
  expect(events()[0]?.count).toBe(25);
  await clock.advance(300_000);
  record('again and again');
  await clock.advance(0);
  expect(events()[0]?.count).toBe(26);
});

test.each([
  [undefined, 1_000],
  [3_000, 1_500],
])('with room for %s events, of 1,500 at once so many are told', async (queueMax, told) => {
  const log = recordingLogger();
  const own = new ApiEventRecorder({
    client,
    component: 'scheduler',
    clock,
    log,
    ...(queueMax ? { queueMax } : {}),
  });
  for (let n = 0; n < 1_500; n++)
    own.record(
      { ...pod, metadata: { ...pod.metadata, name: `p${n}`, uid: `u${n}` } },
      { type: 'Normal', reason: 'Scheduled', message: 'Successfully assigned' },
    );
  void own.run(stop.signal);
  await clock.advance(1_000);
  expect(events()).toHaveLength(told);
  const lost = log.lines.find(({ message }) => message.startsWith('events dropped'));
  expect(lost?.fields).toEqual(told < 1_500 ? { count: 500 } : undefined);
});

test('of a pod that was tried often it is told where it went, by who has a budget for each reason', async () => {
  const own = new ApiEventRecorder({
    client,
    component: 'scheduler',
    clock,
    log: recordingLogger(),
    budgetByReason: true,
  });
  void own.run(stop.signal);
  for (let n = 0; n < 100; n++)
    own.record(pod, { type: 'Warning', reason: 'FailedScheduling', message: 'no room' });
  own.record(pod, { type: 'Normal', reason: 'Scheduled', message: 'there' });
  await clock.advance(0);
  expect(events().map(({ reason, count }) => [reason, count])).toEqual([
    ['FailedScheduling', 25],
    ['Scheduled', 1],
  ]);
});

test('many messages of one kind become one event', async () => {
  for (let n = 0; n < 20; n++) record(`number ${n}`);
  await clock.advance(0);
  // As with client-go, the tenth is the first of those that are combined.
  expect(events()).toHaveLength(10);
  expect(events().some(({ message }) => message === '(combined from similar events): number 19')).toBe(true);
});

test('what is recorded before run is written when it runs, and a failing server stops nobody', async () => {
  client.react(({ resource }) => {
    if (resource === 'events') throw new Error('full');
  });
  record('lost');
  await clock.advance(0);
  expect(events()).toEqual([]);
});

test('messages of one kind are combined while none is ten minutes after the one before, whatever part they are about', async () => {
  const tell = (n: number) =>
    recorder.record(pod, {
      type: 'Warning',
      reason: 'Unhealthy',
      message: `number ${n}`,
      fieldPath: `spec.containers{c${n % 3}}`,
    });
  for (let n = 0; n < 12; n++) {
    tell(n);
    await clock.advance(300_000);
  }
  expect(events()).toHaveLength(10);
  expect(events().at(-1)).toMatchObject({ message: '(combined from similar events): number 11', count: 3 });
  await clock.advance(600_000);
  tell(12);
  await clock.advance(0);
  expect(events().at(-1)).toMatchObject({ message: 'number 12' });
});

test('an event that may have arrived is tried twelve times, then the next one', async () => {
  let asked = 0;
  const back = client.react(({ resource }) => {
    if (resource !== 'events') return;
    asked++;
    throw new TransportError('api-unreachable', 'broken off', { sent: true });
  });
  record('lost');
  await clock.advance(600_000);
  expect(asked).toBe(12);
  back();
  record('told', 'Other');
  await clock.advance(0);
  expect(events().map(({ message }) => message)).toEqual(['told']);
});

test('an event that had arrived the first time is told once, and no loss', async () => {
  let answered = false;
  client.react(({ resource }, object) => {
    if (resource !== 'events' || answered) return;
    answered = true;
    client.seed(resources.events, object as Event);
    throw new TransportError('api-unreachable', 'broken off', { sent: true });
  });
  record('same');
  await clock.advance(60_000);
  record('same');
  await clock.advance(0);
  expect(events().map(({ count }) => count)).toEqual([2]);
});

test('while the server is out of reach events wait, and are written with the time at which they were recorded', async () => {
  const back = client.react(() => {
    throw new TransportError('api-unreachable', 'no link', { sent: false });
  });
  record('meanwhile');
  const at = new Date(clock.now()).toISOString().replace('.000Z', 'Z');
  await clock.advance(120_000);
  expect(events()).toEqual([]);
  back();
  await clock.advance(60_000);
  expect(events()).toMatchObject([{ message: 'meanwhile', lastTimestamp: at }]);
});
