/** The agent as a systemd service, where systemd runs. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { SkerryError } from '@skerry/base';
import { writeFileAtomically } from '@skerry/pki';
import { runCommand } from './command.ts';
import { selfCommand } from './self.ts';

const unitFile = '/etc/systemd/system/skerry-agent.service';

/** Writes, enables and starts the unit. `left`: there is no systemd and it wasn't required. */
export async function installAgentService(options: {
  dataDirectory: string;
  required: boolean;
}): Promise<'started' | 'left'> {
  if (!existsSync('/run/systemd/system') || process.getuid?.() !== 0) {
    if (!options.required) return 'left';
    throw new SkerryError(
      'system-unsupported',
      '--start systemd: systemd does not run here, or this is not root; use --start none',
    );
  }
  const { program, args } = selfCommand(['agent', '--data-dir', options.dataDirectory], { heapMb: 256 });
  await writeFileAtomically(unitFile, unit([program, ...args]), { mode: 0o644 });
  await runCommand('systemctl', ['daemon-reload']);
  await runCommand('systemctl', ['enable', '--now', 'skerry-agent.service']);
  return 'started';
}

export async function removeAgentService(): Promise<void> {
  if (!existsSync(unitFile)) return;
  await runCommand('systemctl', ['disable', '--now', 'skerry-agent.service']);
  await rm(unitFile, { force: true });
  await runCommand('systemctl', ['daemon-reload']);
}

/** Containers are the runtime's children, not the agent's: only the agent's own process is in the unit. */
function unit(command: readonly string[]): string {
  return `[Unit]
Description=Skerry node agent
After=network-online.target containerd.service
Wants=network-online.target

[Service]
ExecStart=${command.map(quoted).join(' ')}
Restart=always
RestartSec=2
KillMode=process
Delegate=yes

[Install]
WantedBy=multi-user.target
`;
}

function quoted(word: string): string {
  return /^[\w./:=@,+-]+$/.test(word)
    ? word
    : `"${word.replaceAll(/["\\$%]/g, (character) => (character === '%' ? '%%' : `\\${character}`))}"`;
}
