import { join } from 'node:path';
import type { Command } from 'commander';
import { systemClock } from '@skerry/base';
import { jsonLogger } from '#json-log.ts';
import { asChild } from '#process/child.ts';
import { tellParent } from '#process/managed-process.ts';
import { withDataDirectory } from './common-flags.ts';

interface Flags {
  readonly dataDir: string;
  readonly kubeletDir: string;
  readonly cniConfDir: string;
  readonly cgroupRoot?: string;
}

/** `skerry agent`: runs the node that `skerry join` made of this machine. */
export function addAgentCommand(program: Command): void {
  withDataDirectory(program.command('agent'))
    .description('run the node agent of a machine that has joined')
    .option('--kubelet-dir <path>', 'where device plugins register', '/var/lib/kubelet')
    .option('--cni-conf-dir <path>', 'where the container runtime reads its pod network', '/etc/cni/net.d')
    .option('--cgroup-root <path>', 'control group that holds all pods')
    .action((flags: Flags) =>
      asChild('agent', async (signal) => {
        const { readAgentIdentity } = await import('#join/agent-config.ts');
        const identity = readAgentIdentity(flags.dataDir);
        tellParent({ type: 'ready' });
        const { runNode } = await import('#compose/node.ts');
        await runNode(
          {
            identity,
            joinedDirectory: flags.dataDir,
            dataDirectory: join(flags.dataDir, 'node'),
            kubeletDirectory: flags.kubeletDir,
            cniConfDirectory: flags.cniConfDir,
            cgroupRoot: flags.cgroupRoot,
            clock: systemClock,
            log: jsonLogger({ level: 'info', name: 'agent' }).with({ node: identity.config.nodeName }),
            random: Math.random,
          },
          signal,
        );
      }),
    );
}
