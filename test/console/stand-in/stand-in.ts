/**
 * A backend for the console's own tests: the center's real HTTPS server with its headers and tickets' way, before routes that
 * answer from a fixture. Whoever gives a password that isn't "wrong" is in; "first" makes them change it.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { ApiError } from '@skerry/api';
import { silentLogger, systemClock } from '@skerry/base';
import { createCertificateAuthority } from '@skerry/pki';
import {
  paths,
  type Preferences,
  type Session,
  type SignIn,
} from '../../../packages/center/src/contract/index.ts';
import {
  jsonResponse,
  noContent,
  startCenterServer,
  StaticFiles,
  type Caller,
  type CenterRequest,
  type CenterResponse,
  type Method,
  type PublicRoute,
  type Route,
  type SocketRoute,
} from '../../../packages/center/src/http/index.ts';
import { answers, componentAction, joinScripts, taskCancel } from './fixture-answers.ts';
import { startFixtureCluster } from './fixture-cluster.ts';
import { startFixtureManagement } from './fixture-management.ts';
import { fixtureViews } from './fixture-views.ts';

export interface StandIn {
  readonly origin: string;
  /** Every request whose method isn't GET, as `POST /api/…`. */
  readonly writes: readonly string[];
  /** The API server of the one cluster, `edge`. */
  readonly clusterUrl: string;
  /** Whether views can be read of the cluster; what is shown is stale while they can't. */
  setReachable(isReachable: boolean): void;
  close(): Promise<void>;
}

const folder = new URL('../../../dist/console', import.meta.url).pathname;
const noEnd = new AbortController().signal;

export async function startStandIn({ port = 0 }: { port?: number } = {}): Promise<StandIn> {
  const cluster = await startFixtureCluster({ nowMs: Date.now() });
  const management = await startFixtureManagement();
  const authority = await createCertificateAuthority({ commonName: 'stand-in', clock: systemClock });
  const certificate = await authority.issueServerCertificate({
    commonName: 'localhost',
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
  });
  const state: State = {
    sessions: new Map(),
    preferences: {},
    isReachable: true,
    writes: [],
    clusterUrl: cluster.url,
    managementUrl: management.url,
  };
  const views = fixtureViews(cluster.url, () => state.isReachable);
  const server = await startCenterServer({
    address: '127.0.0.1',
    port,
    certificate,
    routes: [...sessionRoutes(state), ...views.routes, ...routes(state)],
    sockets: [views.socket, ...sockets()],
    gate: {
      caller: async ({ header }) => callerOf(state, header('cookie')),
      checkOrigin: () => undefined,
      checkReady: () => undefined,
      touch: () => undefined,
      stillMay: () => Promise.resolve(true),
      redeem: async ({ header }) => callerOf(state, header('cookie')) ?? unauthorized(),
    },
    audit: {
      record: ({ action }) => {
        if (!action.startsWith('GET')) state.writes.push(action);
      },
    },
    files: await StaticFiles.load(folder),
    clock: systemClock,
    log: silentLogger,
  });
  return {
    origin: `https://127.0.0.1:${server.port}`,
    writes: state.writes,
    clusterUrl: cluster.url,
    setReachable: (isReachable) => {
      state.isReachable = isReachable;
    },
    async close() {
      await server.close();
      views.close();
      await cluster.close();
      await management.close();
    },
  };
}

interface State {
  readonly sessions: Map<string, { user: string; mustChange: boolean; steppedUp: boolean }>;
  preferences: Preferences;
  isReachable: boolean;
  readonly writes: string[];
  readonly clusterUrl: string;
  readonly managementUrl: string;
}

function sidOf(cookie: string | undefined): string {
  return /(?:^|;\s*)__Host-sid=([\w-]+)/.exec(cookie ?? '')?.[1] ?? '';
}

function callerOf({ sessions }: State, cookie: string | undefined): Caller | undefined {
  const sessionId = sidOf(cookie);
  const session = sessions.get(sessionId);
  if (!session) return undefined;
  return {
    user: session.user,
    groups: ['operators'],
    sessionId,
    method: 'password',
    steppedUp: () => true,
    mustChangePassword: session.mustChange,
    ended: noEnd,
  };
}

