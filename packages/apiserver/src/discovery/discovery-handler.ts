import { createHash } from 'node:crypto';
import type { RemoteVersion } from '#aggregation/remote-documents.ts';
import type { Exchange } from '#http/exchange.ts';
import { sendJson } from '#http/answers.ts';
import {
  aggregated,
  apiGroup,
  apiGroupList,
  apiResourceList,
  apiVersions,
  groupsOf,
  groupsWithRemote,
} from '#discovery/documents.ts';
import type { GroupVersions } from '#discovery/documents.ts';
import type { KindTable } from '#registry/kind-table.ts';

interface Rendered {
  readonly body: string;
  readonly etag: string;
}

/** What other servers serve, listed among this one's. */
export interface RemoteGroups {
  /** Counts changes. */
  readonly generation: number;
  versions(): readonly RemoteVersion[];
}

const noRemote: RemoteGroups = { generation: 0, versions: () => [] };

/** Answers `/api`, `/apis` and below. Documents are rendered once per change of what is served. */
export class DiscoveryHandler {
  readonly #kinds: KindTable;
  readonly #serverAddress: string;
  readonly #remote: RemoteGroups;
  #generation = '';
  #groups: readonly GroupVersions[] = [];
  readonly #aggregated = new Map<string, Rendered>();

  constructor(kinds: KindTable, serverAddress: string, remote: RemoteGroups = noRemote) {
    this.#kinds = kinds;
    this.#remote = remote;
    this.#serverAddress = serverAddress;
  }

  /** False when the path is none of discovery's. */
  handle(exchange: Exchange): boolean {
    const path = exchange.path.replace(/\/$/, '');
    if (path !== '/api' && path !== '/apis' && !path.startsWith('/api/') && !path.startsWith('/apis/'))
      return false;
    const groups = this.#current();
    if (path === '/api' || path === '/apis') {
      this.#root(exchange, path, groups);
      return true;
    }
    const [, root, ...rest] = path.split('/');
    const [groupName, version] = root === 'api' ? ['', rest[0]] : [rest[0] ?? '', rest[1]];
    if (rest.length > (root === 'api' ? 1 : 2) || (root === 'apis' && groupName === '')) return false;
    const group = groups.find((candidate) => candidate.group === groupName);
    if (!group) return false;
    if (version === undefined) {
      sendJson(exchange, 200, apiGroup(group));
      return true;
    }
    const served = group.versions.find((candidate) => candidate.version === version);
    if (!served) return false;
    sendJson(exchange, 200, apiResourceList(groupName, version, served.kinds));
    return true;
  }

  #root(exchange: Exchange, path: '/api' | '/apis', groups: readonly GroupVersions[]): void {
    exchange.setHeader('Vary', 'Accept');
    const version = wantedVersion(exchange.headers['accept']);
    if (!version) {
      sendJson(exchange, 200, path === '/api' ? apiVersions(this.#serverAddress) : apiGroupList(groups));
      return;
    }
    const { body, etag } = this.#render(path, version, groups);
    if (exchange.headers['if-none-match'] === etag) {
      exchange.send(304, { ETag: etag }, '');
      return;
    }
    const contentType = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
    exchange.send(200, { 'Content-Type': contentType, ETag: etag }, body);
  }

  #render(path: '/api' | '/apis', version: 'v2' | 'v2beta1', groups: readonly GroupVersions[]): Rendered {
    const key = `${path} ${version}`;
    const known = this.#aggregated.get(key);
    if (known) return known;
    const listed = groups.filter(({ group }) => (path === '/api') === (group === ''));
    const body = JSON.stringify(aggregated(listed, version));
    const rendered = { body, etag: `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"` };
    this.#aggregated.set(key, rendered);
    return rendered;
  }

  #current(): readonly GroupVersions[] {
    const generation = `${this.#kinds.generation} ${this.#remote.generation}`;
    if (this.#generation !== generation) {
      this.#generation = generation;
      this.#groups = groupsWithRemote(groupsOf(this.#kinds.infos()), this.#remote.versions());
      this.#aggregated.clear();
    }
    return this.#groups;
  }
}

/** The first aggregated form that the client accepts before plain JSON. */
function wantedVersion(accept: string | undefined): 'v2' | 'v2beta1' | undefined {
  for (const clause of (accept ?? '').split(',')) {
    const [mediaType, ...parameters] = clause.split(';').map((part) => part.trim());
    if (mediaType !== 'application/json' && mediaType !== '*/*') continue;
    const values = new Map(parameters.map((part) => part.split('=', 2) as [string, string]));
    if (values.get('as') !== 'APIGroupDiscoveryList' || values.get('g') !== 'apidiscovery.k8s.io') {
      if (values.has('as')) continue;
      return undefined;
    }
    const version = values.get('v');
    if (version === 'v2' || version === 'v2beta1') return version;
  }
  return undefined;
}
