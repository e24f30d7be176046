/** The files of configMap, secret, downwardAPI and projected volumes, before they are written. */
import type { ConfigMap, KeyToPath, Pod, Secret, VolumeProjection } from '@skerry/api';
import { fieldValue, resourceValue, type AllocatableFacts, type PodFacts } from '#pods/fields.ts';

export interface ProjectedFile {
  readonly content: Uint8Array;
  readonly mode: number;
  /** For tokens: only the one who runs the containers reads it. */
  readonly isToken?: boolean;
}

export type ProjectedFiles = Map<string, ProjectedFile>;

export interface ProjectionSources {
  readonly facts: PodFacts;
  readonly allocatable: AllocatableFacts;
  configMap(name: string): Promise<ConfigMap | undefined>;
  secret(name: string): Promise<Secret | undefined>;
  token(projection: NonNullable<VolumeProjection['serviceAccountToken']>): Promise<string>;
}

const defaultMode = 0o644;

export async function configMapFiles(
  volume: { name?: string; items?: KeyToPath[]; optional?: boolean; defaultMode?: number },
  sources: ProjectionSources,
): Promise<ProjectedFiles> {
  const name = volume.name ?? '';
  const found = await sources.configMap(name);
  if (!found) {
    if (volume.optional) return new Map();
    throw new Error(`configmap "${name}" not found`);
  }
  const contents = new Map<string, Uint8Array>();
  for (const [key, value] of Object.entries(found.data ?? {})) contents.set(key, Buffer.from(value));
  for (const [key, value] of Object.entries(found.binaryData ?? {}))
    contents.set(key, Buffer.from(value, 'base64'));
  return pick(contents, volume, (key) => `configmap references non-existent config key: ${key}`);
}

export async function secretFiles(
  volume: { name?: string; items?: KeyToPath[]; optional?: boolean; defaultMode?: number },
  sources: ProjectionSources,
): Promise<ProjectedFiles> {
  const name = volume.name ?? '';
  const found = await sources.secret(name);
  if (!found) {
    if (volume.optional) return new Map();
    throw new Error(`secret "${name}" not found`);
  }
  const contents = new Map<string, Uint8Array>();
  for (const [key, value] of Object.entries(found.data ?? {}))
    contents.set(key, Buffer.from(value, 'base64'));
  return pick(contents, volume, (key) => `references non-existent secret key: ${key}`);
}

function pick(
  contents: ReadonlyMap<string, Uint8Array>,
  volume: { items?: KeyToPath[]; optional?: boolean; defaultMode?: number },
  missing: (key: string) => string,
): ProjectedFiles {
  const mode = volume.defaultMode ?? defaultMode;
  const files: ProjectedFiles = new Map();
  if (!volume.items?.length) {
    for (const [key, content] of contents) files.set(key, { content, mode });
    return files;
  }
  for (const item of volume.items) {
    const content = contents.get(item.key);
    if (content) files.set(item.path, { content, mode: item.mode ?? mode });
    else if (!volume.optional) throw new Error(missing(item.key));
  }
  return files;
}

export function downwardFiles(
  pod: Pod,
  volume: { items?: NonNullable<VolumeProjection['downwardAPI']>['items']; defaultMode?: number },
  { facts, allocatable }: Pick<ProjectionSources, 'facts' | 'allocatable'>,
): ProjectedFiles {
  const files: ProjectedFiles = new Map();
  for (const item of volume.items ?? []) {
    const text = item.fieldRef
      ? fieldValue(facts, item.fieldRef.fieldPath)
      : item.resourceFieldRef
        ? resourceValue(pod, item.resourceFieldRef, { allocatable })
        : '';
    files.set(item.path, {
      content: Buffer.from(text),
      mode: item.mode ?? volume.defaultMode ?? defaultMode,
    });
  }
  return files;
}

/** Later sources win where two bring the same path. */
export async function projectedFiles(
  pod: Pod,
  volume: { sources?: VolumeProjection[]; defaultMode?: number },
  sources: ProjectionSources,
): Promise<ProjectedFiles> {
  const files: ProjectedFiles = new Map();
  const add = (more: ProjectedFiles) => {
    for (const [path, file] of more) files.set(path, file);
  };
  const mode = volume.defaultMode ?? defaultMode;
  for (const { configMap, secret, downwardAPI, serviceAccountToken, ...rest } of volume.sources ?? []) {
    if (configMap) add(await configMapFiles({ ...configMap, defaultMode: mode }, sources));
    else if (secret) add(await secretFiles({ ...secret, defaultMode: mode }, sources));
    else if (downwardAPI) add(downwardFiles(pod, { ...downwardAPI, defaultMode: mode }, sources));
    else if (serviceAccountToken) {
      const content = Buffer.from(await sources.token(serviceAccountToken));
      files.set(serviceAccountToken.path, { content, mode: 0o600, isToken: true });
    } else throw new Error(`projected source ${Object.keys(rest).join(', ') || '(empty)'} is not supported`);
  }
  return files;
}