function unauthorized(): never {
  throw new ApiError('Unauthorized', 'sign in first');
}

function describe(state: State, sid: string): Session {
  const session = state.sessions.get(sid);
  if (!session) return unauthorized();
  return {
    user: session.user,
    displayName: session.user === 'admin' ? 'Ada Admin' : session.user,
    groups: ['operators'],
    mustChangePassword: session.mustChange,
    csrfToken: `csrf-${sid}`,
    expires: new Date(Date.now() + 3_600_000).toISOString(),
    providers: [],
  };
}

function sessionRoutes(state: State): (Route | PublicRoute)[] {
  return [
    {
      public: true,
      method: 'GET',
      pattern: paths.session,
      handle: async ({ header }) => {
        const sid = sidOf(header('cookie'));
        return state.sessions.has(sid)
          ? jsonResponse(describe(state, sid))
          : jsonResponse({ providers: [{ id: 'company', title: 'Company account' }] }, { status: 401 });
      },
    },
    {
      public: true,
      method: 'POST',
      pattern: paths.session,
      handle: async (request) => {
        const { user, password } = (await request.json()) as SignIn;
        if (password === 'wrong') throw new ApiError('Unauthorized', 'user name or password is wrong');
        const sid = randomUUID();
        state.sessions.set(sid, { user, mustChange: password === 'first', steppedUp: false });
        return jsonResponse(describe(state, sid), {
          headers: { 'set-cookie': `__Host-sid=${sid}; Path=/; Secure; HttpOnly; SameSite=Lax` },
        });
      },
    },
    route('DELETE', paths.session, async ({ caller }) => {
      state.sessions.delete(caller.sessionId);
      return noContent;
    }),
    route('POST', paths.password, async ({ caller }) => {
      const session = state.sessions.get(caller.sessionId);
      if (session) session.mustChange = false;
      return jsonResponse(describe(state, caller.sessionId));
    }),
    route('POST', paths.stepUp, async (request) => {
      const { password } = (await request.json()) as { password: string };
      if (password === 'wrong') throw new ApiError('Forbidden', 'the password is wrong');
      const session = state.sessions.get(request.caller.sessionId);
      if (session) session.steppedUp = true;
      return jsonResponse(describe(state, request.caller.sessionId));
    }),
    route('POST', paths.tickets, async () => jsonResponse({ ticket: randomUUID() })),
    route('GET', paths.preferences, async () => jsonResponse(state.preferences)),
    route('PUT', paths.preferences, async (request) => {
      state.preferences = (await request.json()) as Preferences;
      return jsonResponse(state.preferences);
    }),
  ];
}

