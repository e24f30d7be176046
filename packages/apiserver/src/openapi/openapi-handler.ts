import { createHash } from 'node:crypto';
import { ApiError } from '@skerry/api';
import { sendAnswer } from '#http/answers.ts';
import type { Exchange } from '#http/exchange.ts';
import type { KindTable } from '#registry/kind-table.ts';
import { withRemoteParts, type RemotePart } from '#openapi/remote-parts.ts';
import { buildOpenApiV2, buildOpenApiV3, buildRootDocument, type KindSource } from '#openapi/document.ts';
import { rootDocuments, type RootDocument } from '#openapi/root-documents.ts';
import { encodeOpenApiV2, v2ProtobufType } from '#openapi/v2-protobuf.ts';
import type { Descriptions } from '#openapi/schema-document.ts';

export interface OpenApiOptions {
  /** The server's version, part of every hash: a new release may describe the same kinds otherwise. */
  readonly version: string;
  /** Words for `kubectl explain`, asked for once, when the first document is built. */
  descriptions?(): Descriptions;
  /** Documents of other servers, shown among this one's. */
  readonly remote?: RemoteOpenApi;
}

export interface RemoteOpenApi {
  /** Counts changes. */
  readonly generation: number;
  /** By `apis/group/version`, a text that changes with the document. */
  openApiUrls(): ReadonlyMap<string, string>;
  openApiV3(name: string): Promise<Uint8Array | undefined>;
  openApiV2(): readonly RemotePart[];
}

/** Seconds that a client may keep a document that it asked for by hash. */
const cacheSeconds = 365 * 24 * 3600;

/** One v3 document: of a group version's kinds, or of a path that leads to them. */
interface Group {
  readonly kinds: readonly KindSource[];
  readonly root?: RootDocument;
  readonly hash: string;
}

/**
 * Answers `/openapi/v3`, the documents below it, and `/openapi/v2`. A document is built when it is first asked for and
 * kept until its kinds change; its hash is reckoned from what it would be built from, so that the index costs no build.
 */
export class OpenApiHandler {
  readonly #kinds: KindTable;
  readonly #options: OpenApiOptions;
  #generation = -1;
  #groups = new Map<string, Group>();
  /** By hash: documents of kinds that are still served. */
  #documents = new Map<string, Uint8Array>();
  #descriptions: Descriptions | undefined;

  constructor(kinds: KindTable, options: OpenApiOptions) {
    this.#kinds = kinds;
    this.#options = options;
  }

  /** False when the path is none of OpenAPI's. */
  async handle(exchange: Exchange): Promise<boolean> {
    const path = exchange.path.replace(/\/$/, '');
    if (path === '/openapi/v2') {
      await this.#v2(exchange);
      return true;
    }
    if (path !== '/openapi/v3' && !path.startsWith('/openapi/v3/')) return false;
    this.#refresh();
    if (path === '/openapi/v3') {
      this.#index(exchange);
      return true;
    }
    const name = path.slice('/openapi/v3/'.length);
    if (this.#options.remote?.openApiUrls().has(name)) return this.#remoteV3(exchange, name);
    const group = this.#groups.get(name);
    if (!group) {
      exchange.send(404, {}, '');
      return true;
    }
    await this.#v3(exchange, name, group);
    return true;
  }

  #index(exchange: Exchange): void {
    const hashes = new Map([...this.#groups].map(([name, { hash }]) => [name, hash]));
    for (const [name, url] of this.#options.remote?.openApiUrls() ?? []) hashes.set(name, digest(url));
    const paths = Object.fromEntries(
      [...hashes]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, hash]) => [name, { serverRelativeURL: urlOf(name, hash) }]),
    );
    const etag = `"${digest(JSON.stringify(paths))}"`;
    if (notModified(exchange, etag)) return;
    exchange.setHeader('ETag', etag);
    exchange.setHeader('Vary', 'Accept');
    // A stock server leaves the type of its index to be guessed from its text.
    exchange.send(200, { 'Content-Type': 'text/plain; charset=utf-8' }, `${JSON.stringify({ paths })}\n`);
  }

