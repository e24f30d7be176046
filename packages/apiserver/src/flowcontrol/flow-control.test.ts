import type { PriorityLevelConfiguration } from '@skerry/api';
import { FakeClock } from '@skerry/base/testing';
import { expect, test } from 'vitest';
import { suggestedLevels, suggestedSchemas } from '#flowcontrol/default-objects.ts';
import { dumpFlows } from '#flowcontrol/flow-dump.ts';
import { FlowControl, type Refused, type Seat } from '#flowcontrol/flow-control.ts';
import { shareOut } from '#flowcontrol/share-out.ts';
import { dealHand, hashOfFlow } from '#flowcontrol/shuffle-shard.ts';
import { WatchCount } from '#flowcontrol/watch-count.ts';
import { estimateWork } from '#flowcontrol/work-estimate.ts';
import { MetricRegistry } from '@skerry/base';
import { requestInfo, type ResourceRequest } from '#request-info.ts';

const jane = { name: 'jane', groups: ['system:authenticated'] };
const node = { name: 'system:node:n', groups: ['system:nodes', 'system:authenticated'] };

function controlOf(seats = 600) {
  const clock = new FakeClock();
  const metrics = new MetricRegistry();
  const control = new FlowControl({ clock, metrics, sizeOf: () => undefined, seats });
  control.configure(suggestedSchemas, suggestedLevels);
  return { clock, metrics, control };
}

function ask(
  control: FlowControl,
  { user = jane, path = '/api/v1/nodes', bodyBytes = 0, signal = new AbortController().signal } = {},
) {
  const query = new URLSearchParams();
  return control.enter({
    ...control.classify(user, requestInfo('GET', path, query)),
    query,
    bodyBytes,
    signal: () => signal,
    waitMs: 15_000,
  });
}

function level(control: FlowControl, name: string) {
  return control.levels.find((each) => each.name === name)!;
}

test('seats are shared by the shares of the levels', () => {
  const { control } = controlOf();
  const nominal = Object.fromEntries(control.levels.map((each) => [each.name, each.nominal]));
  expect(nominal).toEqual({
    'catch-all': 13,
    exempt: 0,
    'global-default': 49,
    'leader-election': 25,
    'node-high': 98,
    system: 74,
    'workload-high': 98,
    'workload-low': 245,
  });
});

test('a level that wants more borrows what others do not use, and gives it back', async () => {
  const { control, clock } = controlOf();
  const seats: (Seat | Refused | Promise<Seat | Refused>)[] = [];
  const before = level(control, 'global-default').current;
  for (let index = 0; index < 200; index++) seats.push(ask(control));
  await clock.advance(10_000);
  const borrowed = level(control, 'global-default').current;
  expect(borrowed).toBeGreaterThan(before);
  expect(level(control, 'node-high').current).toBeGreaterThanOrEqual(level(control, 'node-high').lowest);
  const total = control.levels.reduce((sum, each) => sum + each.current, 0);
  expect(total).toBeLessThanOrEqual(610);
  for (let index = 0; index < 400; index++) void ask(control, { user: node, path: '/api/v1/nodes/n' });
  await clock.advance(10_000);
  expect(level(control, 'node-high').current).toBeGreaterThanOrEqual(98);
});

test('who waited too long is refused, and so is who finds the queues full', async () => {
  const { control, clock, metrics } = controlOf(30);
  const asked = Array.from({ length: 400 }, () => ask(control));
  const atOnce = asked.filter((each): each is Refused => 'refused' in each);
  expect(atOnce[0]).toEqual({ refused: 'queue-full', retryAfterSeconds: 1 });
  await clock.advance(15_000);
  const waited = (await Promise.all(asked.map((each) => Promise.resolve(each)))).filter(
    (each) => 'refused' in each && each.refused === 'time-out',
  );
  expect(waited.length).toBeGreaterThan(100);
  expect(metrics.render()).toContain(
    'apiserver_flowcontrol_rejected_requests_total{priority_level="global-default",flow_schema="global-default",reason="time-out"}',
  );
});

