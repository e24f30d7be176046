/**
 * The volumes of pods on this node. `ensure` is level-based: it makes what is missing, brings files up to date and may be
 * asked at any time; `remove` takes everything away again, mounts first. Layout below the data folder, as node tools know
 * it: `pods/<uid>/volumes/kubernetes.io~<plugin>/<name>`.
 * https://kubernetes.io/docs/concepts/storage/volumes/
 */
import { chmod, chown, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseQuantity, quantityValue, type Node, type Pod, type Volume } from '@skerry/api';
import { TransportError, type ApiClient } from '@skerry/client';
import { describeError, type Logger } from '@skerry/base';
import { mountTmpfs, mountsUnder, unmountUnder } from '#machine/mounts.ts';
import { NotYetKnownError } from '#objects/tracker.ts';
import { allContainers, podUid } from '#pods/labels.ts';
import type { ContainerRuntime } from '#runtime.ts';
import { writeFiles, type FileContent } from '#volumes/atomic-files.ts';
import { claimPath } from '#volumes/claim-volume.ts';
import { ensureHostPath } from '#volumes/host-path.ts';
import {
  configMapFiles,
  downwardFiles,
  projectedFiles,
  secretFiles,
  type ProjectedFiles,
  type ProjectionSources,
} from '#volumes/projections.ts';
import { mountSubPath } from '#volumes/sub-path.ts';
import type { TokenSource } from '#volumes/tokens.ts';

export interface VolumesOptions {
  readonly client: ApiClient;
  /** `<data>/pods`. */
  readonly directory: string;
  readonly tokens: TokenSource;
  /** Takes images' files away again. */
  readonly runtime: Pick<ContainerRuntime, 'unmountImage'>;
  /** This node, once it is known. */
  readonly node?: () => Node | undefined;
  readonly log: Logger;
}

const imagePlugin = 'image';

/** A volume that isn't there; the message is that of the `FailedMount` event. */
export class VolumeError extends Error {
  override readonly name = 'VolumeError';
}

/** What a pod's worker needs of volumes. */
export type PodVolumes = Pick<Volumes, 'ensure' | 'subPath' | 'podDirectory' | 'refreshAtMs' | 'remove'>;

/** For pods whose containers have no files. */
export function noVolumes(directory: string): PodVolumes {
  const podDirectory = (uid: string) => join(directory, uid);
  return {
    podDirectory,
    ensure: async (pod) =>
      new Map((pod.spec?.volumes ?? []).map(({ name }) => [name, podDirectory(podUid(pod))])),
    subPath: async (_, { path }) => path,
    refreshAtMs: () => undefined,
    remove: async () => undefined,
  };
}

export class Volumes {
  readonly #options: VolumesOptions;

  constructor(options: VolumesOptions) {
    this.#options = options;
  }

