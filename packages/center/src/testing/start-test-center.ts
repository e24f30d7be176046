/** The center's people over a real management API and one real cluster, all on memory stores and loopback, for tests. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecurity } from '@skerry/apiserver';
import { startTestServer, type TestServer } from '@skerry/apiserver/testing';
import { type Clock, type Logger, silentLogger, systemClock } from '@skerry/base';
import { eventually } from '@skerry/base/testing';
import { type ApiClient, createClient, createHttpTransport } from '@skerry/client';
import { createCertificateAuthority, createServiceAccountKey } from '@skerry/pki';
import { WebSocket } from 'ws';
import {
  type ClusterConnection,
  type ClusterConnections,
  managementCluster,
} from '#access/cluster-access.ts';
import { ensureIdentities, identities } from '#clusters/identities.ts';
import { csrfHeader } from '#contract/paths.ts';
import type { PublicRoute, Route, SocketRoute } from '#http/route.ts';
import { type CenterServer, startCenterServer } from '#http/server.ts';
import { installDefinitions } from '#management/install.ts';
import { peopleDefinitions } from '#people/definitions.ts';
import { createPeople, type People, type PeopleOptions } from '#people/people.ts';

/** The real clock, which a test may put forward, or hold where waiting is what is looked at. Timers go on. */
export class ShiftedClock implements Clock {
  shiftMs = 0;
  #held: { readonly now: number; readonly monotonic: number } | undefined;

