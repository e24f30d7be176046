/**
 * The scale of whatever kind an autoscaler or an owner reference names, built in or custom: which resource the kind is called by is asked of the
 * server's discovery and remembered for a while.
 */
import { isApiError } from '@skerry/api';
import type { CrossVersionObjectReference, Scale } from '@skerry/api';
import type { Clock } from '@skerry/base';
import type { ApiClient, ResourceRef } from '@skerry/client';

const rememberedMs = 5 * 60_000;
const entriesMax = 1_000;

interface ScaledRef extends ResourceRef {
  /** Whether the kind has the scale subresource. */
  readonly isScaled: boolean;
}

interface Known {
  readonly refs: readonly ScaledRef[];
  readonly atMs: number;
}

export interface FoundScale {
  readonly scale: Scale;
  readonly ref: ResourceRef;
}

export class ScaleTargets {
  readonly #client: ApiClient;
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();

  constructor({ client, clock }: { readonly client: ApiClient; readonly clock: Clock }) {
    this.#client = client;
    this.#clock = clock;
  }

  /** Of every version that serves the kind, the first that answers. */
  async get(namespace: string, target: CrossVersionObjectReference): Promise<FoundScale> {
    const refs = await this.#refs(groupOf(target.apiVersion), target.kind);
    let first: unknown;
    for (const ref of refs) {
      try {
        const scale = await this.#client
          .resource<Scale>(ref)
          .get(target.name, { namespace, subresource: 'scale' });
        return { scale, ref };
      } catch (error) {
        first ??= error;
      }
    }
    throw first;
  }

  async set(namespace: string, { scale, ref }: FoundScale, replicas: number): Promise<void> {
    const next = { ...scale, spec: { ...scale.spec, replicas } };
    await this.#client.resource<Scale>(ref).update(next, { namespace, subresource: 'scale' });
  }

  /** Whether a kind has a scale at all. Throws where the kind is unknown. */
  async isScaled(group: string, kind: string): Promise<boolean> {
    return (await this.#refs(group, kind)).some((ref) => ref.isScaled);
  }

  /** As `deployments.apps`, or the name alone in the core group. */
  async resourceName(group: string, kind: string): Promise<string> {
    const [ref] = await this.#refs(group, kind);
    return group === '' ? (ref?.resource ?? '') : `${ref?.resource}.${group}`;
  }

  async #refs(group: string, kind: string): Promise<readonly ScaledRef[]> {
    const key = `${group}/${kind}`;
    const nowMs = this.#clock.monotonic();
    const known = this.#known.get(key);
    if (known && nowMs - known.atMs < rememberedMs) return known.refs;
    const refs = await this.#discover(group, kind);
    if (refs.length === 0) throw new Error(`no matches for kind "${kind}" in group "${group}"`);
    if (this.#known.size >= entriesMax) this.#known.clear();
    this.#known.set(key, { refs, atMs: nowMs });
    return refs;
  }

  async #discover(group: string, kind: string): Promise<ScaledRef[]> {
    const versions = group === '' ? ['v1'] : await this.#versions(group);
    const refs: ScaledRef[] = [];
    for (const version of versions) {
      const path = group === '' ? '/api/v1' : `/apis/${group}/${version}`;
      const { resources } = await this.#client.request<{
        resources: { name: string; kind: string; namespaced: boolean }[];
      }>('GET', path);
      const found = resources.find((one) => one.kind === kind && !one.name.includes('/'));
      if (!found) continue;
      const isScaled = resources.some(({ name }) => name === `${found.name}/scale`);
      refs.push({ group, version, kind, resource: found.name, namespaced: found.namespaced, isScaled });
    }
    return refs;
  }

  /** The preferred one first. */
  async #versions(group: string): Promise<string[]> {
    try {
      const { preferredVersion, versions } = await this.#client.request<{
        preferredVersion?: { version: string };
        versions: { version: string }[];
      }>('GET', `/apis/${encodeURIComponent(group)}`);
      const all = [preferredVersion, ...versions].flatMap((one) => (one ? [one.version] : []));
      return [...new Set(all)];
    } catch (error) {
      if (isApiError(error, 'NotFound')) return [];
      throw error;
    }
  }
}

/** Of `apps/v1` it is `apps`, of `v1` none. */
export function groupOf(apiVersion: string | undefined): string {
  const [group = '', version] = (apiVersion ?? '').split('/');
  return version === undefined ? '' : group;
}
