import type { AnyObject } from '@skerry/api';
import { FakeClock } from '@skerry/base/testing';
import { endedGraceMs, leafValidityMs } from '@skerry/pki';
import { beforeEach, describe, expect, test } from 'vitest';
import { DeletedNodes } from '#authn/deleted-nodes.ts';
import { ObjectTable, admissionContext } from '#testing/object-table.ts';

const nodes = { group: '', resource: 'nodes' };
let table: ObjectTable;
let clock: FakeClock;
let deleted: DeletedNodes;
beforeEach(() => {
  table = new ObjectTable();
  clock = new FakeClock();
  deleted = new DeletedNodes(table, clock);
});

const certificate = (node = 'a') => ({
  user: `system:node:${node}`,
  groups: ['system:nodes'],
  issuedMs: clock.now(),
});
const node = (uid: string, meta: object = {}): AnyObject => ({ metadata: { name: 'a', uid, ...meta } });
const admit = (of: Parameters<typeof admissionContext>[0]) =>
  deleted
    .admission()
    .validate?.(admissionContext({ kind: { kind: 'Node', resource: 'nodes', namespaced: false }, ...of }));

async function remove(uid = '1'): Promise<void> {
  const old = table.read.get(nodes, 'a') ?? node(uid);
  await admit({ operation: 'DELETE', oldObject: old });
  table.remove(nodes, 'a');
}

describe('the certificate of a node', () => {
  test('counts before its Node is there and while it is', () => {
    expect(deleted.refuses(certificate())).toBeUndefined();
    table.put(nodes, node('1'));
    expect(deleted.refuses(certificate())).toBeUndefined();
  });

  test('ends with the Node, and that of a machine which joins again counts', async () => {
    const before = certificate();
    table.put(nodes, node('1'));
    await clock.advance(60_000);
    await remove();
    expect(deleted.refuses(before)).toContain('node a was deleted at');
    expect(deleted.refuses(certificate())).toBeUndefined();
    table.put(nodes, node('2'));
    expect(deleted.refuses(before)).toContain('join again');
    expect(deleted.refuses({ ...before, issuedMs: undefined })).toContain('join again');
  });

  test('ends with the last deletion of several', async () => {
    table.put(nodes, node('1'));
    await remove();
    await clock.advance(60_000);
    const second = certificate();
    table.put(nodes, node('2'));
    await clock.advance(60_000);
    await remove('2');
    expect(deleted.refuses(second)).toBeDefined();
  });

  test('counts as long as the Node is there, deleted or not', async () => {
    const before = certificate();
    table.put(nodes, node('1'));
    await clock.advance(60_000);
    await admit({ operation: 'DELETE', oldObject: table.read.get(nodes, 'a') });
    expect(deleted.refuses(before)).toBeUndefined();
  });

  test('that is renewed while finalizers hold the Node ends with it', async () => {
    const held = { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['example.com/f'] };
    table.put(nodes, node('1', held));
    await admit({ operation: 'DELETE', oldObject: table.read.get(nodes, 'a') });
    await clock.advance(60_000);
    const renewed = certificate();
    await clock.advance(60_000);
    await admit({
      operation: 'UPDATE',
      oldObject: table.read.get(nodes, 'a'),
      object: node('1', { ...held, finalizers: [] }),
    });
    table.remove(nodes, 'a');
    expect(deleted.refuses(renewed)).toBeDefined();
  });

  test('is not touched by a dry run, nor by what happens to other nodes', async () => {
    const before = certificate();
    await clock.advance(60_000);
    await admit({ operation: 'DELETE', oldObject: node('1'), dryRun: true });
    expect(deleted.refuses(before)).toBeUndefined();
    await remove();
    expect(deleted.refuses({ ...certificate('b'), issuedMs: 0 })).toBeUndefined();
    expect(deleted.refuses({ user: 'system:node:a', groups: ['dev'], issuedMs: 0 })).toBeUndefined();
  });

  test('that no mark can be older than is forgotten', async () => {
    await remove();
    await deleted.prune();
    expect(table.read.list({ group: '', resource: 'configmaps' }, 'kube-system')).toHaveLength(1);
    await clock.advance(leafValidityMs + endedGraceMs + 1);
    await deleted.prune();
    expect(table.read.list({ group: '', resource: 'configmaps' }, 'kube-system')).toEqual([]);
  });
});
