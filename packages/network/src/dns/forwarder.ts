/**
 * Asks others about names that aren't the cluster's: the servers of the longest stub domain that fits, or the upstreams.
 * They are asked in turn from a server by chance, those that have just failed last, until one answers or time is up; the
 * same question asked twice at once goes out once, which also ends a loop by which we would ask ourselves.
 */
import { describeError, type Clock, type Logger } from '@skerry/base';
import { AnswerCache } from '#dns/answer-cache.ts';
import { rcodes } from '#dns/message.ts';
import type { LoopProbe } from '#dns/loop-probe.ts';
import type { NameServerConfig } from '#dns/name-server-config.ts';
import { parseUpstreamAnswer, questionKey, type UpstreamAnswer } from '#dns/upstream-answer.ts';
import { Upstream, type UpstreamAddress, type UpstreamQuestion } from '#dns/upstream.ts';

export interface ForwarderOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

export type Forwarded =
  | {
      readonly kind: 'answer';
      readonly answer: UpstreamAnswer;
      /** What is left of a TTL. */
      readonly ttl: (original: number) => number;
      readonly isCached: boolean;
    }
  /** More at once than `pendingMax`. */
  | { readonly kind: 'overloaded' }
  | { readonly kind: 'unreachable' };

/** As CoreDNS' `max_concurrent` in kubeadm's configuration. */
const pendingMax = 1_000;
/** Askers give up after 5 s and ask again. */
const wholeMs = 4_500;
const restAfterFailureMs = 10_000;
const staleTtlSeconds = 30;

export class Forwarder {
  readonly #options: ForwarderOptions;
  readonly #cache: AnswerCache;
  readonly #servers = new Map<string, Upstream>();
  readonly #pending = new Map<string, Promise<UpstreamAnswer | undefined>>();
  #config: NameServerConfig = { upstreams: [], stubDomains: new Map() };
  #looping: ReadonlySet<string> = new Set();
  #isUpstreamLost = false;

  constructor(options: ForwarderOptions) {
    this.#options = options;
    this.#cache = new AnswerCache(options);
  }

  get cacheSize(): number {
    return this.#cache.size;
  }

  configure(config: NameServerConfig): void {
    this.#config = config;
    const wanted = [config.upstreams, ...config.stubDomains.values()].flat();
    const names = new Set(wanted.map((address) => this.#server(address).name));
    for (const [name, server] of this.#servers) {
      if (names.has(name)) continue;
      server.close();
      this.#servers.delete(name);
    }
  }

  /** Leaves out upstreams that ask us again, and answers their names. */
  async findLoops(probe: LoopProbe): Promise<string[]> {
    const servers = [...this.#servers.values()];
    const found = await Promise.all(servers.map((server) => probe.leadsBack(server)));
    this.#looping = new Set(servers.filter((_, index) => found[index]).map(({ name }) => name));
    return [...this.#looping];
  }

  close(): void {
    for (const server of this.#servers.values()) server.close();
    this.#servers.clear();
  }

  /** `name` is in lower case and says whom to ask. */
  async ask(name: string, asked: UpstreamQuestion): Promise<Forwarded> {
    const key = `${asked.wantsDnssec ? '+' : '-'}${questionKey(asked.question)}`;
    const cached = this.#cache.get(key);
    if (cached && !cached.isStale) {
      const { answer, ageSeconds } = cached;
      return {
        kind: 'answer',
        answer,
        ttl: (original) => Math.max(original - ageSeconds, 0),
        isCached: true,
      };
    }
    let pending = this.#pending.get(key);
    if (!pending) {
      if (this.#pending.size >= pendingMax) return { kind: 'overloaded' };
      pending = this.#askServers(this.#serversFor(name), asked).finally(() => this.#pending.delete(key));
      this.#pending.set(key, pending);
      void pending.then((answer) => answer && this.#cache.set(key, answer));
    }
    const answer = await pending;
    if (answer && answer.rcode !== rcodes.SERVFAIL) {
      return { kind: 'answer', answer, ttl: (original) => original, isCached: false };
    }
    if (cached) return { kind: 'answer', answer: cached.answer, ttl: () => staleTtlSeconds, isCached: true };
    if (answer) return { kind: 'answer', answer, ttl: (original) => original, isCached: false };
    return { kind: 'unreachable' };
  }

  #server(address: UpstreamAddress): Upstream {
    const server = new Upstream(address, this.#options);
    const known = this.#servers.get(server.name);
    if (known) return known;
    this.#servers.set(server.name, server);
    return server;
  }

  #serversFor(name: string): Upstream[] {
    return this.#configuredFor(name).filter((server) => !this.#looping.has(server.name));
  }

  #configuredFor(name: string): Upstream[] {
    const { upstreams, stubDomains } = this.#config;
    for (let domain = name; domain !== ''; domain = parentOf(domain)) {
      const stub = stubDomains.get(domain);
      if (stub) return stub.map((address) => this.#server(address));
    }
    return upstreams.map((address) => this.#server(address));
  }

  /** Undefined where nobody answered. A failure of one server is another's turn; the last one's is the answer. */
  async #askServers(
    servers: readonly Upstream[],
    asked: UpstreamQuestion,
  ): Promise<UpstreamAnswer | undefined> {
    const { clock } = this.#options;
    const deadlineMs = clock.monotonic() + wholeMs;
    let last: UpstreamAnswer | undefined;
    let fault: unknown;
    const turns = this.#inTurn(servers);
    // Where all have just failed, askers hear so sooner.
    const tries = turns.every((server) => this.#rests(server)) ? turns : [...turns, ...turns];
    for (const server of tries) {
      if (clock.monotonic() > deadlineMs) break;
      try {
        last = parseUpstreamAnswer(await server.ask(asked));
        const isFailure = last.rcode === rcodes.SERVFAIL || last.rcode === rcodes.REFUSED;
        if (!isFailure) break;
      } catch (error) {
        fault = error;
      }
    }
    this.#tell(last !== undefined, fault);
    return last;
  }

  #inTurn(servers: readonly Upstream[]): Upstream[] {
    const first = Math.floor(this.#options.random() * servers.length);
    const turned = [...servers.slice(first), ...servers.slice(0, first)];
    const rests = (server: Upstream) => this.#rests(server);
    return [...turned.filter((server) => !rests(server)), ...turned.filter(rests)];
  }

  #rests({ failures, failedMs }: Upstream): boolean {
    return failures > 0 && this.#options.clock.monotonic() - failedMs < restAfterFailureMs;
  }

  /** Once per change, not per question. */
  #tell(isAnswered: boolean, fault: unknown): void {
    if (isAnswered !== this.#isUpstreamLost) return;
    this.#isUpstreamLost = !isAnswered;
    const { log } = this.#options;
    if (isAnswered) log.info('upstream name servers answer again');
    else log.warn('no upstream name server answers', { error: describeError(fault ?? 'there is none') });
  }
}

function parentOf(domain: string): string {
  const dot = domain.indexOf('.');
  return dot < 0 ? '' : domain.slice(dot + 1);
}
