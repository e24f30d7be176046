/** A hub before a real API server, with a link that can be cut, and callers of every kind. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecurity } from '@skerry/apiserver';
import { startTestServer, type TestServer } from '@skerry/apiserver/testing';
import { silentLogger, systemClock, Waiters, type Clock } from '@skerry/base';
import { eventually } from '@skerry/base/testing';
import {
  createClient,
  createHttpTransport,
  resources,
  TransportError,
  type ApiClient,
  type Transport,
  type TransportRequest,
  type TransportResponse,
} from '@skerry/client';
import { createServiceAccountKey, type ServiceAccountKey } from '@skerry/pki';
import { openMemoryStore, type Store } from '@skerry/store';
import type { KubeObject, TokenRequest } from '@skerry/api';
import { createHub, type Hub } from '#hub.ts';
import type { Upstream } from '#contract.ts';

export const nodeName = 'n1';

/** The link: a transport that fails, and breaks what is open, while it is cut. */
export class TestLink implements Upstream {
  readonly transport: Transport;
  /** What went to the center, in order: `GET /api/v1/pods?…`. */
  readonly asked: string[] = [];
  /** The same with their headers. */
  readonly requests: TransportRequest[] = [];
  readonly #waiters = new Waiters();
  #broken = new AbortController();
  #linked = true;
  #inFlight = 0;

  constructor(inner: Transport) {
    this.transport = {
      request: async (request) => {
        if (!this.#linked) throw new TransportError('api-unreachable', 'the link is cut', { sent: false });
        this.asked.push(`${request.method} ${request.path}`);
        this.requests.push(request);
        return this.#request(inner, request);
      },
      close: () => inner.close(),
    };
  }

  /** Waits until nothing is under way but watches. */
  async idle(): Promise<void> {
    await eventually(() => {
      if (this.#inFlight > 0) throw new Error(`${this.#inFlight} requests are under way`);
    });
  }

  isLinked(): boolean {
    return this.#linked;
  }

  whenLinked(signal: AbortSignal): Promise<void> {
    return this.#linked ? Promise.resolve() : this.#waiters.wait(signal);
  }

  cut(): void {
    this.#linked = false;
    this.#broken.abort(lost());
  }

  mend(): void {
    this.#linked = true;
    this.#broken = new AbortController();
    this.#waiters.wake();
  }

  async #request(inner: Transport, request: TransportRequest): Promise<TransportResponse> {
    const broken = this.#broken.signal;
    const signal = request.signal ? AbortSignal.any([request.signal, broken]) : broken;
    const asLoss = (error: unknown) => {
      request.signal?.throwIfAborted();
      return broken.aborted ? lost() : error;
    };
    const counts = request.path.includes('watch=true') ? 0 : 1;
    this.#inFlight += counts;
    const ended = () => void (this.#inFlight -= counts);
    try {
      const response = await inner.request({ ...request, signal });
      return { ...response, body: lossy(response.body, { asLoss, ended }) };
    } catch (error) {
      ended();
      throw asLoss(error);
    }
  }
}

async function* lossy(
  body: AsyncIterable<Uint8Array>,
  { asLoss, ended }: { asLoss: (error: unknown) => unknown; ended: () => void },
): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw asLoss(error);
  } finally {
    ended();
  }
}

function lost(): TransportError {
  return new TransportError('api-connection-lost', 'the link was cut', { sent: true });
}

export class HubHarness {
  readonly admin: ApiClient;
  /** Past the hub, as somebody who may do everything. */
  readonly center: Transport;
  readonly link: TestLink;
  readonly directory = mkdtempSync(join(tmpdir(), 'skerry-hub-'));
  /** Uids of pods that run on the node. */
  readonly pods = new Set<string>();
  readonly clock: Clock;
  readonly #transports: Transport[];
  readonly #center: Center;
  #server: TestServer;
  #hub: Hub;
  #stop = new AbortController();
  #running: Promise<void>;

  private constructor(server: TestServer, center: Center, clock: Clock) {
    this.#server = server;
    this.#center = center;
    this.clock = clock;
    const ownTransport = createHttpTransport({ server: server.url, token: 'node', clock: systemClock });
    const adminTransport = createHttpTransport({ server: server.url, token: 'admin', clock: systemClock });
    this.center = adminTransport;
    this.#transports = [ownTransport, adminTransport];
    this.admin = createClient({ transport: adminTransport, userAgent: 'test', clock: systemClock });
    this.link = new TestLink(ownTransport);
    this.#hub = this.#start();
    this.#running = this.#hub.run(this.#stop.signal);
  }