test('who goes away while waiting is forgotten', async () => {
  const { control } = controlOf(30);
  const gone = new AbortController();
  const asked = Array.from({ length: 50 }, () => ask(control, { signal: gone.signal }));
  gone.abort();
  const answers = await Promise.all(asked.map((each) => Promise.resolve(each)));
  expect(answers.filter((each) => 'refused' in each && each.refused === 'cancelled').length).toBeGreaterThan(
    0,
  );
  expect(level(control, 'global-default').requests.waiting).toBe(0);
});

test('waiting bodies are bounded by their bytes', () => {
  const { control } = controlOf(30);
  const asked = Array.from({ length: 200 }, (_, index) =>
    ask(control, { user: { ...jane, name: `user-${index % 50}` }, bodyBytes: 1024 * 1024 }),
  );
  const waiting = asked.filter((each) => each instanceof Promise);
  expect(waiting.length).toBe(64);
});

test('retries are put off while many are refused', async () => {
  const { control, clock } = controlOf(30);
  let last: Refused | undefined;
  for (let second = 0; second < 8; second++) {
    for (let index = 0; index < 400; index++) {
      const entered = ask(control);
      if ('refused' in entered) last = entered;
    }
    await clock.advance(1000);
  }
  expect(last?.retryAfterSeconds).toBeGreaterThan(2);
});

test('a level that is taken away serves what it has, takes no more, and goes', async () => {
  const { control } = controlOf();
  const seat = ask(control) as Seat;
  control.configure([], []);
  expect(level(control, 'global-default').leaving).toBe(true);
  expect(control.classify(jane, requestInfo('GET', '/api/v1/nodes', new URLSearchParams())).level.name).toBe(
    'catch-all',
  );
  seat.release();
  control.adjust();
  expect(control.levels.map(({ name }) => name)).toEqual(['catch-all', 'exempt']);
});

test('a schema whose level is not there is passed over', () => {
  const { control } = controlOf();
  control.configure(
    suggestedSchemas,
    suggestedLevels.filter(({ metadata }) => metadata.name !== 'global-default'),
  );
  const { flow, level: chosen } = control.classify(
    jane,
    requestInfo('GET', '/api/v1/nodes', new URLSearchParams()),
  );
  expect([flow.name, chosen.name]).toEqual(['catch-all', 'catch-all']);
});

test('a level that contradicts itself is none', () => {
  const { control } = controlOf();
  const broken: PriorityLevelConfiguration = { metadata: { name: 'broken' }, spec: { type: 'Limited' } };
  control.configure([], [broken]);
  expect(control.levels.some(({ name }) => name === 'broken')).toBe(false);
});

test('dumps show levels, queues and requests', () => {
  const { control } = controlOf();
  void ask(control);
  const dump = (what: string, query = '') =>
    dumpFlows(control, `/debug/api_priority_and_fairness/${what}`, new URLSearchParams(query)) ?? '';
  expect(dump('dump_priority_levels')).toMatch(
    /^global-default, +0, +false, +false, +0, +1, +1, +0, +0, +0$/m,
  );
  expect(dump('dump_queues').split('\n').length).toBe(2 + 64 + 64 + 16 + 128 * 3);
  expect(dump('dump_requests', 'includeRequestDetails=1')).toMatch(
    /^global-default, +global-default, +\d+, +-1, +jane, .* jane, +list, +\/api\/v1\/nodes, +, +, +v1, +nodes, +$/m,
  );
  expect(dumpFlows(control, '/debug/api_priority_and_fairness/x', new URLSearchParams())).toBeUndefined();
});

test.each([
  [
    'by target where bounds allow',
    100,
    [
      [30, 0, 100],
      [10, 0, 100],
    ],
    [75, 25],
  ],
  [
    'no less than the lowest',
    100,
    [
      [90, 0, 100],
      [1, 40, 100],
    ],
    [60, 40],
  ],
  [
    'no more than the highest',
    100,
    [
      [90, 0, 50],
      [10, 0, 100],
    ],
    [50, 50],
  ],
])('a sum is shared %s', (_, sum, claims, expected) => {
  const shared = shareOut(
    sum,
    claims.map(([target = 0, lowest = 0, highest = 0]) => ({ target, lowest, highest })),
  );
  expect(shared?.shares.map(Math.round)).toEqual(expected);
});

