import { systemClock } from '@skerry/base';
import type { Command } from 'commander';
import type { ServerConfig } from '#compose/server-config.ts';
import { createDataDirectory, lockDataDirectory } from '#data-directory.ts';
import { jsonLogger } from '#json-log.ts';
import { aborted, runUntilStopped } from '#process/run-until-stopped.ts';
import { settleMemory } from '#process/settle-memory.ts';
import { columns, Report } from '#terminal/report.ts';
import { firstUserLines } from '#terminal/console-facts.ts';
import { withAutoscalerFlags } from './autoscaler-flags.ts';
import {
  countOrNone,
  dataOf,
  decimal,
  list,
  wholeNumber,
  withDataDirectory,
  yesOrNo,
} from './common-flags.ts';
import { withAuditFlags } from './audit-flags.ts';
import { withAuthenticationFlags } from './authentication-flags.ts';
import { withNodeWatchFlags } from './node-watch-flags.ts';

interface Flags extends Partial<ServerConfig> {
  readonly dataDir: string;
}

/** `skerry server`: the center. Machines join it with `skerry join`. */
export function addServerCommand(program: Command): void {
  const command = withDataDirectory(program.command('server'))
    .description('run the center: API server, controllers and scheduler of one cluster, and the console')
    .option('--cluster-name <name>', 'name of the cluster, kept from the first start')
    .option(
      '--registry <host/path>',
      "pull components' images from there instead of where they come from; empty for the latter",
    )
    .option(
      '--import-allow <list>',
      'addresses and ranges of imported clusters that are otherwise refused: loopback, link-local, metadata services',
      list,
    )
    .option(
      '--backups-keep <number>',
      'keep so many backups of each cluster in the data directory; 0 keeps all (default 10)',
      countOrNone,
    )
    .option(
      '--backups-max-age <days>',
      'keep them so long, and the newest in any case; 0 keeps them however old (default 0)',
      countOrNone,
    )
    .optionsGroup('Addresses:')
    .option('--listen-address <ip>', 'address for API and links (default 0.0.0.0)')
    .option('--port <number>', 'port for API and links (default 6443)', wholeNumber({ min: 1, max: 65535 }))
    .option(
      '--advertise <list>',
      'further names and addresses that clients and machines reach the center by',
      list,
    )
    .option('--console-address <ip>', 'address for the console (default that of the API)')
    .option(
      '--console-port <number>',
      'port for the console (default 8443; 0: any free one)',
      wholeNumber({ min: 0, max: 65535 }),
    )
    .option(
      '--cluster-cidr <cidr>',
      'range for pods (default 10.12.0.0/16), one of IPv6 behind a comma; fixed but for a second one after the first start',
    )
    .option(
      '--service-cidr <cidr>',
      'range for Services (default 10.96.0.0/16), one of IPv6 behind a comma; fixed but for a second one after the first start',
    )
    .option(
      '--goaway-chance <number>',
      'how likely a request over HTTP/2 makes its client connect anew, so that clients spread over several servers (0 to 0.02, default 0)',
      decimal,
    );
  withNodeWatchFlags(command)
    .option(
      '--node-eviction-rate <number>',
      'silent nodes of a zone that may be emptied in a second (default 0.1)',
      decimal,
    )
    .option(
      '--secondary-node-eviction-rate <number>',
      'the same while the zone is not well; 0 in small zones (default 0.01)',
      decimal,
    )
    .option(
      '--large-cluster-size-threshold <number>',
      'nodes that a zone must exceed to be emptied at all while it is not well (default 50)',
      countOrNone,
    )
    .option(
      '--unhealthy-zone-threshold <number>',
      'share of silent nodes from which a zone is not well (default 0.55)',
      decimal,
    );
  withAutoscalerFlags(command).option(
    '--scheduler-config <path>',
    'KubeSchedulerConfiguration: scheduler names, plug-ins, weights and arguments',
  );
  command
    .optionsGroup('Encryption:')
    .option(
      '--encryption-provider-config <path>',
      'EncryptionConfiguration that says what is sealed in the database; unset, Secrets under a key of the installation',
    )
    .option(
      '--encryption-provider-config-automatic-reload [boolean]',
      'look at that file each minute, and take up what it says without a restart (default false)',
      yesOrNo,
    );
  withAuditFlags(withAuthenticationFlags(command)).action(async ({ dataDir, ...flags }: Flags) => {
    const [{ createCenter }, { prepareInstallation }] = await Promise.all([
      import('#compose/center.ts'),
      import('#compose/installation.ts'),
    ]);
    const data = dataOf({ dataDir });
    const report = new Report(process.stdout, () => performance.now());
    const log = jsonLogger({ level: 'info', name: 'server' });
    createDataDirectory(data);
    const lock = lockDataDirectory(data, 'skerry server');
    try {
      await runUntilStopped(async (signal) => {
        const installation = await report.step('keys and certificates', () =>
          prepareInstallation(data, { flags, clock: systemClock }),
        );
        const center = createCenter(installation, { clock: systemClock, log });
        let started = false;
        try {
          const facts = await report.step('API server, controllers, scheduler, console', () =>
            center.start(signal),
          );
          started = true;
          const { config } = installation;
          report.line();
          report.line(
            columns([
              ['API and links', `https://${config.advertise[0] ?? config.listenAddress}:${config.port}`],
              ['console', facts.console],
              ...firstUserLines(facts),
              ['kubeconfig', data.adminKubeconfig],
              ['logs', data.logs],
              [
                'next',
                `skerry token create --data-dir ${data.path} --pool NAME   (then \`skerry join\` on a machine)`,
              ],
            ]),
          );
          settleMemory();
          await aborted(signal);
        } catch (error) {
          if (!signal.aborted) throw error;
        } finally {
          await report.step('stopped', () => center.stop());
          if (!started && !signal.aborted) await installation.takeBackFlags();
        }
      });
    } finally {
      lock.release();
    }
  });
}
