import { hostname } from 'node:os';
import { join } from 'node:path';
import { SkerryError, systemClock } from '@skerry/base';
import type { Command } from 'commander';
import { jsonLogger } from '#json-log.ts';
import { asChild } from '#process/child.ts';
import { tellParent } from '#process/managed-process.ts';
import { dataOf, list, wholeNumber, withDataDirectory } from './common-flags.ts';

interface Flags {
  readonly dataDir: string;
  readonly kubeconfig: string;
  readonly nodeName: string;
  readonly listenAddress: string[];
  readonly port: number;
  readonly tlsCertFile?: string;
  readonly tlsPrivateKeyFile?: string;
}

/** `skerry hub`: the API of a cluster of elsewhere on this machine, answered from the disk while that can't be reached. */
export function addHubCommand(program: Command): void {
  withDataDirectory(program.command('hub'))
    .description(
      'answer on this machine for the API server of any Kubernetes cluster, from the disk while that is out of reach',
    )
    .requiredOption('--kubeconfig <file>', "where the API server is, and who may list this node's pods there")
    .option('--node-name <name>', 'whose pods may use their tokens while cut off', hostname().toLowerCase())
    .option('--listen-address <list>', 'addresses of this machine', list, ['127.0.0.1'])
    .option('--port <n>', 'port to listen on', wholeNumber({ min: 0, max: 65_535 }), 10_261)
    .option('--tls-cert-file <file>', 'certificate to show; one of its own authority unless told')
    .option('--tls-private-key-file <file>', 'its key')
    .action((flags: Flags) =>
      asChild('hub', async (signal) => {
        const { tlsCertFile: certFile, tlsPrivateKeyFile: keyFile } = flags;
        if ((certFile === undefined) !== (keyFile === undefined))
          throw new SkerryError(
            'hub-certificate-unreadable',
            '--tls-cert-file and --tls-private-key-file go together',
          );
        const { runServerHub } = await import('#compose/server-hub.ts');
        const log = jsonLogger({ level: 'info', name: 'hub' });
        await runServerHub(
          {
            kubeconfig: flags.kubeconfig,
            nodeName: flags.nodeName,
            directory: join(dataOf(flags).path, 'hub'),
            addresses: flags.listenAddress,
            port: flags.port,
            ...(certFile && keyFile ? { certificate: { certFile, keyFile } } : {}),
            clock: systemClock,
            log,
            random: Math.random,
          },
          {
            signal,
            onListening({ address, port, kubeconfig }) {
              log.info('hub listens', { address, port, kubeconfig });
              tellParent({ type: 'ready', detail: { address, port, kubeconfig } });
            },
          },
        );
      }),
    );
}
