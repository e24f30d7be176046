import { mkdtemp, mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod } from '@skerry/api';
import { FakeClock } from '@skerry/base/testing';
import { resources, TransportError } from '@skerry/client';
import { FakeApiClient } from '@skerry/client/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { claimPath } from '#volumes/claim-volume.ts';

let client: FakeApiClient;
let directory: string;
let volumePath: string;
const pod: Pod = { metadata: { name: 'p', namespace: 'default', uid: 'u' }, spec: { containers: [] } };
const here: Node = { metadata: { name: 'a', labels: { 'kubernetes.io/hostname': 'a' } } };

beforeEach(async () => {
  client = new FakeApiClient({ clock: new FakeClock() });
  directory = await mkdtemp(join(tmpdir(), 'claim-volume-'));
  volumePath = join(directory, 'data');
  await mkdir(volumePath);
});
afterEach(() => rm(directory, { recursive: true }));

function seed({
  claim = {},
  volume = { local: { path: volumePath } },
}: {
  claim?: Partial<PersistentVolumeClaim['spec']> | 'unbound';
  volume?: PersistentVolume['spec'];
} = {}): void {
  const isBound = claim !== 'unbound';
  client.seed<PersistentVolumeClaim>(resources.persistentVolumeClaims, {
    metadata: { name: 'c', namespace: 'default' },
    spec: isBound ? { volumeName: 'v', ...claim } : {},
    status: { phase: isBound ? 'Bound' : 'Pending' },
  });
  client.seed<PersistentVolume>(resources.persistentVolumes, { metadata: { name: 'v' }, spec: volume });
}

const find = (more: { ephemeral?: boolean } = {}, from = client) =>
  claimPath(
    { client: from, node: () => here },
    { pod, volume: 'data', claimName: 'c', notesDirectory: join(directory, 'claims'), ...more },
  );

test('a node that has lost its center finds the volume of a pod again, and of no other', async () => {
  seed();
  const cut = new FakeApiClient({ clock: new FakeClock() });
  cut.resource = () => {
    throw new TransportError('api-unreachable', 'cut off', { sent: false });
  };
  await expect(find({}, cut)).rejects.toThrow('cut off');
  expect(await find()).toBe(volumePath);
  expect(await find({}, cut)).toBe(volumePath);
});

const onHost = (host: string): PersistentVolume['spec'] => ({
  local: { path: volumePath },
  nodeAffinity: {
    required: {
      nodeSelectorTerms: [
        { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [host] }] },
      ],
    },
  },
});

test.each<[string, () => void, { ephemeral?: boolean }, string]>([
  [
    'a claim that is not bound',
    () => seed({ claim: 'unbound' }),
    {},
    'error processing PVC default/c: PVC is not bound',
  ],
  ['a block device', () => seed({ claim: { volumeMode: 'Block' } }), {}, 'is a block device'],
  [
    'a volume of another kind',
    () => seed({ volume: { nfs: { server: 's', path: '/' } } }),
    {},
    'PersistentVolume "v" is of type nfs, which is not supported on this node',
  ],
  ['a volume of another node', () => seed({ volume: onHost('b') }), {}, 'no matching NodeSelectorTerms'],
  ['a claim that is not the pod’s own', () => seed(), { ephemeral: true }, 'pod is not owner'],
  [
    'a folder that is gone',
    () => seed({ volume: { local: { path: '/nowhere/at/all' } } }),
    {},
    'hostPath type check failed: /nowhere/at/all is not a directory',
  ],
])('says what is wrong with %s', async (_what, prepare, more, message) => {
  prepare();
  await expect(find(more)).rejects.toThrow(message);
});

test('a volume of this node is its own path', async () => {
  seed({ volume: onHost('a') });
  expect(await find()).toBe(volumePath);
});
