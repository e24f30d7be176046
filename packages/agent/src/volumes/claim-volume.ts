/**
 * The path of what a pod's claim is bound to. Volumes of type local and hostPath are folders of this machine already; whatever
 * would have to be attached or mounted from elsewhere isn't there, and says so.
 *
 * What was found is kept in the pod's folder: a node that has lost its center starts its pods again from that.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  volumeAllowsNode,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
} from '@skerry/api';
import { resources, TransportError, type ApiClient } from '@skerry/client';
import { ensureHostPath } from '#volumes/host-path.ts';
import { giveToGroup } from '#volumes/ownership.ts';

export interface ClaimVolumeOptions {
  readonly client: ApiClient;
  /** This node, once it is known. */
  readonly node?: () => Node | undefined;
}

export interface ClaimVolume {
  readonly pod: Pod;
  /** The name of the pod's volume. */
  readonly volume: string;
  readonly claimName: string;
  /** The claim was made for this pod alone. */
  readonly ephemeral?: boolean;
  readonly readOnly?: boolean;
  /** Where the pod's volumes note what they were found to be. */
  readonly notesDirectory: string;
}

interface Note {
  readonly kind: 'hostPath' | 'local';
  readonly path: string;
  readonly type?: string;
}

export async function claimPath(options: ClaimVolumeOptions, claim: ClaimVolume): Promise<string> {
  const known = await readNote(claim);
  let found: Note;
  try {
    found = await resolve(options, claim);
  } catch (error) {
    if (!(error instanceof TransportError) || !known) throw error;
    found = known;
  }
  await ensureHostPath(found.path, found.kind === 'local' ? 'Directory' : found.type);
  // Once for the pod: containers may change what they own.
  if (!known && found.kind === 'local') await own(found.path, claim);
  if (known?.path !== found.path) await writeNote(claim, found);
  return found.path;
}

async function resolve({ client, node }: ClaimVolumeOptions, wanted: ClaimVolume): Promise<Note> {
  const { pod, claimName, ephemeral } = wanted;
  const { namespace, name: podName, uid } = pod.metadata;
  const claims = client.resource<PersistentVolumeClaim>(resources.persistentVolumeClaims);
  const claim = await claims.get(claimName, { namespace });
  if (ephemeral && !claim.metadata.ownerReferences?.some((owner) => owner.controller && owner.uid === uid))
    throw new Error(
      `PVC ${namespace}/${claimName} was not created for pod ${namespace}/${podName} (pod is not owner)`,
    );
  const volumeName = claim.spec?.volumeName;
  if (!volumeName || claim.status?.phase !== 'Bound')
    throw new Error(`error processing PVC ${namespace}/${claimName}: PVC is not bound`);
  if (claim.spec?.volumeMode === 'Block')
    throw new Error(
      `PersistentVolumeClaim "${claimName}" is a block device, which is not supported on this node`,
    );
  const volume = await client.resource<PersistentVolume>(resources.persistentVolumes).get(volumeName);
  const here = node?.();
  if (here && !volumeAllowsNode(volume, here))
    throw new Error(
      `node affinity of PersistentVolume "${volumeName}" doesn't match this node: no matching NodeSelectorTerms`,
    );
  const { hostPath, local } = volume.spec ?? {};
  if (hostPath) return { kind: 'hostPath', path: hostPath.path, type: hostPath.type };
  if (local) return { kind: 'local', path: local.path };
  const kind = sourceOf(volume);
  throw new Error(`PersistentVolume "${volumeName}" is of type ${kind}, which is not supported on this node`);
}

const sources = [
  'csi',
  'nfs',
  'iscsi',
  'fc',
  'rbd',
  'cephfs',
  'glusterfs',
  'flexVolume',
  'azureFile',
  'azureDisk',
];

function sourceOf({ spec }: PersistentVolume): string {
  return Object.keys(spec ?? {}).find((key) => sources.includes(key)) ?? 'unknown';
}

async function own(path: string, { pod, readOnly }: ClaimVolume): Promise<void> {
  const { fsGroup, fsGroupChangePolicy } = pod.spec?.securityContext ?? {};
  if (fsGroup === undefined) return;
  await giveToGroup(path, {
    group: fsGroup,
    onRootMismatch: fsGroupChangePolicy === 'OnRootMismatch',
    readOnly,
  });
}

function fileOf({ notesDirectory, volume }: ClaimVolume): string {
  return join(notesDirectory, `${volume}.json`);
}

async function readNote(claim: ClaimVolume): Promise<Note | undefined> {
  try {
    return JSON.parse(await readFile(fileOf(claim), 'utf8')) as Note;
  } catch {
    // Never found yet, or cut short by a crash: found anew.
    return undefined;
  }
}

async function writeNote(claim: ClaimVolume, note: Note): Promise<void> {
  await mkdir(claim.notesDirectory, { recursive: true });
  const file = fileOf(claim);
  await writeFile(`${file}.new`, JSON.stringify(note), { mode: 0o600 });
  await rename(`${file}.new`, file);
}
