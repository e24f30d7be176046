/** The process of the center ends before any one of its acts, and another goes on: every task ends as if nothing had been. */
import { silentLogger } from '@skerry/base';
import { FakeClock } from '@skerry/base/testing';
import { FakeApiClient } from '@skerry/client/testing';
import { expect, test } from 'vitest';
import { type Cluster, ownClusterLabel, restoredFrom } from '#clusters/cluster.ts';
import { ClusterController } from '#clusters/cluster-controller.ts';
import { AddressRules } from '#clusters/import/address-rules.ts';
import { guardedDial } from '#clusters/import/guarded-dial.ts';
import { centerResources } from '#management/resources.ts';
import type { Task } from '#tasks/task.ts';
import { TaskRunner } from '#tasks/task-runner.ts';
import { FakeHost } from '#testing/fake-host.ts';

const acts = ['prepare', 'unpack', 'setRunning', 'remove', 'adminClient'] as const;

/** A center whose process ends before its act of this number; it does all of them where there are fewer. */
async function harness() {
  const clock = new FakeClock();
  const client = new FakeApiClient({ clock });
  const host = new FakeHost(clock);
  const clusters = client.resource<Cluster>(centerResources.clusters);
  let left = Number.POSITIVE_INFINITY;
  let counted = 0;
  let running: AbortController | undefined;
  const act = () => {
    if (!running) return;
    counted++;
    if (--left >= 0) return;
    running.abort(new Error('the process ended'));
    throw new Error('the process ended');
  };
  client.react(act);
  const acting = new Proxy(host, {
    get(of, name) {
      const value: unknown = Reflect.get(of, name);
      if (typeof value !== 'function') return value;
      return (...parameters: unknown[]) => {
        if (acts.includes(name as (typeof acts)[number])) act();
        return value.apply(of, parameters) as unknown;
      };
    },
  });
  await clusters.create({
    metadata: { name: 'default', labels: { [ownClusterLabel]: 'true' } },
    spec: { type: 'hosted', podCIDR: '10.12.0.0/16', serviceCIDR: '10.96.0.0/16' },
  });
  return {
    host,
    clusters,
    tasks: async () => (await client.resource<Task>(centerResources.tasks).list()).items,
    /** Runs a center until it has done all it can, or so many acts; answers how many it did. */
    async run(actsMost = Number.POSITIVE_INFINITY): Promise<number> {
      const stop = new AbortController();
      running = stop;
      left = actsMost;
      counted = 0;
      const controller = new ClusterController({
        client,
        host: acting,
        dial: guardedDial(new AddressRules([])),
        clock,
        log: silentLogger,
        onTask: () => tasks.wake(),
      });
      const tasks = new TaskRunner({ client, clock, log: silentLogger, kinds: controller.taskKinds });
      const parts = [controller, tasks].map((part) => part.run(stop.signal).catch(() => undefined));
      await clock.advance(10_000);
      running = undefined;
      stop.abort(new Error('the test stops it'));
      await Promise.all(parts);
      return counted;
    },
  };
}

type Harness = Awaited<ReturnType<typeof harness>>;

async function create({ clusters }: Harness): Promise<void> {
  await clusters.create({ metadata: { name: 'osaka' }, spec: { type: 'hosted' } });
}

async function restore({ clusters }: Harness): Promise<void> {
  const annotations = { [restoredFrom]: '/backups/osaka.tar' };
  await clusters.create({ metadata: { name: 'osaka', annotations }, spec: { type: 'hosted' } });
}

async function remove(h: Harness): Promise<void> {
  await create(h);
  await h.run();
  await h.clusters.delete('osaka');
}

async function isThere({ clusters, host, tasks }: Harness): Promise<void> {
  const { status } = await clusters.get('osaka');
  expect(status).toMatchObject({ phase: 'Running', version: 'v1.36.3' });
  expect(host.running).toEqual(['osaka']);
  expect([...host.folders.keys()]).toEqual(['osaka']);
  expect((await tasks()).map((task) => task.status?.state)).toEqual(['succeeded']);
}

async function isGone({ clusters, host, tasks }: Harness): Promise<void> {
  await expect(clusters.get('osaka')).rejects.toThrow(/not found/);
  expect(host.running).toEqual([]);
  expect(host.folders.size).toBe(0);
  expect((await tasks()).every((task) => task.status?.state === 'succeeded')).toBe(true);
}

test.each([
  { what: 'created', begin: create, expectEnd: isThere },
  { what: 'restored', begin: restore, expectEnd: isThere },
  { what: 'deleted', begin: remove, expectEnd: isGone },
])('a cluster is $what, whenever the center ends meanwhile', async ({ begin, expectEnd }) => {
  const undisturbed = await harness();
  await begin(undisturbed);
  const all = await undisturbed.run();
  await expectEnd(undisturbed);
  expect(all).toBeGreaterThan(5);
  for (let done = 0; done < all; done++) {
    const h = await harness();
    await begin(h);
    await h.run(done);
    await h.run();
    await expectEnd(h).catch((cause: unknown) => {
      throw new Error(`the center ended before its act ${done + 1} of ${all}`, { cause });
    });
  }
});
