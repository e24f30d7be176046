import { ApiError } from '@skerry/api';
import type { ConnectHandler } from '#connect.ts';
import type { DiscoveryHandler } from '#discovery/discovery-handler.ts';
import { sendText } from '#http/answers.ts';
import type { Exchange } from '#http/exchange.ts';
import type { UpgradeRequest } from '#http/front.ts';
import { handlePath, type PathParts } from '#path-handler.ts';
import { connectSubresources, type ResourceRequest } from '#request-info.ts';
import type { AuthorizedRequest, RequestTarget } from '#request-pipeline.ts';
import { methodNotAllowed, unknownPath, type ResourceCall, type ResourceHandler } from '#resource-handler.ts';
import type { KindTable, VirtualKind } from '#registry/kind-table.ts';
import type { UserInfo } from '#security.ts';

/** A subresource of a stored kind that is not the object's whole or status. */
export type SubresourceHandler = (call: ResourceCall, exchange: Exchange) => Promise<void>;

/** A kind without a store: reviews, metrics. */
export type VirtualHandler = (
  call: { readonly info: ResourceRequest; readonly user: UserInfo; readonly kind: VirtualKind },
  exchange: Exchange,
) => Promise<void>;

/** A path that is about no resource; false when it isn't the handler's. */
export type PathHandler = (exchange: Exchange) => boolean | Promise<boolean>;

export interface DispatchParts {
  readonly kinds: KindTable;
  readonly resources: ResourceHandler;
  readonly discovery: DiscoveryHandler;
  readonly paths: PathParts;
  /** By `group/resource/subresource`; a key of star/star/name serves every kind that has it. */
  readonly subresources: ReadonlyMap<string, SubresourceHandler>;
  /** By `group/resource`. */
  readonly virtual: ReadonlyMap<string, VirtualHandler>;
  /** Tried in order before 404. */
  readonly morePaths: readonly PathHandler[];
  readonly connect: ConnectHandler | undefined;
  /** Admission of CONNECT. */
  admitConnect(call: ResourceCall, exchange: Pick<Exchange, 'query' | 'audit' | 'signal'>): Promise<void>;
}

/** Sends an authorized request to what serves it. */
export class Dispatcher implements RequestTarget {
  readonly #parts: DispatchParts;

  constructor(parts: DispatchParts) {
    this.#parts = parts;
  }

  async handle({ info, user }: AuthorizedRequest, exchange: Exchange): Promise<void> {
    if (info.type === 'path') {
      await this.#path(exchange);
      return;
    }
    // What is proxied answers HEAD as it likes; objects don't.
    if (exchange.method === 'HEAD' && !connectSubresources.has(info.subresource)) throw methodNotAllowed();
    const served = this.#parts.kinds.stored(info.group, info.version, info.resource);
    if (served) {
      const call = { info, user, served };
      await (info.subresource
        ? this.#subresource(call, exchange)
        : this.#parts.resources.handle(call, exchange));
      return;
    }
    const kind = this.#parts.kinds.virtual(info.group, info.version, info.resource);
    const handler = kind && this.#parts.virtual.get(`${info.group}/${info.resource}`);
    if (!kind || !handler) {
      if (this.#parts.kinds.isBuiltIn(info.group)) throw unknownPath();
      sendNoPage(exchange);
      return;
    }
    // Of what is only created there is nothing that has a name.
    if (info.name && !kind.info.verbs.includes('get')) throw unknownPath();
    const { verbs } = info.subresource
      ? (kind.info.subresources.find(({ name }) => name === info.subresource) ?? unserved())
      : kind.info;
    if (!verbs.includes(info.verb)) throw methodNotAllowed();
    await handler({ info, user, kind }, exchange);
  }

  async upgrade({ info, user }: AuthorizedRequest, upgrade: UpgradeRequest): Promise<void> {
    if (info.type === 'path') throw unknownPath();
    const served = this.#parts.kinds.stored(info.group, info.version, info.resource);
    const described = served?.info.subresources.find(({ name }) => name === info.subresource);
    if (!served || !described) throw unknownPath();
    if (info.subresource !== 'proxy' && !described.verbs.includes(info.verb)) throw methodNotAllowed();
    if (!connectSubresources.has(info.subresource) || !this.#parts.connect) {
      throw new ApiError('BadRequest', 'this resource is not served over an upgraded connection');
    }
    const { message, socket, head, exchange } = upgrade;
    await this.#parts.admitConnect({ info, user, served }, exchange);
    await this.#parts.connect.handleUpgrade({ info, user, query: exchange.query }, message, socket, head);
  }

  async #path(exchange: Exchange): Promise<void> {
    const { paths, discovery, morePaths } = this.#parts;
    if (await handlePath(paths, exchange)) return;
    if (discovery.handle(exchange)) return;
    for (const handler of morePaths) if (await handler(exchange)) return;
    const [, root, group = ''] = exchange.path.split('/');
    if (root === 'api' || (root === 'apis' && this.#parts.kinds.isBuiltIn(group))) throw unknownPath();
    sendNoPage(exchange);
  }

  async #subresource(call: ResourceCall, exchange: Exchange): Promise<void> {
    const { info, served, user } = call;
    const { group, resource, subresource, verb } = info;
    const described = served.info.subresources.find(({ name }) => name === subresource);
    if (
      !described ||
      !info.name ||
      served.info.namespaced !== Boolean(info.namespace && resource !== 'namespaces')
    ) {
      throw unknownPath();
    }
    if (connectSubresources.has(subresource)) {
      if (!this.#parts.connect) throw new ApiError('ServiceUnavailable', 'this server has no way to nodes');
      if (subresource !== 'log') await this.#parts.admitConnect(call, exchange);
      await this.#parts.connect.handle({ info, user, query: exchange.query }, exchange);
      return;
    }
    if (!described.verbs.includes(verb)) throw methodNotAllowed();
    const handler =
      this.#parts.subresources.get(`${group}/${resource}/${subresource}`) ??
      this.#parts.subresources.get(`*/*/${subresource}`);
    if (!handler) throw unknownPath();
    await handler(call, exchange);
  }
}

function unserved(): never {
  throw unknownPath();
}

/** Beneath no group that is served, nothing is an API: a plain page is missing there. */
function sendNoPage(exchange: Exchange): void {
  sendText(exchange, 404, '404 page not found\n');
}
