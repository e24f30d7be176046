/** The hub's own address, which every node has and no packet leaves the machine for. */
import { hubAddress } from '@skerry/pki';
import { runCommand } from '#process/command.ts';

export const hubInterface = 'skerry-hub';

/** A dummy interface holds the address; kernels without those have bridges, of which one without ports does as well. */
export async function ensureHubAddress(): Promise<void> {
  const present = await runCommand('ip', ['-o', 'link', 'show']);
  if (!present.includes(`: ${hubInterface}:`)) {
    await addLink('dummy').catch(() => addLink('bridge'));
  }
  await runCommand('ip', ['address', 'replace', `${hubAddress}/32`, 'dev', hubInterface]);
  await runCommand('ip', ['link', 'set', hubInterface, 'up']);
}

async function addLink(type: 'dummy' | 'bridge'): Promise<void> {
  await runCommand('ip', ['link', 'add', hubInterface, 'type', type]);
}

/** What `ensureHubAddress` made in this network namespace. */
export async function removeHubAddress(): Promise<void> {
  const present = await runCommand('ip', ['-o', 'link', 'show']);
  if (present.includes(`: ${hubInterface}:`)) await runCommand('ip', ['link', 'delete', hubInterface]);
}