  static async start({ clock = systemClock }: { clock?: Clock } = {}): Promise<HubHarness> {
    const center = {
      store: openMemoryStore({ clock: systemClock }),
      serviceAccountKey: await createServiceAccountKey(),
    };
    return new HubHarness(await startCenter(center), center, clock);
  }

  /** Starts the API server anew on its store: what happened before is not known to its watches. */
  async forgetHistory(): Promise<void> {
    const port = Number(new URL(this.#server.url).port);
    await this.#server.close();
    this.#server = await startCenter(this.#center, port);
  }

  get hub(): Hub {
    return this.#hub;
  }

  /** The node's agent. */
  get node(): ApiClient {
    return createClient({ transport: this.#hub.transport, userAgent: 'agent' });
  }

  /** Whoever has the token, over the hub. */
  as(token: string): ApiClient {
    return createClient({ transport: this.transportOf(token), userAgent: 'pod' });
  }

  transportOf(token: string): Transport {
    return {
      request: async (request) => {
        const hub = this.#hub;
        return hub.answer(request, await hub.identify(token));
      },
      close: () => undefined,
    };
  }

  /** Ends the hub and begins another on the same disk. */
  async restart(): Promise<void> {
    await this.stopHub();
    this.#stop = new AbortController();
    this.#hub = this.#start();
    this.#running = this.#hub.run(this.#stop.signal);
  }

  async stopHub(): Promise<void> {
    this.#stop.abort(new Error('the test stops the hub'));
    await this.#running;
    await this.#hub.close();
  }

  async close(): Promise<void> {
    await this.stopHub();
    for (const transport of this.#transports) transport.close();
    await this.#server.close();
    await this.#center.store.close();
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** A pod on the node, and a token of its account bound to it. The account may do what `rules` say in `namespace`. */
  async podToken(
    namespace: string,
    account: string,
    rules: readonly object[],
  ): Promise<{ readonly token: string; readonly uid: string }> {
    const create = (ref: Parameters<ApiClient['resource']>[0], object: KubeObject) =>
      this.admin.resource(ref).create(object, { namespace });
    const rbac = { group: 'rbac.authorization.k8s.io', version: 'v1', namespaced: true } as const;
    await create(resources.serviceAccounts, { metadata: { name: account, namespace } });
    await create({ ...rbac, resource: 'roles', kind: 'Role' }, {
      metadata: { name: account, namespace },
      rules,
    } as KubeObject);
    await create({ ...rbac, resource: 'rolebindings', kind: 'RoleBinding' }, {
      metadata: { name: account, namespace },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: account },
      subjects: [{ kind: 'ServiceAccount', name: account, namespace }],
    } as KubeObject);
    const pod = await create(resources.pods, {
      metadata: { name: account, namespace },
      spec: {
        nodeName,
        serviceAccountName: account,
        containers: [{ name: 'main', image: 'busybox' }],
      },
    } as KubeObject);
    const uid = pod.metadata?.uid ?? '';
    this.pods.add(uid);
    const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name: account, uid };
    const body = { spec: { expirationSeconds: 3600, audiences: [], boundObjectRef } };
    const answer = await this.admin
      .resource(resources.serviceAccounts)
      .createSubresource<TokenRequest>(account, 'token', body, { namespace });
    return { token: answer.status?.token ?? '', uid };
  }

  #start(): Hub {
    return createHub({
      nodeName,
      cacheFile: join(this.directory, 'cache', 'hub.db'),
      key: Buffer.alloc(32, 7),
      upstream: this.link,
      pods: { has: (uid) => this.pods.has(uid), areKnown: () => true },
      clock: this.clock,
      log: silentLogger,
      random: Math.random,
    });
  }
}

interface Center {
  readonly store: Store;
  readonly serviceAccountKey: ServiceAccountKey;
}

function startCenter({ store, serviceAccountKey }: Center, port = 0): Promise<TestServer> {
  return startTestServer({
    store,
    port,
    security: createSecurity({
      clock: systemClock,
      log: silentLogger,
      random: Math.random,
      serviceAccountKey,
      staticTokens: [
        { token: 'admin', user: { name: 'admin', groups: ['system:masters'] } },
        { token: 'node', user: { name: `system:node:${nodeName}`, groups: ['system:nodes'] } },
      ],
    }),
  });
}