  now(): number {
    return (this.#held?.now ?? systemClock.now()) + this.shiftMs;
  }

  monotonic(): number {
    return (this.#held?.monotonic ?? systemClock.monotonic()) + this.shiftMs;
  }

  hold(): void {
    this.#held = { now: systemClock.now(), monotonic: systemClock.monotonic() };
  }

  release(): void {
    this.#held = undefined;
  }

  after(delayMs: number, fn: () => void) {
    return systemClock.after(delayMs, fn);
  }
}

export interface TestCenter {
  readonly people: People;
  readonly clock: ShiftedClock;
  readonly folder: string;
  readonly port: number;
  readonly ca: string;
  /** As an administrator of each. */
  readonly management: ApiClient;
  readonly cluster: ApiClient;
  browser(): Browser;
  close(): Promise<void>;
}

export interface TestCenterOptions {
  readonly routes?: readonly (Route | PublicRoute)[];
  readonly sockets?: readonly SocketRoute[];
  readonly log?: Logger;
  readonly people?: Partial<PeopleOptions>;
  /** Name of the one cluster; `edge` unless given. */
  readonly cluster?: string;
}

interface Api {
  readonly server: TestServer;
  readonly admin: ApiClient;
  readonly connection: ClusterConnection;
}

async function startApi({ machinesJoin }: { machinesJoin: boolean }): Promise<Api> {
  const clock = systemClock;
  const { certificatePem: authority } = await createCertificateAuthority({ commonName: 'edge', clock });
  const purposes = ['people', 'reader', 'keeper', 'meter'] as const;
  const server = await startTestServer({
    security: createSecurity({
      clock,
      log: silentLogger,
      random: Math.random,
      serviceAccountKey: await createServiceAccountKey(),
      staticTokens: [
        { token: 'admin', user: { name: 'root', groups: ['system:masters', 'system:authenticated'] } },
        ...purposes.map((purpose) => ({
          token: purpose,
          user: { name: identities[purpose], groups: ['system:authenticated'] },
        })),
      ],
    }),
  });
  const transport = (token: string) => createHttpTransport({ server: server.url, token, clock });
  const admin = createClient({ transport: transport('admin'), userAgent: 'test', clock });
  await ensureIdentities(admin, { machinesJoin });
  return {
    server,
    admin,
    connection: {
      people: transport('people'),
      reader: transport('reader'),
      keeper: transport('keeper'),
      meter: transport('meter'),
      async dial() {
        const { hostname: host, port } = new URL(server.url);
        const socket = connect({ host, port: Number(port) });
        await once(socket, 'connect');
        return { socket, host, prefix: '', headers: { authorization: 'Bearer people' } };
      },
      address: { server: 'https://edge.example.com:6443', ca: authority, pin: 'sha256//cGlu' },
      hosted: true,
    },
  };
}

export async function startTestCenter(options: TestCenterOptions = {}): Promise<TestCenter> {
  const clock = new ShiftedClock();
  const { log = silentLogger, cluster: name = 'edge' } = options;
  const [management, cluster] = await Promise.all([
    startApi({ machinesJoin: false }),
    startApi({ machinesJoin: true }),
  ]);
  await installDefinitions(management.admin, peopleDefinitions, { clock: systemClock });
  const folder = await mkdtemp(join(tmpdir(), 'center-'));
  const listeners = new Set<() => void>();
  const connections: ClusterConnections = {
    names: () => [name],
    get: (asked) =>
      asked === managementCluster ? management.connection : asked === name ? cluster.connection : undefined,
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  const people = createPeople({
    client: management.admin,
    connections,
    impersonator: identities.people,
    auditFile: join(folder, 'audit.jsonl'),
    clock,
    log,
    random: Math.random,
    ...options.people,
  });
  await people.restore();
  const stop = new AbortController();
  const running = people.services.map((service) => service.run(stop.signal));
  await people.ready();
  const authority = await createCertificateAuthority({ commonName: 'test', clock: systemClock });
  const server: CenterServer = await startCenterServer({
    address: '127.0.0.1',
    port: 0,
    certificate: await authority.issueServerCertificate({
      dnsNames: ['localhost'],
      ipAddresses: ['127.0.0.1'],
    }),
    routes: [...people.routes, ...(options.routes ?? [])],
    sockets: options.sockets ?? [],
    gate: people.gate,
    audit: people.audit,
    clock,
    log,
  });
  const at = { port: server.port, ca: authority.certificatePem };
  return {
    people,
    clock,
    folder,
    ...at,
    management: management.admin,
    cluster: cluster.admin,
    browser: () => new Browser(at),
    async close() {
      await server.close();
      stop.abort();
      await Promise.allSettled(running);
      await management.server.close();
      await cluster.server.close();
      await rm(folder, { recursive: true });
    },
  };
}

export interface BrowserAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  // Tests look into what they expect.
  readonly body: Record<string, unknown> & { readonly reason?: string; readonly message?: string };
}

/** A browser at the console: keeps cookies and the session's token, says where its requests come from. */
export class Browser {
  readonly #at: { readonly port: number; readonly ca: string };
  readonly cookies = new Map<string, string>();
  csrfToken = '';

  constructor(at: { port: number; ca: string }) {
    this.#at = at;
  }

  get origin(): string {
    return `https://localhost:${this.#at.port}`;
  }

  get cookieHeader(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  async ask(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string | undefined> = {},
  ): Promise<BrowserAnswer> {
    const isText = typeof body === 'string';
    const all: Record<string, string | undefined> = {
      cookie: this.cookieHeader,
      'sec-fetch-site': 'same-origin',
      origin: this.origin,
      [csrfHeader]: this.csrfToken,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    };
    const sent = withoutEmpty(all);
    const request = https.request({
      host: '127.0.0.1',
      servername: 'localhost',
      port: this.#at.port,
      ca: this.#at.ca,
      path,
      method,
      headers: { host: `localhost:${this.#at.port}`, ...sent },
      agent: false,
    });
    const text = body === undefined ? undefined : isText ? body : JSON.stringify(body);
    // Node sends the body of a DELETE without saying how long it is.
    if (text !== undefined) request.setHeader('content-length', Buffer.byteLength(text));
    request.end(text);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const answered = Buffer.concat(chunks).toString();
    this.#keepCookies(response.headers['set-cookie'] ?? []);
    const answer = {
      status: response.statusCode ?? 0,
      headers: response.headers,
      text: answered,
      body: parsed(answered),
    };
    if (typeof answer.body['csrfToken'] === 'string') this.csrfToken = answer.body['csrfToken'];
    return answer;
  }

  /** Signs in; where the password was a given one, it is changed first. Returns the one that counts from now on. */
  async signIn(user: string, password: string): Promise<string> {
    const answer = await this.ask('POST', '/api/session', { user, password });
    if (answer.status !== 200) throw new Error(`sign-in of ${user}: ${answer.text}`);
    if (answer.body['mustChangePassword'] !== true) return password;
    const next = `a new one of ${user.split('').toReversed().join('')} today`;
    const changed = await this.ask('POST', '/api/session/password', { current: password, next });
    if (changed.status !== 200) throw new Error(`change of password: ${changed.text}`);
    return next;
  }

  async ticket(target: string, purpose = 'live'): Promise<string> {
    const { body } = await this.ask('POST', '/api/tickets', { purpose, target });
    return String(body['ticket']);
  }

  socket(path: string, headers: Record<string, string> = {}): WebSocket {
    const socket = new WebSocket(`wss://localhost:${this.#at.port}${path}`, {
      ca: this.#at.ca,
      headers: withoutEmpty({ cookie: this.cookieHeader, origin: this.origin, ...headers }),
      lookup: (_host, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]),
    });
    socket.on('error', () => undefined);
    return socket;
  }

  #keepCookies(lines: readonly string[]): void {
    for (const line of lines) {
      const [pair = '', ...attributes] = line.split('; ');
      const mark = pair.indexOf('=');
      const name = pair.slice(0, mark);
      if (attributes.includes('Max-Age=0')) this.cookies.delete(name);
      else this.cookies.set(name, pair.slice(mark + 1));
    }
  }
}

function withoutEmpty(headers: Record<string, string | undefined>): Record<string, string> {
  const kept = Object.entries(headers).filter(([, value]) => value);
  return Object.fromEntries(kept) as Record<string, string>;
}

function parsed(text: string): BrowserAnswer['body'] {
  try {
    return JSON.parse(text) as BrowserAnswer['body'];
  } catch {
    return {};
  }
}

/** A user who has signed in, with these grants in force. */
export async function signedIn(
  center: TestCenter,
  user: string,
  grants: readonly {
    role: string;
    cluster?: string;
    namespaces?: string[];
    pools?: string[];
    owners?: string[];
  }[] = [],
): Promise<Browser> {
  const password = await center.people.users.create(user, {});
  for (const [index, grant] of grants.entries()) {
    const name = `${user}-${index}`;
    const spec = { subject: { kind: 'User', name: user }, cluster: 'edge', ...grant };
    const grantsOf = center.management.resource<{
      metadata: { name: string };
      spec: object;
      status?: { clusters?: { applied: boolean }[] };
    }>({
      group: 'center.skerry.io',
      version: 'v1',
      kind: 'Grant',
      resource: 'grants',
      namespaced: false,
    });
    await grantsOf.create({ metadata: { name }, spec });
    await eventually(async () => {
      const { status } = await grantsOf.get(name);
      if (!status?.clusters?.length) throw new Error(`grant ${name} is not applied yet`);
    });
  }
  const browser = center.browser();
  await browser.signIn(user, password);
  return browser;
}
