/** A binder or provisioner that is cut off at any of its writes: whoever goes on, or comes after, ends in the same state. */
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod } from '@skerry/api';
import { resources, TransportError } from '@skerry/client';
import { expect, test } from 'vitest';
import { createClaimProtectionController } from '#core/storage-protection/claim-protection.ts';
import { createVolumeProtectionController } from '#core/storage-protection/volume-protection.ts';
import { createVolumeBinder } from '#storage/binder.ts';
import { createLocalPathProvisioner } from '#storage/local-path/provisioner.ts';
import { installLocalPathClass, localPathClassName } from '#storage/local-path/storage-class.ts';
import { createHarness } from '#testing/harness.ts';

const writesOfALife = 16;

/** A claim's whole life, with the write of that number cut off: before it was done, or after, with its answer lost. */
async function live(cut: number, { done }: { done: boolean }): Promise<string[]> {
  const cluster = createHarness();
  const { client, clock } = cluster;
  const folders = new Set<string>();
  client.request = async <R>(method: string, path: string): Promise<R> => {
    const name = path.split('/').at(-1) ?? '';
    if (method === 'PUT') folders.add(name);
    else folders.delete(name);
    return { path: `/data/${name}` } as R;
  };
  client.seed<Node>(resources.nodes, {
    metadata: { name: 'a', labels: { 'kubernetes.io/hostname': 'a' } },
  });
  await installLocalPathClass(client);
  let writes = 0;
  const lost = new TransportError('api-connection-lost', 'cut off', { sent: true });
  const real = client.resource.bind(client);
  client.resource = ((ref: Parameters<typeof real>[0]) => {
    const inner = real(ref);
    const cutting = async <R>(write: () => Promise<R>): Promise<R> => {
      const isCut = writes++ === cut;
      if (isCut && !done) throw lost;
      const answer = await write();
      if (isCut) throw lost;
      return answer;
    };
    const writing: Pick<typeof inner, 'create' | 'update' | 'delete'> = {
      create: (...given) => cutting(() => inner.create(...given)),
      update: (...given) => cutting(() => inner.update(...given)),
      delete: (...given) => cutting(() => inner.delete(...given)),
    };
    return { ...inner, ...writing };
  }) as typeof client.resource;
  await cluster.start(
    createVolumeBinder(cluster.context),
    createLocalPathProvisioner(cluster.context),
    createClaimProtectionController(cluster.context),
    createVolumeProtectionController(cluster.context),
  );
  client.seed<PersistentVolumeClaim>(resources.persistentVolumeClaims, {
    metadata: {
      name: 'data',
      namespace: 'default',
      annotations: { 'volume.kubernetes.io/selected-node': 'a' },
    },
    spec: {
      storageClassName: localPathClassName,
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
    },
    status: { phase: 'Pending' },
  });
  const claims = () => client.all<PersistentVolumeClaim>(resources.persistentVolumeClaims);
  const volumes = () => client.all<PersistentVolume>(resources.persistentVolumes);
  await clock.advance(120_000);
  const states = [
    `${claims()[0]?.status?.phase} ${volumes().length} ${volumes()[0]?.status?.phase} ${folders.size}`,
  ];
  expect(claims()[0]?.spec?.volumeName).toBe(volumes()[0]?.metadata.name);
  expect(volumes()[0]?.spec?.claimRef?.uid).toBe(claims()[0]?.metadata.uid);
  await real<Pod>(resources.persistentVolumeClaims).delete('data', { namespace: 'default' });
  await clock.advance(240_000);
  states.push(`${claims().length} ${volumes().length} ${folders.size}`);
  await cluster.stop();
  return states;
}

const wanted = ['Bound 1 Bound 1', '0 0 0'];

test.each(Array.from({ length: writesOfALife }, (_, cut) => cut))(
  'a claim is bound, and gone without a trace, when write %d is cut off',
  async (cut) => {
    expect(await live(cut, { done: false })).toEqual(wanted);
    expect(await live(cut, { done: true })).toEqual(wanted);
  },
);
