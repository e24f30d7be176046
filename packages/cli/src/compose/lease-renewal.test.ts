import type { Lease } from '@skerry/api';
import { silentLogger } from '@skerry/base';
import { eventually, FakeClock } from '@skerry/base/testing';
import { allowAll, type ServerAccess } from '@skerry/apiserver';
import { callerOf, startTestServer, type TestServer } from '@skerry/apiserver/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LeaseRenewal } from './lease-renewal.ts';

describe("a node's lease", () => {
  const clock = new FakeClock();
  let server: TestServer;
  let leases: LeaseRenewal;
  let access: ServerAccess;

  beforeEach(async () => {
    server = await startTestServer({
      security: (given) => {
        access = given;
        return allowAll(given);
      },
    });
    leases = new LeaseRenewal({ clock, log: silentLogger, heartbeatMs: 19_000 });
    leases.writeWith(access);
  });

  afterEach(() => server.close());

  const leaseOf = (node: string) =>
    access.read.get<Lease>({ group: 'coordination.k8s.io', resource: 'leases' }, node, 'kube-node-lease');

  async function makeNode(name: string): Promise<void> {
    await callerOf(server.url)('POST', '/api/v1/nodes', {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name },
    });
  }

  test('is made with the first answer of its link and belongs to the Node', async () => {
    await makeNode('far-1');
    leases.alive('far-1');
    const lease = await eventually(() => {
      const found = leaseOf('far-1');
      expect(found).toBeDefined();
      return found;
    });
    expect(lease?.spec).toMatchObject({ holderIdentity: 'far-1', leaseDurationSeconds: 40 });
    expect(lease?.metadata?.ownerReferences).toMatchObject([{ kind: 'Node', name: 'far-1' }]);
  });

  test('is renewed by a later answer, and not by each one', async () => {
    await makeNode('far-2');
    leases.alive('far-2');
    const first = await eventually(() => leaseOf('far-2')?.spec?.renewTime ?? fail());
    leases.alive('far-2');
    await clock.advance(12_000);
    leases.alive('far-2');
    await eventually(() => expect(leaseOf('far-2')?.spec?.renewTime).not.toBe(first));
    expect(leaseOf('far-2')?.metadata?.resourceVersion).toBeDefined();
  });

  test('is not made for a node that has not registered', async () => {
    leases.alive('nobody');
    await clock.advance(100);
    expect(leaseOf('nobody')).toBeUndefined();
  });

  function fail(): never {
    throw new Error('no lease yet');
  }
});
