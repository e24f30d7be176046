import { expect, test } from 'vitest';
import type { Container, Probe } from '@skerry/api';
import { FakeClock } from '@skerry/base/testing';
import { recordingEvents } from '@skerry/client/testing';
import { podEvents } from '#pods/events.ts';
import type { ProbeResult } from '#probes/handlers.ts';
import { Prober } from '#probes/prober.ts';
import { testContainer, testPod } from '#testing/pods.ts';

const exec = (name: string, rest: Partial<Probe> = {}): Probe => ({
  exec: { command: [name] },
  periodSeconds: 10,
  ...rest,
});
const failure: ProbeResult = { outcome: 'failure', message: 'no' };

function setUp(probes: Partial<Container>) {
  const clock = new FakeClock();
  const events = recordingEvents();
  const container = testContainer('main', probes);
  const pod = testPod({ containers: [container] });
  const results: Record<string, ProbeResult> = {};
  const changed: string[] = [];
  const prober = new Prober({
    run: async (handler) => results[handler.exec?.command?.[0] ?? ''] ?? { outcome: 'success' },
    events: podEvents(events),
    clock,
    random: () => 0,
    changed: (uid) => void changed.push(uid),
  });
  prober.follow(pod, [{ id: 'c1', container, address: '10.0.0.2' }]);
  return { clock, events, container, pod, prober, results, changed };
}

test('a container without probes is ready, started and alive at once', () => {
  const { prober, container } = setUp({});
  expect(prober.isReady('c1', container)).toBe(true);
  expect(prober.isStarted('c1', container)).toBe(true);
  expect(prober.failed('c1')).toBeUndefined();
});

test('readiness waits for its delay and its successes, and is lost after its failures', async () => {
  const { clock, prober, container, results, changed, events } = setUp({
    readinessProbe: exec('ready', { initialDelaySeconds: 5, successThreshold: 2, failureThreshold: 2 }),
  });
  await clock.advance(5_000);
  expect(prober.isReady('c1', container)).toBe(false);
  await clock.advance(10_000);
  expect(prober.isReady('c1', container)).toBe(true);
  results['ready'] = failure;
  await clock.advance(10_000);
  expect(prober.isReady('c1', container)).toBe(true);
  await clock.advance(10_000);
  expect(prober.isReady('c1', container)).toBe(false);
  expect(changed).toEqual(['u1', 'u1']);
  expect(events.lines).toEqual([
    'Warning Unhealthy: Readiness probe failed: no',
    'Warning Unhealthy: Readiness probe failed: no',
  ]);
});

test('liveness demands a restart only after enough failures in a row', async () => {
  const { clock, prober, results } = setUp({
    livenessProbe: exec('live', { failureThreshold: 3, terminationGracePeriodSeconds: 4 }),
  });
  results['live'] = failure;
  await clock.advance(10_000);
  expect(prober.failed('c1')).toBeUndefined();
  results['live'] = { outcome: 'success' };
  await clock.advance(10_000);
  results['live'] = failure;
  await clock.advance(20_000);
  expect(prober.failed('c1')).toBeUndefined();
  await clock.advance(10_000);
  expect(prober.failed('c1')).toEqual({ kind: 'Liveness', graceSeconds: 4 });
});

test('other probes wait until the startup probe has passed', async () => {
  const { clock, prober, container, results } = setUp({
    startupProbe: exec('start', { failureThreshold: 10 }),
    livenessProbe: exec('live', { failureThreshold: 1 }),
    readinessProbe: exec('ready'),
  });
  results['start'] = failure;
  results['live'] = failure;
  await clock.advance(30_000);
  expect(prober.isStarted('c1', container)).toBe(false);
  expect(prober.isReady('c1', container)).toBe(false);
  expect(prober.failed('c1')).toBeUndefined();
  results['start'] = { outcome: 'success' };
  await clock.advance(20_000);
  expect(prober.isStarted('c1', container)).toBe(true);
  expect(prober.isReady('c1', container)).toBe(true);
  expect(prober.failed('c1')?.kind).toBe('Liveness');
});

test('a startup probe that never passes demands a restart', async () => {
  const { clock, prober, results } = setUp({ startupProbe: exec('start', { failureThreshold: 2 }) });
  results['start'] = failure;
  await clock.advance(10_000);
  expect(prober.failed('c1')?.kind).toBe('Startup');
});

test('an error of the probe itself counts as a failure and says so', async () => {
  const { clock, results, events } = setUp({ livenessProbe: exec('live', { failureThreshold: 1 }) });
  results['live'] = { outcome: 'error', message: 'no such container' };
  await clock.advance(0);
  expect(events.lines).toEqual([
    'Warning Unhealthy: Liveness probe errored and resulted in unknown state: no such container',
  ]);
});

test('what was ready before the agent restarted stays ready until a probe says otherwise', async () => {
  const { clock, prober, pod, results } = setUp({});
  const container = testContainer('other', {
    readinessProbe: exec('ready', { failureThreshold: 1 }),
    startupProbe: exec('start'),
  });
  prober.assume(pod, { id: 'c2', container, address: '' }, { ready: true, started: true });
  expect(prober.isReady('c2', container)).toBe(true);
  results['ready'] = failure;
  await clock.advance(0);
  expect(prober.isReady('c2', container)).toBe(false);
});

test('nothing is probed any more once the pod is forgotten', async () => {
  const { clock, prober } = setUp({ livenessProbe: exec('live') });
  await clock.advance(10_000);
  prober.forget('u1');
  expect(clock.pendingTimers).toBe(0);
});
