import type { Lease, ReplicaSet, Pod } from '@skerry/api';
import { MetricRegistry } from '@skerry/base';
import { FakeClock, recordingLogger } from '@skerry/base/testing';
import { resources, TransportError } from '@skerry/client';
import type { ApiClient, ResourceClient } from '@skerry/client';
import { FakeApiClient } from '@skerry/client/testing';
import { afterEach, expect, test } from 'vitest';
import { runControllers } from '#manager.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const leaseAt = { namespace: 'kube-system', name: 'kube-controller-manager' };

function manager(server: FakeApiClient, clock: FakeClock, identity: string) {
  let dead = false;
  const lost = () => new TransportError('api-unreachable', 'the machine is gone', { sent: false });
  const guard = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(of, name) {
        const value: unknown = Reflect.get(of, name);
        if (typeof value !== 'function') return value;
        return (...given: unknown[]) => {
          if (dead) throw lost();
          const answer: unknown = Reflect.apply(value, of, given);
          return name === 'resource' ? guard(answer as ResourceClient) : name === 'as' ? client : answer;
        };
      },
    });
  const client: ApiClient = guard<ApiClient>(server);
  const stop = new AbortController();
  const metrics = new MetricRegistry();
  const done = runControllers({
    client,
    clock,
    log: recordingLogger(),
    random: () => 0.5,
    signal: stop.signal,
    leaderElection: { identity },
    metrics,
    names: ['replicaset-controller'],
  });
  ends.push(async () => {
    stop.abort();
    await clock.advance(60_000);
    await done;
  });
  return {
    /** As a machine that loses its power: it says nothing more. */
    kill: () => void (dead = true),
    leads: () => /leader_election_master_status\{.*\} (\d)/.exec(metrics.render())?.[1] === '1',
  };
}

const replicaSet = (name: string): ReplicaSet => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata: { name, namespace: 'default' },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
  },
});

test('when the leader dies another manager takes over, no sooner than its lease ends, and doubles nothing', async () => {
  const clock = new FakeClock();
  const server = new FakeApiClient({ clock });
  const pods = () => server.all<Pod>(resources.pods).length;
  const holder = () =>
    server.all<Lease>(resources.leases).find(({ metadata }) => metadata.name === leaseAt.name)?.spec
      ?.holderIdentity;
  const first = manager(server, clock, 'first');
  await clock.advance(100);
  const second = manager(server, clock, 'second');
  server.seed(resources.replicaSets, replicaSet('a'));
  await clock.advance(5_000);
  expect([holder(), pods(), first.leads(), second.leads()]).toEqual(['first', 2, true, false]);
  first.kill();
  server.seed(resources.replicaSets, replicaSet('b'));
  await clock.advance(9_000);
  expect([holder(), pods()]).toEqual(['first', 2]);
  for (let second = 0; second < 20; second++) await clock.advance(1_000);
  expect([holder(), pods(), first.leads(), second.leads()]).toEqual(['second', 4, false, true]);
});
