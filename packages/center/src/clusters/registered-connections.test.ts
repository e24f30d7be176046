import { silentLogger } from '@skerry/base';
import { FakeClock } from '@skerry/base/testing';
import { FakeApiClient } from '@skerry/client/testing';
import { describe, expect, test } from 'vitest';
import type { Cluster } from '#clusters/cluster.ts';
import { type OpenConnection, RegisteredConnections } from '#clusters/registered-connections.ts';
import { centerResources } from '#management/resources.ts';

function harness() {
  const clock = new FakeClock();
  const client = new FakeApiClient({ clock });
  const clusters = client.resource<Cluster>(centerResources.clusters);
  const events: string[] = [];
  const failing = new Set<string>();
  const stamps = new Map<string, string>();
  const connections = new RegisteredConnections({
    client,
    clock,
    log: silentLogger,
    connect: ({ metadata }) => {
      const name = metadata?.name ?? '';
      if (failing.has(name)) return Promise.reject(new Error('no answer'));
      events.push(`open ${name}`);
      return Promise.resolve({
        close: () => events.push(`close ${name}`),
      } as Partial<OpenConnection> as OpenConnection);
    },
    stampOf: ({ metadata }) => Promise.resolve(stamps.get(metadata?.name ?? '') ?? ''),
    fixed: { '@management': {} as OpenConnection },
  });
  let changes = 0;
  connections.onChange(() => changes++);
  return {
    clock,
    clusters,
    connections,
    events,
    failing,
    stamps,
    changes: () => changes,
    async create(name: string, phase: 'Running' | 'Creating' = 'Running') {
      await clusters.create({ metadata: { name }, spec: { type: 'hosted' } });
      await clusters.patch(name, { status: { phase } }, { type: 'merge', subresource: 'status' });
    },
  };
}

describe('connections', () => {
  test('are there for clusters that can be reached, and told of once when they come and go', async () => {
    const h = harness();
    await h.create('osaka');
    await h.create('unborn', 'Creating');
    await h.connections.refresh();
    await h.connections.refresh();
    expect(h.connections.names()).toEqual(['osaka']);
    expect(h.changes()).toBe(1);
    await h.clusters.delete('osaka');
    await h.connections.refresh();
    expect(h.connections.get('osaka')).toBeUndefined();
    expect(h.events).toEqual(['open osaka', 'close osaka']);
    expect(h.changes()).toBe(2);
  });

  test('to another cluster of the same name are other connections', async () => {
    const h = harness();
    await h.create('osaka');
    await h.connections.refresh();
    await h.clusters.delete('osaka');
    await h.create('osaka');
    await h.connections.refresh();
    expect(h.events).toEqual(['open osaka', 'close osaka', 'open osaka']);
  });

  test('that could not be made are tried again', async () => {
    const h = harness();
    h.failing.add('osaka');
    await h.create('osaka');
    await h.connections.refresh();
    expect(h.connections.names()).toEqual([]);
    h.failing.clear();
    await h.connections.refresh();
    expect(h.connections.names()).toEqual(['osaka']);
  });

  test('are made anew with a new credential', async () => {
    const h = harness();
    await h.create('osaka');
    await h.connections.refresh();
    h.stamps.set('osaka', 'another');
    await h.connections.refresh();
    expect(h.events).toEqual(['open osaka']);
    await h.clock.advance(30_000);
    await h.connections.refresh();
    expect(h.events).toEqual(['open osaka', 'close osaka', 'open osaka']);
  });

  test('lead to the management API by a name that no cluster can have', () => {
    const h = harness();
    expect(h.connections.get('@management')).toBeDefined();
    expect(h.connections.get('constructor')).toBeUndefined();
  });
});