  async #v3(exchange: Exchange, name: string, { kinds, root, hash }: Group): Promise<void> {
    requireJson(exchange);
    const asked = exchange.query.get('hash');
    if (asked !== null && asked !== '' && asked !== hash) {
      exchange.send(301, { Location: urlOf(name, hash) }, '');
      return;
    }
    const etag = `"${hash}"`;
    if (notModified(exchange, etag)) return;
    if (asked) {
      exchange.setHeader('Cache-Control', `public, max-age=${cacheSeconds}, immutable`);
    }
    const body = this.#document(hash, () =>
      root ? buildRootDocument(root, this.#words()) : buildOpenApiV3(kinds, this.#words()),
    );
    await this.#send(exchange, body, etag);
  }

  /** Another server's document, as it is. */
  async #remoteV3(exchange: Exchange, name: string): Promise<boolean> {
    requireJson(exchange);
    const body = await this.#options.remote?.openApiV3(name);
    if (!body) return false;
    await this.#send(
      exchange,
      body,
      `"${createHash('sha512').update(body).digest('hex').slice(0, 64).toUpperCase()}"`,
    );
    return true;
  }

  async #v2(exchange: Exchange): Promise<void> {
    const protobuf = asksForV2Protobuf(exchange);
    if (!protobuf) requireJson(exchange);
    this.#refresh();
    const groups = [...this.#groups.values()];
    const form = protobuf ? 'v2 protobuf' : 'v2';
    const { remote } = this.#options;
    const others = remote?.openApiV2() ?? [];
    const generation = others.length > 0 ? remote?.generation : '';
    const hash = digest(`${form} ${generation} ${groups.map((group) => group.hash).join(' ')}`);
    const etag = `"${hash}"`;
    if (notModified(exchange, etag)) return;
    const kinds = groups.flatMap((group) => group.kinds);
    const build = () => withRemoteParts(buildOpenApiV2(kinds, this.#options.version, this.#words()), others);
    const body = this.#document(hash, () => (protobuf ? encodeOpenApiV2(build()) : build()));
    await this.#send(exchange, body, etag, protobuf ? v2ProtobufType : undefined);
  }

  async #send(
    exchange: Exchange,
    body: Uint8Array,
    etag: string,
    contentType = 'application/json',
  ): Promise<void> {
    exchange.setHeader('Vary', 'Accept');
    await sendAnswer(exchange, {
      status: 200,
      headers: { 'Content-Type': contentType, ETag: etag },
      body: [body],
    });
  }

  #words(): Descriptions {
    return (this.#descriptions ??= this.#options.descriptions?.() ?? {});
  }

  #document(hash: string, build: () => object | Uint8Array): Uint8Array {
    let body = this.#documents.get(hash);
    if (!body) {
      const built = build();
      body = built instanceof Uint8Array ? built : Buffer.from(JSON.stringify(built));
      this.#documents.set(hash, body);
    }
    return body;
  }

  /** Sorts the served kinds into groups again when something has changed since. */
  #refresh(): void {
    if (this.#generation === this.#kinds.generation) return;
    this.#generation = this.#kinds.generation;
    const custom = new Set(
      this.#kinds
        .allStored()
        .filter((served) => served.custom)
        .map(({ info }) => info),
    );
    const byName = new Map<string, KindSource[]>();
    for (const { info, schemas } of this.#kinds.all()) {
      const name = info.group === '' ? `api/${info.version}` : `apis/${info.group}/${info.version}`;
      const source: KindSource = { info, schemas, custom: custom.has(info) };
      const list = byName.get(name);
      if (list) list.push(source);
      else byName.set(name, [source]);
    }
    const own = [...byName.values()].flatMap((sources) =>
      sources.filter(({ custom }) => !custom).map(({ info }) => info.group),
    );
    const named = new Set(own.filter((group) => group !== ''));
    const groups: [string, Group][] = [...byName].map(([name, kinds]) => [
      name,
      { kinds, hash: this.#hash(kinds) },
    ]);
    for (const [name, root] of rootDocuments([...named]))
      groups.push([name, { kinds: [], root, hash: digest(`${this.#options.version} ${name}`) }]);
    this.#groups = new Map(groups.sort(([a], [b]) => (a < b ? -1 : 1)));
    const alive = new Set([...this.#groups.values()].map(({ hash }) => hash));
    // The v2 documents go too: they are of everything.
    for (const hash of this.#documents.keys()) if (!alive.has(hash)) this.#documents.delete(hash);
  }

  #hash(kinds: readonly KindSource[]): string {
    const facts = kinds.map(({ info, schemas, custom }) => [
      info.kind,
      info.resource,
      info.namespaced,
      info.verbs,
      info.subresources,
      // Schemas of built-in kinds only change with the version.
      custom ? schemas.schemas[info.schema] : info.schema,
    ]);
    return digest(JSON.stringify([this.#options.version, facts]));
  }
}

function urlOf(name: string, hash: string): string {
  return `/openapi/v3/${name}?hash=${hash}`;
}

function digest(text: string): string {
  return createHash('sha512').update(text).digest('hex').slice(0, 64).toUpperCase();
}

function notModified(exchange: Exchange, etag: string): boolean {
  if (exchange.headers['if-none-match'] !== etag) return false;
  exchange.send(304, { ETag: etag }, '');
  return true;
}

/** kubectl writes the media type with an `@` where it should have a dot. */
function asksForV2Protobuf(exchange: Exchange): boolean {
  return (exchange.headers['accept'] ?? '').includes('com.github.proto-openapi.spec.v2');
}

/** Documents are JSON only; clients that also offer JSON, or anything, get it. */
function requireJson(exchange: Exchange): void {
  const accept = exchange.headers['accept'];
  if (accept === undefined || accept === '') return;
  const types = accept.split(',').map((clause) => clause.split(';')[0]?.trim() ?? '');
  if (types.some((type) => ['application/json', 'application/*', '*/*'].includes(type))) return;
  throw new ApiError('NotAcceptable', 'only the following media types are accepted: application/json');
}
