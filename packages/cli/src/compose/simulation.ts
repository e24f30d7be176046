/**
 * Many simulated nodes in one process, each with a certificate, a link and an agent of its own, as real machines have; only
 * containers are missing. Their identities are kept, so that a later run has the same nodes.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { MachineFacts } from '@skerry/agent';
import { type Clock, describeError, type Logger } from '@skerry/base';
import { agentFiles, readAgentIdentity } from '../join/agent-config.ts';
import { joinCluster, type JoinReport } from '../join/join.ts';
import { runNode } from './node.ts';

export interface SimulationOptions {
  /** `host:port` of the center. */
  readonly address: string;
  /** Asked for once per node that has not joined before. */
  readonly token: string;
  readonly names: readonly string[];
  readonly regions: readonly string[];
  readonly pool?: string;
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  onJoined(count: number): void;
}

/** Joins under way at a time: each makes a key and asks the center for a signature. */
const joinsMax = 16;

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

const silentReport: JoinReport = { step: (_title, work) => work() };

/** Resolves when stopped; rejects when a node can't join. */
export async function runSimulation(options: SimulationOptions, signal: AbortSignal): Promise<void> {
  const { names, log } = options;
  const running: Promise<void>[] = [];
  let next = 0;
  let joined = 0;
  const worker = async () => {
    while (next < names.length && !signal.aborted) {
      const index = next++;
      await joinOnce(options, index);
      running.push(
        runOne(options, index, signal).catch((error: unknown) => {
          log.error('simulated node ended', { node: names[index], error: describeError(error) });
        }),
      );
      options.onJoined(++joined);
    }
  };
  await Promise.all(Array.from({ length: joinsMax }, worker));
  await Promise.all(running);
}

async function joinOnce(options: SimulationOptions, index: number): Promise<void> {
  const { address, token, pool, regions, clock, log } = options;
  const directory = nodeDirectory(options, index);
  if (existsSync(agentFiles(directory).certificate)) return;
  const region = regions[index % regions.length];
  await joinCluster({
    address,
    token,
    pool,
    nodeName: options.names[index] ?? '',
    labels: region ? { 'topology.kubernetes.io/region': region } : {},
    runtimeEndpoint: 'simulated',
    dataDirectory: directory,
    clock,
    log,
    report: silentReport,
  });
}

async function runOne(options: SimulationOptions, index: number, signal: AbortSignal): Promise<void> {
  const { clock, log, random } = options;
  const directory = nodeDirectory(options, index);
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
      lean: { machine: simulatedMachine },
    },
    signal,
  );
}

function nodeDirectory({ directory, names }: SimulationOptions, index: number): string {
  return join(directory, names[index] ?? '');
}
