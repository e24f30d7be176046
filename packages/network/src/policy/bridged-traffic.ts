/**
 * Packets between pods of one machine cross its bridge and no router, so that the machine's rules see them only where the
 * kernel is told to show bridged packets to them (`br_netfilter`). Without that, nothing can judge such packets by their
 * connection, and those of pods with policies are dropped: closed rather than open.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { policyTable, type Family } from '#policy/policy-rules.ts';

const settings = '/proc/sys/net/bridge';
const settingOf = { ip: 'bridge-nf-call-iptables', ip6: 'bridge-nf-call-ip6tables' } as const;

/** Answers whether the kernel shows bridged packets to the rules of the family. */
export async function showBridgedTraffic(family: Family): Promise<boolean> {
  if (!existsSync(settings)) await loadModule();
  const file = `${settings}/${settingOf[family]}`;
  try {
    if ((await readFile(file, 'utf8')).trim() !== '1') await writeFile(file, '1');
    return true;
  } catch {
    return false;
  }
}

/** Rules that keep these pods from all others on their bridge; none of them where there is no pod. */
export function bridgeRules(addresses: Readonly<Record<Family, readonly string[]>>): string[] {
  const rules = (['ip', 'ip6'] as const).flatMap((family) => {
    const of = addresses[family];
    if (of.length === 0) return [];
    return ['saddr', 'daddr'].map((field) => `    ${family} ${field} { ${of.join(', ')} } drop`);
  });
  const removal = [`add table bridge ${policyTable}`, `delete table bridge ${policyTable}`];
  if (rules.length === 0) return removal;
  return [
    ...removal,
    `table bridge ${policyTable} {`,
    '  chain bridged {',
    '    type filter hook forward priority 0;',
    ...rules,
    '  }',
    '}',
  ];
}

function loadModule(): Promise<void> {
  return new Promise((resolve) => {
    execFile('modprobe', ['br_netfilter'], { timeout: 10_000 }, () => resolve());
  });
}
