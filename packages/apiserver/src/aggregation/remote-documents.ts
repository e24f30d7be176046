/**
 * What aggregated servers say of themselves: the resources of their group versions, for discovery, and their OpenAPI
 * documents. Asked when an APIService becomes available and once a minute; until a server has answered its group version is
 * listed as stale and empty, and when it stops answering what it said last stays, marked as stale.
 */
import { describeError, type Clock, type Logger, type Timer } from '@skerry/base';
import type { ApiServices, RemoteApi } from '#aggregation/api-services.ts';
import { aggregatedResources, versionIn } from '#aggregation/remote-discovery.ts';
import type { RemoteFetcher } from '#aggregation/remote-fetch.ts';

const refreshMs = 60_000;
const aggregatedAccept = ['v2', 'v2beta1']
  .map((version) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`)
  .join(',');

/** One remote group version, as discovery lists it. */
export interface RemoteVersion {
  readonly group: string;
  readonly version: string;
  readonly priority: { readonly group: number; readonly version: number };
  readonly resources: readonly object[];
  readonly freshness: 'Current' | 'Stale';
}

export interface OpenApiDocument {
  readonly paths?: Record<string, unknown>;
  readonly definitions?: Record<string, unknown>;
}

interface Known {
  readonly resources: readonly object[];
  readonly freshness: 'Current' | 'Stale';
  /** Where the server has its OpenAPI v3 document of the group version. */
  readonly openApiUrl: string | undefined;
  readonly openApiV2: { readonly etag: string; readonly document: OpenApiDocument } | undefined;
}

const unknown: Known = { resources: [], freshness: 'Stale', openApiUrl: undefined, openApiV2: undefined };

export interface DocumentParts {
  readonly apis: ApiServices;
  readonly fetcher: RemoteFetcher;
  readonly clock: Clock;
  readonly log: Logger;
}

export class RemoteDocuments {
  readonly #parts: DocumentParts;
  /** By name of the APIService. */
  readonly #known = new Map<string, Known>();
  readonly #running = new Map<string, Promise<void>>();
  #changes = 0;
  #timer: Timer | undefined;
  #stopListening: (() => void) | undefined;
  #stopped = false;

  constructor(parts: DocumentParts) {
    this.#parts = parts;
  }

  /** Counts changes of what is listed. */
  get generation(): number {
    return this.#changes + this.#parts.apis.generation;
  }

  start(): void {
    this.#stopListening = this.#parts.apis.onChange((name) => this.#changed(name));
    this.#refreshAll();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#stopListening?.();
    await Promise.all(this.#running.values());
  }

  versions(): RemoteVersion[] {
    return [...this.#parts.apis.remote.values()].map(({ name, group, version, priority }) => {
      const { resources, freshness } = this.#known.get(name) ?? unknown;
      return { group, version, priority, resources, freshness };
    });
  }

  /** Remote OpenAPI v3 documents by their path: `apis/group/version`. */
  openApiUrls(): Map<string, string> {
    return new Map(
      [...this.#parts.apis.remote.values()].flatMap(({ name, group, version }) => {
        const url = this.#known.get(name)?.openApiUrl;
        return url === undefined ? [] : [[`apis/${group}/${version}`, url] as const];
      }),
    );
  }

  async openApiV3(path: string): Promise<Buffer | undefined> {
    const api = this.#parts.apis.remote.get(path.replace(/^apis\//, ''));
    const url = this.openApiUrls().get(path);
    if (!api || url === undefined) return undefined;
    const { status, body } = await this.#parts.fetcher.get(api, url);
    return status === 200 ? body : undefined;
  }

  /** Of each remote group version, the part that describes it. */
  openApiV2(): { readonly prefix: string; readonly document: OpenApiDocument }[] {
    return [...this.#parts.apis.remote.values()].flatMap(({ name, group, version }) => {
      const document = this.#known.get(name)?.openApiV2?.document;
      return document ? [{ prefix: `/apis/${group}/${version}/`, document }] : [];
    });
  }

  #changed(name: string): void {
    const api = this.#find(name);
    if (!api) this.#known.delete(name);
    else if (api.available || this.#known.has(name)) this.#refresh(name);
  }

  #find(name: string): RemoteApi | undefined {
    return [...this.#parts.apis.remote.values()].find((api) => api.name === name);
  }

  #refreshAll(): void {
    if (this.#stopped) return;
    for (const { name } of this.#parts.apis.remote.values()) this.#refresh(name);
    this.#timer = this.#parts.clock.after(refreshMs, () => this.#refreshAll());
  }

  #refresh(name: string): void {
    if (this.#stopped || this.#running.has(name)) return;
    const running = this.#ask(name)
      .catch((error: unknown) => {
        this.#parts.log.warn('aggregated server not understood', { name, error: describeError(error) });
        const known = this.#known.get(name);
        if (known?.freshness === 'Current') this.#learn(name, { ...known, freshness: 'Stale' });
      })
      .then(() => void this.#running.delete(name));
    this.#running.set(name, running);
  }

  async #ask(name: string): Promise<void> {
    await Promise.resolve();
    const api = this.#find(name);
    if (!api) return;
    if (!api.available) throw new Error('service unavailable');
    const resources = await this.#resources(api);
    const openApiUrl = await this.#openApiUrl(api);
    const openApiV2 = await this.#openApiV2(api);
    this.#learn(name, { resources, freshness: 'Current', openApiUrl, openApiV2 });
  }

  #learn(name: string, next: Known): void {
    const same = JSON.stringify(facts(this.#known.get(name))) === JSON.stringify(facts(next));
    this.#known.set(name, next);
    if (!same) this.#changes++;
  }

  async #resources(api: RemoteApi): Promise<readonly object[]> {
    const { fetcher } = this.#parts;
    const whole = await fetcher.get(api, '/apis', { accept: aggregatedAccept });
    if (whole.status === 200 && whole.contentType.includes('as=APIGroupDiscoveryList')) {
      const found = versionIn(JSON.parse(whole.body.toString()), api);
      if (found) return found;
    }
    const path = `/apis/${api.group}/${api.version}`;
    const { status, body } = await fetcher.get(api, path);
    if (status !== 200) throw new Error(`failed to download legacy discovery for ${path}: ${status}`);
    return aggregatedResources(JSON.parse(body.toString()), api);
  }

  async #openApiUrl(api: RemoteApi): Promise<string | undefined> {
    const { status, body } = await this.#parts.fetcher.get(api, '/openapi/v3');
    if (status !== 200) return undefined;
    const { paths = {} } = JSON.parse(body.toString()) as {
      paths?: Record<string, { serverRelativeURL?: string }>;
    };
    return paths[`apis/${api.group}/${api.version}`]?.serverRelativeURL;
  }

  async #openApiV2(api: RemoteApi): Promise<Known['openApiV2']> {
    const known = this.#known.get(api.name)?.openApiV2;
    const answer = await this.#parts.fetcher.get(
      api,
      '/openapi/v2',
      known?.etag ? { 'if-none-match': known.etag } : {},
    );
    if (answer.status === 304) return known;
    if (answer.status !== 200) return undefined;
    return { etag: answer.etag, document: JSON.parse(answer.body.toString()) as OpenApiDocument };
  }
}

function facts(known: Known | undefined): unknown {
  return known && [known.resources, known.freshness, known.openApiUrl, known.openApiV2?.document];
}
