/**
 * The node's part of a drill: while its link is cut it asks its name server and its Services again and again, as a pod would,
 * and keeps count. Asked for before the cut, read after it. What does not answer before the cut says nothing about it, and is not asked. One
 * plan at a time; a new one takes its place.
 */
import { Resolver } from 'node:dns/promises';
import { connect } from 'node:net';
import { type Clock, describeError, type Timer } from '@skerry/base';
import { NodeRequestError } from '@skerry/agent';
import {
  type ProbeCount,
  type ProbePlan,
  probePlan,
  type ProbeReport,
  type ProbeTarget,
} from '#drill/probe-plan.ts';

export interface DrillProbesOptions {
  /** Addresses of the cluster's name server on this node. */
  readonly nameServers: () => readonly string[];
  /** Whether the link is cut by a drill: only then answers count. */
  readonly isCut: () => boolean;
  readonly clock: Clock;
}

const roundMs = 2_000;
const answerMs = 2_000;

interface Count {
  asked: number;
  failed: number;
  error?: string;
  before?: string;
}

export class DrillProbes {
  readonly #options: DrillProbesOptions;
  #plan: ProbePlan = { seconds: 1, targets: [] };
  #counts = new Map<string, { name: Count; connection: Count }>();
  #timer: Timer | undefined;
  #endMs = 0;

  constructor(options: DrillProbesOptions) {
    this.#options = options;
  }

  /** Resolves when all has been asked once. @throws NodeRequestError when it is no plan. */
  async begin(document: unknown): Promise<void> {
    const parsed = probePlan.safeParse(document);
    if (!parsed.success) throw new NodeRequestError(400, `no plan of a drill: ${parsed.error.message}`);
    this.stop();
    const plan = parsed.data;
    this.#plan = plan;
    const none = () => ({ asked: 0, failed: 0 });
    this.#counts = new Map(
      plan.targets.map(({ service }) => [service, { name: none(), connection: none() }]),
    );
    await Promise.all(plan.targets.map((target) => this.#askBefore(target)));
    if (this.#plan !== plan) return;
    this.#endMs = this.#options.clock.monotonic() + plan.seconds * 1000;
    this.#next();
  }

  async #askBefore(target: ProbeTarget): Promise<void> {
    const counts = this.#counts.get(target.service);
    const [name, connection] = await this.#ask(target);
    if (name !== undefined && counts) counts.name.before = name;
    if (connection !== undefined && counts) counts.connection.before = connection;
  }

  #ask({ host, address, port }: ProbeTarget): Promise<[string | undefined, string | undefined]> {
    return Promise.all([
      failureOf(resolve(this.#options.nameServers(), { host, address })),
      failureOf(reach(address, port)),
    ]);
  }

  report(): ProbeReport {
    return {
      targets: [...this.#counts].map(([service, { name, connection }]) => ({
        service,
        name: { ...name } satisfies ProbeCount,
        connection: { ...connection } satisfies ProbeCount,
      })),
    };
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #next(): void {
    const { clock } = this.#options;
    if (clock.monotonic() > this.#endMs || this.#plan.targets.length === 0) return;
    this.#timer = clock.after(roundMs, () => {
      void this.#round(this.#plan).then(() => {
        if (this.#timer) this.#next();
      });
    });
  }

  async #round(plan: ProbePlan): Promise<void> {
    if (!this.#options.isCut()) return;
    await Promise.all(plan.targets.map((target) => this.#probe(plan, target)));
  }

  async #probe(plan: ProbePlan, target: ProbeTarget): Promise<void> {
    const [name, connection] = await this.#ask(target);
    // What was asked shortly before the link came back, or for another plan, says nothing.
    if (!this.#options.isCut() || this.#plan !== plan) return;
    const counts = this.#counts.get(target.service);
    if (!counts) return;
    add(counts.name, name);
    add(counts.connection, connection);
  }
}

function add(count: Count, failure: string | undefined): void {
  if (count.before !== undefined) return;
  count.asked++;
  if (failure === undefined) return;
  count.failed++;
  count.error = failure;
}

function failureOf(work: Promise<unknown>): Promise<string | undefined> {
  return work.then(
    () => undefined,
    (error: unknown) => describeError(error),
  );
}

async function resolve(
  servers: readonly string[],
  { host, address }: { host: string; address: string },
): Promise<void> {
  if (servers.length === 0) throw new Error('this node has no name server');
  const resolver = new Resolver({ timeout: answerMs, tries: 1 });
  resolver.setServers([...servers]);
  const found = await resolver.resolve4(host);
  if (!found.includes(address)) throw new Error(`${host} is ${found.join(', ')} and not ${address}`);
}

function reach(host: string, port: number): Promise<void> {
  return new Promise((resolved, reject) => {
    const socket = connect({ host, port, timeout: answerMs });
    socket.once('timeout', () => socket.destroy(new Error(`no answer within ${answerMs / 1000} s`)));
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.destroy();
      resolved();
    });
  });
}
