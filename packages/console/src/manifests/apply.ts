/**
 * Asks the server what would come of manifests, and makes them: by server-side apply, so that fields of others stay. Each has an
 * answer of its own; what can't be asked before something else is made says so instead of failing.
 */
import { paths } from '@skerry/center/contract';
import { findType, forgetTypes, pathOfType, type ResourceType } from '#api/cluster-types.ts';
import { request } from '#api/request.ts';
import { StatusError, statusOf, type Status } from '#api/status-error.ts';
import { comparableText, type KubernetesObject } from '#editor/object-text.ts';
import { definesKind, type Manifest } from './manifest.ts';

export const fieldManager = 'skerry-console';

export interface Difference {
  readonly before: string;
  readonly after: string;
}

export type Check =
  | ({ readonly state: 'new' | 'changed' | 'unchanged' } & Difference)
  | { readonly state: 'waits'; readonly for: 'namespace' | 'definition' }
  /** Others manage fields that would be changed. */
  | { readonly state: 'conflict'; readonly fields: readonly OwnedField[]; readonly status: Status }
  | { readonly state: 'failed'; readonly status: Status };

export interface OwnedField {
  readonly field: string;
  readonly owner: string;
}

export type Outcome =
  | {
      readonly state: 'created' | 'changed' | 'unchanged';
      readonly name: string;
      readonly type: ResourceType;
      readonly namespace: string | undefined;
    }
  | { readonly state: 'failed'; readonly status: Status };

export interface ApplyOptions {
  /** For objects that name none. */
  readonly namespace: string;
  /** Takes over fields that others manage. */
  readonly force?: boolean;
  readonly signal?: AbortSignal;
}

export async function checkManifest(
  cluster: string,
  manifest: Manifest,
  { all, ...options }: ApplyOptions & { readonly all: readonly Manifest[] },
): Promise<Check> {
  try {
    const type = await findType(cluster, manifest);
    if (!type) {
      if (all.some((one) => definesKind(one, manifest))) return { state: 'waits', for: 'definition' };
      return { state: 'failed', status: noSuchKind(manifest) };
    }
    const before = await existing(cluster, type, manifest, options);
    const after = await send(cluster, type, manifest, { ...options, dryRun: true });
    const difference = { before: before ? comparableText(before) : '', after: comparableText(after) };
    if (!before) return { state: 'new', ...difference };
    return { state: difference.before === difference.after ? 'unchanged' : 'changed', ...difference };
  } catch (error) {
    return failedCheck(error, manifest, { all, ...options });
  }
}

function failedCheck(
  error: unknown,
  manifest: Manifest,
  { all, namespace }: ApplyOptions & { all: readonly Manifest[] },
): Check {
  const status = statusOf(error);
  const wanted = manifest.namespace ?? namespace;
  const isMade = all.some(
    ({ kind, apiVersion, name }) => kind === 'Namespace' && apiVersion === 'v1' && name === wanted,
  );
  if (status.code === 404 && status.details?.kind === 'namespaces' && isMade)
    return { state: 'waits', for: 'namespace' };
  const fields = ownedFields(status);
  return fields.length > 0 ? { state: 'conflict', fields, status } : { state: 'failed', status };
}

/** Throws nothing: what went wrong is the outcome. */
export async function applyManifest(
  cluster: string,
  manifest: Manifest,
  options: ApplyOptions,
): Promise<Outcome> {
  try {
    const type = await servedType(cluster, manifest);
    if (!type) return { state: 'failed', status: noSuchKind(manifest) };
    const before = await existing(cluster, type, manifest, options);
    const after = await send(cluster, type, manifest, { ...options, dryRun: false });
    if (manifest.kind === 'CustomResourceDefinition') await forgetTypes(cluster);
    const isSame = before?.metadata?.resourceVersion === after.metadata?.resourceVersion;
    return {
      state: !before ? 'created' : isSame ? 'unchanged' : 'changed',
      type,
      name: after.metadata?.name ?? manifest.name,
      namespace: after.metadata?.namespace,
    };
  } catch (error) {
    return { state: 'failed', status: statusOf(error) };
  }
}

const servedAttemptsMax = 20;
const servedWaitMs = 500;
/** Kinds whose definition was made a moment ago are served a moment later. */
const justDefined = new Set<string>();

export function expectKind(manifest: Manifest): void {
  justDefined.add(`${manifest.apiVersion}/${manifest.kind}`);
}

async function servedType(cluster: string, manifest: Manifest): Promise<ResourceType | undefined> {
  const attempts = justDefined.delete(`${manifest.apiVersion}/${manifest.kind}`) ? servedAttemptsMax : 1;
  for (let attempt = 1; ; attempt++) {
    const type = await findType(cluster, manifest);
    if (type || attempt >= attempts) return type;
    await new Promise((resolve) => setTimeout(resolve, servedWaitMs));
    await forgetTypes(cluster);
  }
}

async function existing(
  cluster: string,
  type: ResourceType,
  manifest: Manifest,
  { namespace, signal }: ApplyOptions,
): Promise<KubernetesObject | undefined> {
  if (manifest.isGenerated) return undefined;
  const path = pathOfType(type, { namespace: manifest.namespace ?? namespace, name: manifest.name });
  try {
    return await request<KubernetesObject>(paths.kubernetes(cluster, path), signal ? { signal } : {});
  } catch (error) {
    if (error instanceof StatusError && error.code === 404) return undefined;
    throw error;
  }
}

function send(
  cluster: string,
  type: ResourceType,
  manifest: Manifest,
  { namespace, force = false, dryRun, signal }: ApplyOptions & { dryRun: boolean },
): Promise<KubernetesObject> {
  const place = { namespace: manifest.namespace ?? namespace };
  const query = {
    fieldManager,
    fieldValidation: 'Strict',
    ...(dryRun ? { dryRun: 'All' } : {}),
    ...(force && !manifest.isGenerated ? { force: 'true' } : {}),
  };
  const common = { query, ...(signal ? { signal } : {}) };
  if (manifest.isGenerated) {
    const raw = { type: 'application/yaml', text: manifest.text };
    return request(paths.kubernetes(cluster, pathOfType(type, place)), { ...common, method: 'POST', raw });
  }
  const raw = { type: 'application/apply-patch+yaml', text: manifest.text };
  const path = pathOfType(type, { ...place, name: manifest.name });
  return request(paths.kubernetes(cluster, path), { ...common, method: 'PATCH', raw });
}

/** The fields of a conflict with their owners, which the server tells in its causes: `conflict with "kubectl" using apps/v1`. */
export function ownedFields({ code, details }: Status): readonly OwnedField[] {
  if (code !== 409) return [];
  return (details?.causes ?? []).flatMap(({ reason, message, field }) => {
    if (reason !== 'FieldManagerConflict' || !field) return [];
    return [{ field: field.replace(/^\./, ''), owner: /"([^"]*)"/.exec(message ?? '')?.[1] ?? '' }];
  });
}

function noSuchKind({ apiVersion, kind }: Manifest): Status {
  return {
    code: 404,
    reason: 'NotFound',
    message: `no matches for kind "${kind}" in version "${apiVersion}"`,
  };
}
