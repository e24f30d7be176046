/**
 * `skerry doctor`: what keeps this machine from being a good node, each with what to do about it. It changes nothing, and may
 * run beside an agent at work.
 */
import { type Clock, describeError, SkerryError } from '@skerry/base';
import { type AgentIdentity, readAgentIdentity } from '#join/agent-config.ts';
import { type CenterAddress, parseAddress } from '#join/cluster-info.ts';
import { centerOfNodeCheck, centerToJoinCheck, certificateCheck } from './center-checks.ts';
import type { Check, Finding } from './finding.ts';
import { failed } from './finding.ts';
import {
  bridgedCheck,
  familiesCheck,
  filterCheck,
  linksCheck,
  overlayCheck,
  tunnelCheck,
} from './kernel-checks.ts';
import * as machine from './machine-checks.ts';
import { proxyCheck } from './proxy-check.ts';
import { pluginsCheck, runtimeCheck } from './runtime-checks.ts';
import type { DoctorSystem } from './system.ts';

export interface DoctorOptions {
  readonly dataDirectory: string;
  /** The center that is about to be joined. */
  readonly address?: CenterAddress;
  readonly nodeName?: string;
  /** That of the joined node, or the usual one, unless told. */
  readonly runtimeEndpoint?: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly system: DoctorSystem;
  readonly clock: Clock;
}

export interface Examined {
  readonly title: string;
  readonly finding: Finding;
}

export const usualRuntimeEndpoint = 'unix:///run/containerd/containerd.sock';

/** All checks in their order; they are made at the same time. */
export async function examine(options: DoctorOptions): Promise<readonly Examined[]> {
  return Promise.all(
    checksFor(options).map(async (check) => ({
      title: check.title,
      finding: await check
        .look(options.system)
        .catch((error: unknown) =>
          failed('check-not-made', describeError(error), 'Look at what it says; the check itself failed.'),
        ),
    })),
  );
}

/**
 * What a join asks of a machine beside what it checks itself. Throws the first fault under its own code, with all of them in its
 * message; codes in `ignored`, or all with `all`, count for nothing.
 */
export async function requireFit(options: DoctorOptions, ignored: readonly string[]): Promise<void> {
  if (options.runtimeEndpoint === 'simulated' || ignored.includes('all')) return;
  const { dataDirectory, system } = options;
  const checks = [
    machine.programsCheck,
    machine.cgroupCheck,
    machine.diskCheck(dataDirectory),
    runtimeCheck(options.runtimeEndpoint ?? usualRuntimeEndpoint),
    pluginsCheck,
    linksCheck,
    filterCheck,
  ];
  const findings = await Promise.all(checks.map((check) => check.look(system)));
  const faults = findings.filter((finding) => finding.state === 'failed' && !ignored.includes(finding.code));
  const [first] = faults;
  if (first?.state !== 'failed') return;
  const words = faults.map((fault) => ('mend' in fault ? `${fault.detail}; ${fault.mend}` : fault.detail));
  throw new SkerryError(
    first.code,
    `${words.join(' ')} (\`skerry doctor\` looks again; --ignore-preflight-errors ${first.code} joins all the same)`,
  );
}

function checksFor(options: DoctorOptions): Check[] {
  const { dataDirectory, address, clock, environment, nodeName } = options;
  const identity = identityIn(dataDirectory);
  const endpoint = options.runtimeEndpoint ?? identity?.config.runtimeEndpoint ?? usualRuntimeEndpoint;
  return [
    machine.systemCheck,
    machine.rightsCheck,
    machine.nodeNameCheck(nodeName ?? identity?.config.nodeName),
    machine.dataDirectoryCheck(dataDirectory),
    machine.diskCheck(dataDirectory),
    machine.memoryCheck,
    machine.cgroupCheck,
    machine.limitsCheck,
    machine.programsCheck,
    runtimeCheck(endpoint),
    ...(endpoint === 'simulated'
      ? []
      : [pluginsCheck, overlayCheck, linksCheck, familiesCheck, filterCheck, bridgedCheck, tunnelCheck]),
    proxyCheck({
      environment,
      kept: identity?.config.proxy,
      center: identity ? parseAddress(identity.config.server) : address,
    }),
    // On a node at work they are the agent's own.
    ...(identity ? [] : [machine.portsCheck]),
    ...(identity
      ? [
          centerOfNodeCheck(identity, { clock, environment }),
          certificateCheck(identity, dataDirectory, clock),
        ]
      : address
        ? [centerToJoinCheck(address, { clock, environment })]
        : []),
  ];
}

function identityIn(dataDirectory: string): AgentIdentity | undefined {
  try {
    return readAgentIdentity(dataDirectory);
  } catch {
    // Not joined, which is no fault.
    return undefined;
  }
}
