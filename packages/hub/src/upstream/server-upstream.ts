/**
 * An API server at an address as a hub's way to the center, where there is no link that says whether it lives: a cluster of
 * elsewhere, before which the hub is a plain caching proxy.
 *
 * Whether it can be reached is asked every ten seconds, and at once when a request broke. Two questions in a row without an
 * answer are a cut: one may be a server that is being restarted, or one slow moment, and calling that a cut would make every
 * watch of the node begin anew when the server can least use it. With the cut all connections go, since one that only seems
 * to live would be taken for a true copy of what happens at the other end.
 *
 * Requests of others never share a connection with the node's own: kube-apiserver believes a client certificate before it
 * looks at a token, so that a pod's request on the node's connection would be answered to the node.
 */
import { Backoff, describeError, sleep, Waiters, type Clock, type Logger, type Service } from '@skerry/base';
import {
  TransportError,
  type Transport,
  type TransportRequest,
  type TransportResponse,
} from '@skerry/client';
import type { Upstream } from '#contract.ts';

export interface ServerUpstreamOptions {
  /** Makes a transport that shows the node's own credentials, as they are now. */
  readonly openOwn: () => Promise<Transport>;
  /** Makes a transport without any: who asks is said by each request. */
  readonly openBare: () => Transport;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

export interface ServerUpstream extends Upstream, Service {
  close(): void;
}

const askEveryMs = 10_000;
const answerWithinMs = 5_000;
/** However many requests break, nothing is asked more often. */
const pauseMs = 500;
const credentialsEveryMs = 60_000;

export function createServerUpstream(options: ServerUpstreamOptions): ServerUpstream {
  return new WatchedServer(options);
}

class WatchedServer implements ServerUpstream {
  readonly name = 'way to the API server';
  readonly transport: Transport;
  readonly #options: ServerUpstreamOptions;
  readonly #waiters = new Waiters();
  #own: Promise<Transport> | undefined;
  #bare: Transport | undefined;
  #linked = false;
  #doubt = () => undefined as void;
  #credentialsMs: number;

  constructor(options: ServerUpstreamOptions) {
    this.#options = options;
    this.#credentialsMs = options.clock.monotonic();
    this.transport = {
      request: (request) => {
        if (this.#linked) return this.#request(request);
        const what = `${request.method} ${request.path.split('?')[0]}`;
        return Promise.reject(
          new TransportError('api-unreachable', `${what}: the API server does not answer`, { sent: false }),
        );
      },
      close: () => this.close(),
    };
  }

  isLinked(): boolean {
    return this.#linked;
  }

  whenLinked(signal: AbortSignal): Promise<void> {
    return this.#linked ? Promise.resolve() : this.#waiters.wait(signal);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, random } = this.#options;
    const backoff = new Backoff({ baseMs: 1_000, maxMs: askEveryMs, jitter: 0.5, random });
    while (!signal.aborted) {
      const fault = await this.#askTwice(signal);
      if (signal.aborted) break;
      if (fault !== undefined) {
        if (this.#linked || backoff.failures === 0)
          log.warn('the API server does not answer, the hub does', { error: fault });
        this.#cut();
        await sleep(clock, backoff.next(), signal).catch(() => undefined);
        continue;
      }
      if (!this.#linked) log.info('the API server answers');
      backoff.reset();
      this.#mend();
      await this.#pause(askEveryMs * (0.75 + random() / 2), signal);
    }
    this.#cut();
  }

  close(): void {
    const own = this.#own;
    this.#own = undefined;
    void own?.then(
      (transport) => transport.close(),
      () => undefined,
    );
    this.#bare?.close();
    this.#bare = undefined;
  }

  async #askTwice(signal: AbortSignal): Promise<string | undefined> {
    const fault = await this.#ask(signal);
    return fault === undefined || signal.aborted ? fault : this.#ask(signal);
  }

  /** Why it can't be reached; undefined: it can. */
  async #ask(signal: AbortSignal): Promise<string | undefined> {
    const { clock } = this.#options;
    const silent = new AbortController();
    const timer = clock.after(answerWithinMs, () => silent.abort(new Error('no answer in time')));
    try {
      const response = await this.#way({ method: 'GET', path: '/version', headers: {} }).then((way) =>
        way.request({
          method: 'GET',
          path: '/version',
          headers: { accept: 'application/json', 'user-agent': 'skerry-hub' },
          signal: AbortSignal.any([signal, silent.signal]),
        }),
      );
      await response.body[Symbol.asyncIterator]().return?.();
      if (response.status === 401) this.#readCredentials();
      // By balancers, of servers behind them that they don't reach.
      return response.status >= 502 && response.status <= 504 ? `it answers ${response.status}` : undefined;
    } catch (error) {
      return describeError(error);
    } finally {
      timer.cancel();
    }
  }

  async #request(request: TransportRequest): Promise<TransportResponse> {
    try {
      const way = await this.#way(request);
      const response = await way.request(request);
      return { ...response, body: this.#watched(response.body) };
    } catch (error) {
      if (error instanceof TransportError) this.#doubt();
      throw error;
    }
  }

  async *#watched(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* body;
    } catch (error) {
      if (error instanceof TransportError) this.#doubt();
      throw error;
    }
  }

  #way({ headers }: TransportRequest): Promise<Transport> {
    const isOfOthers = Object.keys(headers).some((name) => name.toLowerCase() === 'authorization');
    if (isOfOthers) return Promise.resolve((this.#bare ??= this.#options.openBare()));
    this.#own ??= this.#options.openOwn();
    return this.#own;
  }

  /** Those that are used are taken no more: there may be newer ones. */
  #readCredentials(): void {
    const nowMs = this.#options.clock.monotonic();
    if (nowMs - this.#credentialsMs < credentialsEveryMs) return;
    this.#credentialsMs = nowMs;
    const former = this.#own;
    this.#own = undefined;
    void former?.then(
      (transport) => transport.close(),
      () => undefined,
    );
  }

  #cut(): void {
    this.#linked = false;
    this.close();
  }

  #mend(): void {
    this.#linked = true;
    this.#waiters.wake();
  }

  /** Until that time, or until a request breaks. */
  async #pause(delayMs: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const woken = new AbortController();
    this.#doubt = () => woken.abort(new Error('a request broke'));
    await sleep(clock, delayMs, AbortSignal.any([signal, woken.signal])).catch(() => undefined);
    this.#doubt = () => undefined;
    if (woken.signal.aborted) await sleep(clock, pauseMs, signal).catch(() => undefined);
  }
}
