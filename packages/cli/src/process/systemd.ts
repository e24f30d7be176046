/** The agent as a systemd service, where systemd runs. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { type Clock, SkerryError, sleep } from '@skerry/base';
import { writeFileAtomically } from '@skerry/pki';
import { currentEntry, currentNode, installedBuild } from '#release/layout.ts';
import { agentUnit } from './agent-unit.ts';
import { runCommand } from './command.ts';
import { selfCommand } from './self.ts';

const unitName = 'skerry-agent.service';
const unitFile = `/etc/systemd/system/${unitName}`;
const settleMs = 10_000;
const lookEveryMs = 500;

/** Writes, enables and starts the unit. `left`: there is no systemd and it wasn't required. */
export async function installAgentService(options: {
  dataDirectory: string;
  runtimeEndpoint: string;
  required: boolean;
}): Promise<'started' | 'left'> {
  if (!existsSync('/run/systemd/system') || process.getuid?.() !== 0) {
    if (!options.required) return 'left';
    throw new SkerryError(
      'system-unsupported',
      '--start systemd: systemd does not run here, or this is not root; use --start none',
    );
  }
  const { dataDirectory, runtimeEndpoint } = options;
  const unit = agentUnit({ command: agentCommand(dataDirectory), runtimeEndpoint });
  await writeFileAtomically(unitFile, unit, { mode: 0o644 });
  await runCommand('systemctl', ['daemon-reload']);
  await runCommand('systemctl', ['enable', '--now', unitName]);
  return 'started';
}

/** By the link to the current build, so that an upgrade needs no other unit. */
function agentCommand(dataDirectory: string): string[] {
  const { program, args } = selfCommand(['agent', '--data-dir', dataDirectory], { heapMb: 256 });
  const installed = installedBuild(process.argv[1]);
  if (!installed) return [program, ...args];
  const entry = process.argv[1];
  const current = args.map((word) => (word === entry ? currentEntry(installed.prefix) : word));
  return [currentNode(installed.prefix), ...current];
}

export function hasAgentService(): boolean {
  return existsSync(unitFile);
}

/** Rejects when it does not stay up for ten seconds. */
export async function restartAgentService(clock: Clock): Promise<void> {
  await runCommand('systemctl', ['restart', unitName]);
  const untilMs = clock.monotonic() + settleMs;
  while (clock.monotonic() < untilMs) {
    await sleep(clock, lookEveryMs);
    // Its exit code says more than its output: this rejects when the unit is not active.
    await runCommand('systemctl', ['is-active', '--quiet', unitName]);
  }
}

export async function removeAgentService(): Promise<void> {
  if (!existsSync(unitFile)) return;
  await runCommand('systemctl', ['disable', '--now', unitName]);
  await rm(unitFile, { force: true });
  await runCommand('systemctl', ['daemon-reload']);
}