function routes(state: State): Route[] {
  const methods: Method[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
  const proxied = [
    'application/yaml',
    'application/merge-patch+json',
    'application/json-patch+json',
    'application/strategic-merge-patch+json',
    'application/apply-patch+yaml',
  ];
  return [
    ...answers.map(({ pattern, answer }) =>
      route('GET', pattern, async (request) =>
        jsonResponse(await answer(request, { clusterUrl: state.clusterUrl })),
      ),
    ),
    ...joinScripts(),
    componentAction(),
    taskCancel(),
    route('POST', paths.canI(':cluster'), async (request) => {
      const { questions } = (await request.json()) as { questions: unknown[] };
      return jsonResponse({ answers: questions.map(() => ({ allowed: true, why: '' })) });
    }),
    route('POST', paths.placement(':cluster'), async (request) => {
      const question = (await request.json()) as {
        template?: { spec?: { nodeSelector?: Record<string, string> } };
      };
      const pool = question.template?.spec?.nodeSelector?.['apps.openyurt.io/nodepool'];
      const pools = ['beijing', 'shanghai', 'zhangjiakou', 'guangzhou'].map((name) => ({
        pool: name,
        region: name,
        matching: !pool || pool === name ? 3 : 0,
        total: 3,
      }));
      const matching = pools.reduce((sum, one) => sum + one.matching, 0);
      return jsonResponse({
        matching,
        total: 12,
        pools,
        reasons:
          matching < 12
            ? [{ why: "node(s) didn't match Pod's node affinity/selector", nodes: 12 - matching }]
            : [],
      });
    }),
    route('POST', paths.users, async (request) => {
      const { name } = (await request.json()) as { name: string };
      return jsonResponse({ user: name, password: 'quiet-otter-reads-7' }, { status: 201 });
    }),
    route('POST', `${paths.users}/:name/reset-password`, async ({ params }) =>
      jsonResponse({ user: params['name'], password: 'quiet-otter-reads-7' }),
    ),
    route('POST', paths.kubeconfig(':cluster'), async () => ({
      status: 200,
      headers: { 'content-type': 'application/yaml' },
      body: 'apiVersion: v1\nkind: Config\n',
    })),
    ...methods.flatMap((method): Route[] => [
      {
        ...route(method, paths.kubernetes(':cluster', '*'), (request) =>
          forward(request, { base: state.clusterUrl, after: '/kubernetes/' }),
        ),
        contentTypes: proxied,
      },
      {
        ...route(method, paths.management('*'), (request) =>
          forward(request, { base: state.managementUrl, after: '/management/' }),
        ),
        contentTypes: proxied,
      },
    ]),
  ];
}

function route(
  method: Method,
  pattern: string,
  handle: (request: CenterRequest) => Promise<CenterResponse>,
): Route {
  return { method, pattern, handle };
}

async function forward(
  request: CenterRequest,
  { base, after }: { base: string; after: string },
): Promise<CenterResponse> {
  const path = request.path.slice(request.path.indexOf(after) + after.length);
  const query = request.query.toString();
  const body = request.method === 'GET' ? undefined : await request.body(3 << 20);
  const headers: Record<string, string> = { accept: request.header('accept') ?? 'application/json' };
  const type = request.header('content-type');
  if (type) headers['content-type'] = type;
  return passOn(
    await fetch(`${base}/${path}${query ? `?${query}` : ''}`, {
      method: request.method,
      headers,
      ...(body && body.length > 0 ? { body: new Uint8Array(body) } : {}),
    }),
  );
}

async function passOn(response: Response): Promise<CenterResponse> {
  return {
    status: response.status,
    headers: { 'content-type': response.headers.get('content-type') ?? 'application/json' },
    body: new Uint8Array(await response.arrayBuffer()),
  };
}

function sockets(): SocketRoute[] {
  return [
    {
      pattern: paths.logs(':cluster'),
      async open(socket, _, { query }) {
        const pods = query.get('pod') ? [query.get('pod') ?? ''] : ['web-2-a9fd4', 'web-2-b9fd4'];
        let line = 0;
        const startMs = Math.floor(Date.now() / 3_600_000) * 3_600_000;
        const timed = (text: string, nanoseconds: number): string =>
          `${new Date(startMs + line * 1000).toISOString().slice(0, -1)}${String(nanoseconds).padStart(6, '0')}Z ${text}`;
        const say = (): void => {
          for (const source of pods) {
            const lines = [timed(`INFO request ${++line} served in ${(line * 7) % 90} ms`, 1)];
            if (line % 5 === 0) lines.push(timed('ERROR upstream answered 503', 2));
            if (line % 7 === 0)
              lines.push(timed(`{"level":"warn","msg":"slow answer","path":"/${'long/'.repeat(60)}"}`, 3));
            socket.send(JSON.stringify({ type: 'lines', source: `${source}/main`, lines }));
          }
        };
        for (let index = 0; index < 40; index++) say();
        if (query.get('follow') !== 'true') return socket.close(1000);
        const timer = setInterval(say, 1000);
        await once(socket, 'close');
        clearInterval(timer);
      },
    },
    {
      pattern: paths.exec(':cluster'),
      protocols: ['v5.channel.k8s.io'],
      async open(socket) {
        const say = (text: string): void => socket.send(Buffer.concat([Buffer.from([1]), Buffer.from(text)]));
        say('/ # ');
        socket.on('message', (data) => {
          const bytes = data as Buffer;
          if (bytes[0] !== 0) return;
          const typed = bytes.subarray(1).toString();
          say(typed === '\r' ? '\r\n/ # ' : typed);
        });
        await once(socket, 'close');
      },
    },
  ];
}
