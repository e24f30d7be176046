/**
 * Many simulated nodes in one thread, each with a certificate, a link and an agent of its own, as real machines have; only
 * containers are missing. They join over one connection, since they share one token. Their identities are kept, so that a
 * later run has the same nodes.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { MachineFacts } from '@skerry/agent';
import { Backoff, type Clock, describeError, type Logger, SkerryError, sleep } from '@skerry/base';
import { type ApiClient, createClient, createHttpTransport } from '@skerry/client';
import { bootstrapTokenOf, parseJoinToken } from '@skerry/pki';
import { agentFiles, readAgentIdentity, writeAgentIdentity } from '#join/agent-config.ts';
import { fetchAuthority, parseAddress } from '#join/cluster-info.ts';
import { requestNodeCertificate, resolvePool } from '#join/node-certificate.ts';
import { version } from '#version.ts';
import { runNode } from './node.ts';

export interface SimulatedNode {
  readonly name: string;
  readonly region: string | undefined;
}

/** What can be handed to another thread. */
export interface SimulationPart {
  /** `host:port` of the center. */
  readonly address: string;
  /** Asked for once per node that has not joined before. */
  readonly token: string;
  readonly nodes: readonly SimulatedNode[];
  /** Nodes that join, or come again, at a time. */
  readonly joinsMax: number;
  readonly pool: string | undefined;
  readonly directory: string;
}

export interface SimulationOptions extends SimulationPart {
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  /** One more. */
  readonly onJoined: () => void;
}

/** A center that is busy with the nodes that joined before may need several tries. */
const joinAttemptsMax = 5;

/** A machine of middling size; nothing of it is measured. */
const simulatedMachine: MachineFacts = {
  architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
  milliCpu: 32_000,
  memoryBytes: 128 * 1024 ** 3,
  ephemeralStorageBytes: 512 * 1024 ** 3,
  hostname: '',
  osImage: 'simulated',
  kernelVersion: 'simulated',
  machineId: '',
  systemUuid: '',
  bootId: '',
};

/** Resolves when stopped; rejects when a node can't join. */
export async function runSimulation(options: SimulationOptions, signal: AbortSignal): Promise<void> {
  const { nodes, joinsMax, log } = options;
  const running: Promise<void>[] = [];
  let next = 0;
  let joined = 0;
  // One node that can't join ends the others too: the owner is told at once instead of when all are stopped.
  const failed = new AbortController();
  const whole = AbortSignal.any([signal, failed.signal]);
  // A signal of its own for each: listeners on a shared one are searched one by one at every sleep of every node.
  const stops = new Set<AbortController>();
  whole.addEventListener('abort', () => stops.forEach((stop) => stop.abort(whole.reason)), { once: true });
  const door = new Door(options);
  const worker = async () => {
    while (next < nodes.length && !whole.aborted) {
      const node = nodes[next++]!;
      await joinOnce(options, { node, door, signal: whole });
      const stop = new AbortController();
      stops.add(stop);
      if (whole.aborted) return;
      const arrived = Promise.withResolvers<void>();
      const ran = runOne(options, node, { onNode: arrived.resolve, signal: stop.signal })
        .catch((error: unknown) => {
          log.error('simulated node ended', { node: node.name, error: describeError(error) });
        })
        .finally(arrived.resolve);
      running.push(ran);
      joined++;
      options.onJoined();
      // As machines come, not all in one moment: this thread alone would be the other end of thousands of links.
      await arrived.promise;
    }
  };
  try {
    await Promise.all(Array.from({ length: joinsMax }, worker));
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    door.close();
    if (joined < nodes.length) failed.abort(new Error('a node could not join'));
    await Promise.all(running);
  }
}

/** The way in that all nodes share: the center is verified once, and asked over one connection. */
class Door {
  readonly #options: SimulationOptions;
  #opened: Promise<{ client: ApiClient; authorityPem: string; pool: string | undefined }> | undefined;

  constructor(options: SimulationOptions) {
    this.#options = options;
  }

  open() {
    return (this.#opened ??= this.#open());
  }

  close(): void {
    this.#opened?.then(
      ({ client }) => client.close(),
      () => undefined,
    );
  }

  async #open() {
    const { clock, pool } = this.#options;
    const address = parseAddress(this.#options.address);
    const token = parseJoinToken(this.#options.token);
    const authorityPem = await fetchAuthority({ address, authorityHash: token.authorityHash, clock });
    const transport = createHttpTransport({
      server: `https://${address.text}`,
      ca: authorityPem,
      token: bootstrapTokenOf(token),
      clock,
    });
    const client = createClient({ transport, userAgent: `skerry-join/${version}`, clock });
    return { client, authorityPem, pool: await resolvePool(client, pool) };
  }
}

async function joinOnce(
  options: SimulationOptions,
  { node, door, signal }: { node: SimulatedNode; door: Door; signal: AbortSignal },
): Promise<void> {
  const { clock, random } = options;
  const { name: nodeName, region } = node;
  const directory = join(options.directory, nodeName);
  if (existsSync(agentFiles(directory).certificate)) return;
  const { client, authorityPem, pool } = await door.open();
  const backoff = new Backoff({ baseMs: 500, maxMs: 5_000, jitter: 0.5, random });
  const pair = await retried(
    () => requestNodeCertificate(client, { nodeName, clock, signal }),
    () => sleep(clock, backoff.next(), signal),
  );
  await writeAgentIdentity(directory, {
    authorityPem,
    ...pair,
    config: {
      server: parseAddress(options.address).text,
      nodeName,
      ...(pool === undefined ? {} : { pool }),
      labels: region ? { 'topology.kubernetes.io/region': region } : {},
      taints: [],
      runtimeEndpoint: 'simulated',
    },
  });
}

/** A refusal stays one; anything else may pass. */
async function retried<T>(work: () => Promise<T>, wait: () => Promise<void>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= joinAttemptsMax || (error instanceof SkerryError && refusals.has(error.code)))
        throw error;
    }
    await wait();
  }
}

const refusals = new Set(['token-expired', 'join-forbidden', 'node-exists', 'certificate-denied']);

async function runOne(
  options: SimulationOptions,
  node: SimulatedNode,
  { onNode, signal }: { onNode: () => void; signal: AbortSignal },
): Promise<void> {
  const { clock, log, random } = options;
  const directory = join(options.directory, node.name);
  const identity = readAgentIdentity(directory);
  await runNode(
    {
      identity,
      joinedDirectory: directory,
      dataDirectory: directory,
      kubeletDirectory: directory,
      cniConfDirectory: directory,
      clock,
      log: log.with({ node: identity.config.nodeName }),
      random,
      lean: { machine: simulatedMachine, onNode },
    },
    signal,
  );
}
