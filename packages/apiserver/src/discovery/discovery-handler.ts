import { createHash } from 'node:crypto';
import { parseAccept } from '@skerry/serving';
import type { RemoteVersion } from '#aggregation/remote-documents.ts';
import type { Exchange } from '#http/exchange.ts';
import { notAcceptable, sendDocument } from '#discovery/document-answer.ts';
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
      sendDocument(exchange, apiGroup(group), { root: false });
      return true;
    }
    const served = group.versions.find((candidate) => candidate.version === version);
    if (!served) return false;
    sendDocument(exchange, apiResourceList(groupName, version, served.kinds), { root: false });
    return true;
  }

  #root(exchange: Exchange, path: '/api' | '/apis', groups: readonly GroupVersions[]): void {
    const { accept } = exchange.headers;
    const form = wantedForm(accept);
    if (form === undefined) throw notAcceptable();
    if (form === 'plain') {
      sendDocument(exchange, path === '/api' ? apiVersions(this.#serverAddress) : apiGroupList(groups), {
        root: true,
      });
      return;
    }
    exchange.setHeader('Vary', 'Accept');
    exchange.setHeader('Cache-Control', 'public');
    const { body, etag } = this.#render(path, groups);
    if (exchange.headers['if-none-match'] === etag) {
      exchange.send(304, { ETag: etag }, '');
      return;
    }
    exchange.send(200, { 'Content-Type': aggregatedType, ETag: etag }, body);
  }

  #render(path: '/api' | '/apis', groups: readonly GroupVersions[]): Rendered {
    const known = this.#aggregated.get(path);
    if (known) return known;
    const listed = groups.filter(({ group }) => (path === '/api') === (group === ''));
    const body = JSON.stringify(aggregated(listed));
    const rendered = { body, etag: `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"` };
    this.#aggregated.set(path, rendered);
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

const aggregatedType = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** The first form that the client accepts; undefined where all that it names are forms of other documents. */
function wantedForm(accept: string | undefined): 'aggregated' | 'plain' | undefined {
  if (accept === undefined || accept.trim() === '') return 'plain';
  for (const { type, parameters } of parseAccept(accept)) {
    const { as, g, v } = parameters;
    if (as === undefined) return 'plain';
    const json = type === 'application/json' || type === 'application/*' || type === '*/*';
    if (json && as === 'APIGroupDiscoveryList' && g === 'apidiscovery.k8s.io' && v === 'v2')
      return 'aggregated';
  }
  return undefined;
}
