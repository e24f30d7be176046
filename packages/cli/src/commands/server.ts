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
  dataOf,
  decimal,
  duration,
  keyValues,
  list,
  wholeNumber,
  withDataDirectory,
  yesOrNo,
} from './common-flags.ts';
import { withNodeWatchFlags } from './node-watch-flags.ts';

interface Flags extends Partial<ServerConfig> {
  readonly dataDir: string;
}

/** 0: without bound. */
const bound = wholeNumber({ min: 0, max: 1_000_000 });
const count = wholeNumber({ min: 1, max: 1_000_000 });

/** `skerry server`: the center. Machines join it with `skerry join`. */
export function addServerCommand(program: Command): void {
  withNodeWatchFlags(withAutoscalerFlags(withDataDirectory(program.command('server'))))
    .description('run the center: API server, controllers and scheduler of one cluster')
    .option('--cluster-name <name>', 'name of the cluster, kept from the first start')
    .option('--listen-address <ip>', 'address for API and links (default 0.0.0.0)')
    .option('--port <number>', 'port for API and links (default 6443)', wholeNumber({ min: 1, max: 65535 }))
    .option(
      '--advertise <list>',
      'further names and addresses that clients and machines reach the center by',
      list,
    )
    .option(
      '--console-port <number>',
      'port for the console (default 8443; 0: any free one)',
      wholeNumber({ min: 0, max: 65535 }),
    )
    .option('--console-address <ip>', 'address for the console (default that of the API)')
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
      '--cluster-cidr <cidr>',
      'range for pods (default 10.12.0.0/16), one of IPv6 behind a comma; fixed but for a second one after the first start',
    )
    .option(
      '--service-cidr <cidr>',
      'range for Services (default 10.96.0.0/16), one of IPv6 behind a comma; fixed but for a second one after the first start',
    )
    .option(
      '--encryption-provider-config <path>',
      'EncryptionConfiguration that says what is sealed in the database; unset, Secrets under a key of the installation',
    )
    .option(
      '--encryption-provider-config-automatic-reload [boolean]',
      'look at that file each minute, and take up what it says without a restart (default false)',
      yesOrNo,
    )
    .option(
      '--goaway-chance <number>',
      'how likely a request over HTTP/2 makes its client connect anew, so that clients spread over several servers (0 to 0.02, default 0)',
      decimal,
    )
    .option(
      '--audit-log-path <path>',
      'write an audit log there; - is the standard output. Without a policy, who did what, and no bodies',
    )
    .option('--audit-policy-file <path>', 'audit Policy that says what of which request is written')
    .option('--audit-log-maxage <days>', 'keep files that were put aside so long (default 30)', bound)
    .option('--audit-log-maxbackup <number>', 'keep so many files that were put aside (default 10)', bound)
    .option('--audit-log-maxsize <megabytes>', 'put the file aside before it is larger (default 100)', bound)
    .option('--audit-log-compress [boolean]', 'compress files that were put aside (default false)', yesOrNo)
    .option(
      '--audit-log-mode <mode>',
      'batch: requests never wait for it; blocking: they wait; blocking-strict: and fail without it (default batch)',
    )
    .option('--audit-log-batch-buffer-size <number>', 'events that may wait (default 10000)', count)
    .option(
      '--audit-log-truncate-enabled [boolean]',
      'whether events that are too large lose their bodies (default false)',
      yesOrNo,
    )
    .option(
      '--audit-log-truncate-max-event-size <bytes>',
      'events that are larger without bodies too are dropped (default 102400)',
      count,
    )
    .option(
      '--audit-log-truncate-max-batch-size <bytes>',
      'what is written at once (default 10485760)',
      count,
    )
    .option('--audit-log-version <version>', 'audit.k8s.io/v1, which is the only one')
    .option('--audit-log-format <format>', 'json, which is the only one')
    .option(
      '--backups-keep <number>',
      'keep so many backups of each cluster in the data directory; 0 keeps all (default 10)',
      bound,
    )
    .option(
      '--backups-max-age <days>',
      'keep them so long, and the newest in any case; 0 keeps them however old (default 0)',
      bound,
    )
    .option(
      '--scheduler-config <path>',
      'KubeSchedulerConfiguration: scheduler names, plug-ins, weights and arguments',
    )
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
      bound,
    )
    .option(
      '--unhealthy-zone-threshold <number>',
      'share of silent nodes from which a zone is not well (default 0.55)',
      decimal,
    )
    .option('--audit-webhook-config-file <path>', 'kubeconfig of a server that the audit log is sent to')
    .option(
      '--audit-webhook-mode <mode>',
      'batch: requests never wait for it; blocking: they wait; blocking-strict: and fail without it (default batch)',
    )
    .option('--audit-webhook-batch-buffer-size <number>', 'events that may wait (default 10000)', count)
    .option('--audit-webhook-batch-max-size <number>', 'events that are sent at once (default 400)', count)
    .option('--audit-webhook-batch-max-wait <duration>', 'events wait no longer (default 30s)', duration)
    .option(
      '--audit-webhook-batch-throttle-enable [boolean]',
      'whether batches are throttled (default true)',
      yesOrNo,
    )
    .option('--audit-webhook-batch-throttle-qps <number>', 'batches a second (default 10)', decimal)
    .option(
      '--audit-webhook-batch-throttle-burst <number>',
      'batches at once after a pause (default 15)',
      count,
    )
    .option(
      '--audit-webhook-initial-backoff <duration>',
      'pause after a batch that was not taken (default 10s)',
      duration,
    )
    .option(
      '--audit-webhook-truncate-enabled [boolean]',
      'whether events that are too large lose their bodies (default false)',
      yesOrNo,
    )
    .option(
      '--audit-webhook-truncate-max-event-size <bytes>',
      'events that are larger without bodies too are dropped (default 102400)',
      count,
    )
    .option(
      '--audit-webhook-truncate-max-batch-size <bytes>',
      'what is sent at once (default 10485760)',
      count,
    )
    .option('--audit-webhook-version <version>', 'audit.k8s.io/v1, which is the only one')
    .option(
      '--service-account-issuer <list>',
      'issuer of ServiceAccount tokens; tokens of further ones in the list are accepted too',
      list,
    )
    .option('--service-account-jwks-uri <url>', 'where others fetch the keys of those tokens')
    .option(
      '--authentication-config <path>',
      'AuthenticationConfiguration that says which issuers of tokens are accepted; instead of --oidc-*',
    )
    .option('--oidc-issuer-url <url>', 'issuer of OpenID Connect whose tokens are accepted')
    .option('--oidc-client-id <id>', 'audience that those tokens must be for')
    .option('--oidc-username-claim <claim>', 'claim that holds the user name (default sub)')
    .option('--oidc-username-prefix <prefix>', 'put before it; - for none (default the issuer and #)')
    .option('--oidc-groups-claim <claim>', 'claim that holds the groups')
    .option('--oidc-groups-prefix <prefix>', 'put before each group')
    .option(
      '--oidc-required-claim <list>',
      'claims that must be there, as claim=value,claim=value',
      keyValues,
    )
    .option('--oidc-signing-algs <list>', 'algorithms that tokens may be signed by (default RS256)', list)
    .option('--oidc-ca-file <path>', "authority of the issuer's own certificate; the machine's unless told")
    .action(async ({ dataDir, ...flags }: Flags) => {
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