  /** Host paths by volume name. @throws VolumeError */
  async ensure(pod: Pod, sources: Omit<ProjectionSources, 'token'>): Promise<Map<string, string>> {
    const paths = new Map<string, string>();
    for (const volume of pod.spec?.volumes ?? []) {
      try {
        paths.set(volume.name, await this.#ensureOne(pod, volume, sources));
      } catch (cause) {
        const message = `MountVolume.SetUp failed for volume "${volume.name}" : ${describeError(cause)}`;
        throw new VolumeError(message, { cause });
      }
    }
    return paths;
  }

  /** A part of a volume, mounted on its own for one container; answers its path. */
  async subPath(
    pod: Pod,
    part: { volume: string; path: string; container: string; index: number; subPath: string },
  ): Promise<string> {
    const target = join(
      this.podDirectory(podUid(pod)),
      'volume-subpaths',
      part.volume,
      part.container,
      String(part.index),
    );
    await mountSubPath(part.path, part.subPath, target);
    return target;
  }

  podDirectory(uid: string): string {
    return join(this.#options.directory, uid);
  }

  /** When something of the pod has to be brought up to date without anyone saying so. */
  refreshAtMs(uid: string): number | undefined {
    return this.#options.tokens.renewAtMs(uid);
  }

  /** Takes away all mounts and files of the pod. */
  async remove(uid: string): Promise<void> {
    this.#options.tokens.forget(uid);
    const directory = this.podDirectory(uid);
    const images = join(directory, 'volumes', `kubernetes.io~${imagePlugin}`);
    for (const name of await readdir(images).catch(() => []))
      await this.#options.runtime.unmountImage(join(images, name));
    await unmountUnder(directory);
    await rm(directory, { recursive: true, force: true });
  }

  async #ensureOne(pod: Pod, volume: Volume, sources: Omit<ProjectionSources, 'token'>): Promise<string> {
    const {
      emptyDir,
      hostPath,
      configMap,
      secret,
      downwardAPI,
      projected,
      persistentVolumeClaim,
      ephemeral,
      image,
    } = volume;
    if (hostPath) {
      await ensureHostPath(hostPath.path, hostPath.type);
      return hostPath.path;
    }
    if (persistentVolumeClaim) {
      const { claimName, readOnly } = persistentVolumeClaim;
      return this.#claimPath(pod, volume.name, { claimName, readOnly });
    }
    if (ephemeral) {
      const claimName = `${pod.metadata.name}-${volume.name}`;
      return this.#claimPath(pod, volume.name, { claimName, ephemeral: true });
    }
    if (emptyDir) return this.#ensureEmptyDir(pod, volume.name, emptyDir);
    // Its files come with the first container that mounts it, as the container's own image does.
    if (image) return this.#volumePath(pod, imagePlugin, volume.name);
    const whole: ProjectionSources = {
      ...sources,
      token: (projection) => this.#options.tokens.token(pod, projection),
    };
    if (configMap) {
      return this.#ensureFiles(pod, volume.name, {
        plugin: 'configmap',
        make: () => configMapFiles(configMap, whole),
      });
    }
    if (secret) {
      const make = () => secretFiles({ ...secret, name: secret.secretName }, whole);
      return this.#ensureFiles(pod, volume.name, { plugin: 'secret', inMemory: true, make });
    }
    if (downwardAPI) {
      const make = async () => downwardFiles(pod, downwardAPI, whole);
      return this.#ensureFiles(pod, volume.name, { plugin: 'downward-api', make });
    }
    if (projected) {
      const inMemory = (projected.sources ?? []).some(
        (source) => source.secret ?? source.serviceAccountToken,
      );
      const make = () => projectedFiles(pod, projected, whole);
      return this.#ensureFiles(pod, volume.name, { plugin: 'projected', inMemory, make });
    }
    const kind = Object.keys(volume).find((key) => key !== 'name') ?? 'emptyDir';
    throw new Error(`volumes of type ${kind} are not supported on this node`);
  }

  async #ensureEmptyDir(
    pod: Pod,
    name: string,
    { medium, sizeLimit }: { medium?: string; sizeLimit?: string },
  ): Promise<string> {
    const path = this.#volumePath(pod, 'empty-dir', name);
    const existed = await stat(path).catch(() => undefined);
    await mkdir(path, { recursive: true });
    if (medium === 'Memory' && (await mountsUnder(path)).length === 0) {
      await mountTmpfs(path, { sizeBytes: sizeLimit ? quantityValue(parseQuantity(sizeLimit)) : undefined });
    } else if (medium && medium !== 'Memory')
      throw new Error(`emptyDir medium ${medium} is not supported on this node`);
    if (!existed) await shareWithGroup(path, pod);
    return path;
  }

  async #ensureFiles(
    pod: Pod,
    name: string,
    {
      plugin,
      inMemory = false,
      make,
    }: { plugin: string; inMemory?: boolean; make: () => Promise<ProjectedFiles> },
  ): Promise<string> {
    const path = this.#volumePath(pod, plugin, name);
    let files: ProjectedFiles;
    try {
      files = await make();
    } catch (error) {
      // While the API is out of reach, a volume that is there already stays as it is.
      if (await this.#keeps(path, error)) return path;
      throw error;
    }
    await mkdir(path, { recursive: true, mode: 0o755 });
    if (inMemory && (await mountsUnder(path)).length === 0) {
      await mountTmpfs(path, { mode: '0755' }).catch((error: unknown) => {
        this.#options.log.warn('secret volume lies on disk', { volume: name, error: describeError(error) });
      });
    }
    await writeFiles(path, new Map([...files].map(([file, content]) => [file, owned(pod, content)])));
    return path;
  }

  async #keeps(path: string, error: unknown): Promise<boolean> {
    if (!(error instanceof NotYetKnownError) && !(error instanceof TransportError)) return false;
    if ((await stat(join(path, '..data')).catch(() => undefined)) === undefined) return false;
    this.#options.log.warn('volume kept as it was', { path, error: describeError(error) });
    return true;
  }

  #claimPath(
    pod: Pod,
    volume: string,
    claim: { claimName: string; ephemeral?: boolean; readOnly?: boolean },
  ): Promise<string> {
    const notesDirectory = join(this.podDirectory(podUid(pod)), 'claims');
    return claimPath(this.#options, { pod, volume, notesDirectory, ...claim });
  }

  #volumePath(pod: Pod, plugin: string, name: string): string {
    return join(this.podDirectory(podUid(pod)), 'volumes', `kubernetes.io~${plugin}`, name);
  }
}

/**
 * Whether containers may only read a volume, whatever their mount says: files that the agent keeps up to date are its own,
 * and a container that could write among them could lead the agent elsewhere.
 */
export function isReadOnlyVolume(pod: Pod, name: string): boolean {
  const volume = pod.spec?.volumes?.find((each) => each.name === name);
  if (!volume) return false;
  const { configMap, secret, downwardAPI, projected, image, persistentVolumeClaim } = volume;
  return (
    Boolean(configMap ?? secret ?? downwardAPI ?? projected ?? image) ||
    persistentVolumeClaim?.readOnly === true
  );
}

async function shareWithGroup(path: string, pod: Pod): Promise<void> {
  const group = pod.spec?.securityContext?.fsGroup;
  if (group !== undefined) await chown(path, 0, group);
  await chmod(path, group === undefined ? 0o777 : 0o2777);
}

function owned(
  pod: Pod,
  { content, mode, isToken }: { content: Uint8Array; mode: number; isToken?: boolean },
): FileContent {
  const group = pod.spec?.securityContext?.fsGroup;
  if (group !== undefined) return { content, mode: mode | 0o440, gid: group };
  if (!isToken) return { content, mode };
  const user = commonUser(pod);
  return user === undefined ? { content, mode: 0o644 } : { content, mode: 0o600, uid: user };
}

/** The user that all containers run as, where the spec names one. */
function commonUser(pod: Pod): number | undefined {
  const users = allContainers(pod).map(
    ({ securityContext }) => securityContext?.runAsUser ?? pod.spec?.securityContext?.runAsUser,
  );
  return users.every((user) => user === users[0]) ? users[0] : undefined;
}