test('a sum that the bounds do not allow is not shared', () => {
  expect(shareOut(1, [{ target: 5, lowest: 5, highest: 9 }])).toBeUndefined();
});

test('a hand has different queues, and is the same each time', () => {
  for (const flow of ['a', 'b', 'jane', 'system:node:n']) {
    const hand = dealHand(hashOfFlow('s', flow), 64, 6);
    expect(new Set(hand).size).toBe(6);
    expect(Math.max(...hand)).toBeLessThan(64);
    expect(dealHand(hashOfFlow('s', flow), 64, 6)).toEqual(hand);
  }
});

test.each([
  ['GET /api/v1/pods', 10],
  ['GET /api/v1/pods?limit=50', 1],
  ['GET /api/v1/pods?limit=500', 5],
  ['GET /api/v1/pods?watch=1', 10],
  ['GET /api/v1/pods?watch=1&resourceVersion=7', 1],
  ['GET /api/v1/pods?watch=1&resourceVersion=7&sendInitialEvents=true', 10],
  ['GET /api/v1/pods?fieldSelector=metadata.name%3Dx', 1],
  ['GET /api/v1/nodes', 1],
  ['GET /api/v1/namespaces/a/pods/p', 1],
])('%s takes %i seats', (line, seats) => {
  const [method = '', target = ''] = line.split(' ');
  const url = new URL(target, 'http://server');
  const info = requestInfo(method, url.pathname, url.searchParams);
  const { initialSeats } = estimateWork(info, url.searchParams, {
    seatsMax: undefined,
    sizeOf: (_, resource) => (resource === 'pods' ? { count: 10_000, bytes: 10_000_000 } : undefined),
    watches: new WatchCount(),
  });
  expect(initialSeats).toBe(seats);
});

test('a write pays for the watchers that it wakes', () => {
  const watches = new WatchCount();
  const watch = (target: string) => {
    const url = new URL(target, 'http://server');
    const info = requestInfo('GET', url.pathname, url.searchParams) as ResourceRequest;
    return watches.begin(info, url.searchParams);
  };
  const ends = Array.from({ length: 30 }, () => watch('/api/v1/configmaps?watch=1'));
  for (let index = 0; index < 5; index++) watch('/api/v1/namespaces/a/configmaps?watch=1');
  watch('/api/v1/namespaces/b/configmaps?watch=1');
  const costOf = (target: string) =>
    estimateWork(requestInfo('PUT', target, new URLSearchParams()), new URLSearchParams(), {
      seatsMax: 2,
      sizeOf: () => undefined,
      watches,
    });
  const target = '/api/v1/namespaces/a/configmaps/c';
  expect(costOf(target)).toEqual({ initialSeats: 1, finalSeats: 2, lingerMs: 10 });
  for (const end of ends) end();
  expect(costOf(target)).toEqual({ initialSeats: 1, finalSeats: 0, lingerMs: 0 });
});

test('watches of the pods of one node do not make writes of pods dear', () => {
  const watches = new WatchCount();
  const query = new URLSearchParams('watch=1&fieldSelector=spec.nodeName%3Dn');
  for (let index = 0; index < 100; index++)
    watches.begin(requestInfo('GET', '/api/v1/pods', query) as ResourceRequest, query);
  const info = requestInfo('PUT', '/api/v1/namespaces/a/pods/p', new URLSearchParams());
  expect(watches.interestedIn(info as ResourceRequest)).toBe(0);
});

test('while the thread is busy, even the exempt take turns, but probes do not', async () => {
  const clock = new FakeClock();
  const rounds: (() => void)[] = [];
  const control = new FlowControl({
    clock,
    metrics: new MetricRegistry(),
    sizeOf: () => undefined,
    defer: (fn) => void rounds.push(fn),
  });
  control.configure(suggestedSchemas, suggestedLevels);
  const admin = { name: 'root', groups: ['system:masters', 'system:authenticated'] };
  void ask(control, { user: admin });
  await clock.advance(20);
  const late = ask(control, { user: admin });
  expect(late).toBeInstanceOf(Promise);
  expect(ask(control, { user: admin, path: '/readyz' })).not.toBeInstanceOf(Promise);
  rounds.shift()?.();
  expect(await late).toHaveProperty('release');
});
