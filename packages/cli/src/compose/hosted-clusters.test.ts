import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@skerry/base';
import { FakeClock } from '@skerry/base/testing';
import { afterAll, expect, test } from 'vitest';
import { HostedClusters } from './hosted-clusters.ts';
import type { ClusterStates } from './supervisor-protocol.ts';

const folder = mkdtempSync(join(tmpdir(), 'skerry-hosted-'));
afterAll(() => rmSync(folder, { recursive: true }));

function harness() {
  const clock = new FakeClock();
  const events: string[] = [];
  const failing = new Set<string>();
  let states: ClusterStates['clusters'] = [];
  const hosted = new HostedClusters({
    processesOf: ({ path }) => {
      const name = path.slice(path.lastIndexOf('/') + 1);
      return {
        processes: [],
        start: () => {
          events.push(`start ${name}`);
          return failing.has(name) ? Promise.reject(new Error('port in use')) : Promise.resolve();
        },
        stop: () => Promise.resolve(void events.push(`stop ${name}`)),
      };
    },
    onChange: (told) => (states = told.clusters),
    clock,
    log: silentLogger,
  });
  const wanted = (...names: string[]) => names.map((name) => ({ name, directory: join(folder, name) }));
  return { clock, events, failing, hosted, wanted, states: () => states };
}

test('what is wanted is started, and what is no longer wanted is stopped', async () => {
  const h = harness();
  h.hosted.run(h.wanted('osaka', 'kyoto'));
  await h.clock.advance(0);
  expect(h.states().map(({ name, state }) => `${name} ${state}`)).toEqual(['osaka running', 'kyoto running']);
  h.hosted.run(h.wanted('kyoto'));
  await h.clock.advance(0);
  expect(h.events).toContain('stop osaka');
  expect(h.states().map(({ name }) => name)).toEqual(['kyoto']);
  await h.hosted.stop();
  expect(h.events).toContain('stop kyoto');
});

test('a center that is started again and says the same starts nothing twice', async () => {
  const h = harness();
  h.hosted.run(h.wanted('osaka'));
  await h.clock.advance(0);
  h.hosted.run(h.wanted('osaka'));
  await h.clock.advance(60_000);
  expect(h.events).toEqual(['start osaka']);
  await h.hosted.stop();
});

test('what can not start is told, and tried again', async () => {
  const h = harness();
  h.failing.add('osaka');
  h.hosted.run(h.wanted('osaka'));
  await h.clock.advance(0);
  expect(h.states()).toMatchObject([{ name: 'osaka', state: 'failed', why: 'port in use' }]);
  h.failing.clear();
  await h.clock.advance(500);
  expect(h.states()).toMatchObject([{ name: 'osaka', state: 'running' }]);
  await h.hosted.stop();
});
