import { join } from 'node:path';
import { systemClock } from '@skerry/base';
import { type Command, Option } from 'commander';
import type { ServerConfig } from '#compose/server-config.ts';
import type { Up } from '#compose/up.ts';
import { createDataDirectory, lockDataDirectory } from '#data-directory.ts';
import { fileLogger } from '#json-log.ts';
import { aborted, runUntilStopped } from '#process/run-until-stopped.ts';
import { settleMemory } from '#process/settle-memory.ts';
import { firstUserLines } from '#terminal/console-facts.ts';
import { columns, Report } from '#terminal/report.ts';
import { version } from '#version.ts';
import { withAutoscalerFlags } from './autoscaler-flags.ts';
import { dataOf, list, wholeNumber, withDataDirectory } from './common-flags.ts';
import { addMachineCommands } from './machine.ts';
import { withNodeWatchFlags } from './node-watch-flags.ts';

interface Flags extends Partial<ServerConfig> {
  readonly dataDir: string;
  readonly regions: string[];
  readonly runtime: 'auto' | 'containerd' | 'simulated';
}

/** `skerry up`: everything on one machine. */
export function addUpCommand(program: Command): void {
  const up = withDataDirectory(program.command('up', { isDefault: false }))
    .description('run a whole cluster on this machine: the center and a machine in each of three regions')
    .addOption(
      new Option('--regions <list>', 'regions of the first start')
        .argParser(list)
        .default(['beijing', 'shanghai', 'zhangjiakou'], 'beijing,shanghai,zhangjiakou'),
    )
    .option('--port <number>', 'port for API and links (default 6443)', wholeNumber({ min: 1, max: 65535 }))
    .option('--listen-address <ip>', 'address for API and links (default 0.0.0.0)')
    .option(
      '--console-port <number>',
      'port for the console (default 8443; 0: any free one)',
      wholeNumber({ min: 0, max: 65535 }),
    )
    .option('--console-address <ip>', 'address for the console (default that of the API)')
    .option('--cluster-cidr <cidr>', 'range for pods (default 10.12.0.0/16), one of IPv6 behind a comma')
    .option('--service-cidr <cidr>', 'range for Services (default 10.96.0.0/16), one of IPv6 behind a comma')
    .addOption(
      new Option(
        '--runtime <kind>',
        'containerd runs containers, simulated only says so; auto takes what this machine can do',
      )
        .choices(['auto', 'containerd', 'simulated'])
        .default('auto'),
    )
    .action(run);
  withAutoscalerFlags(withNodeWatchFlags(up));
  addMachineCommands(up);
}

async function run({ dataDir, regions, runtime, ...flags }: Flags): Promise<void> {
  const [{ detectRuntime }, { Up }, { listenForUpRequests }] = await Promise.all([
    import('#compose/runtime-choice.ts'),
    import('#compose/up.ts'),
    import('#compose/up-control.ts'),
  ]);
  const data = dataOf({ dataDir });
  const report = new Report(process.stdout, () => performance.now());
  const choice = await detectRuntime(runtime);
  createDataDirectory(data);
  const lock = lockDataDirectory(data, 'skerry up');
  const log = fileLogger({ level: 'info', name: 'up', file: join(data.logs, 'up.log') });
  try {
    await runUntilStopped(async (signal) => {
      report.heading(`Skerry ${version}: one cluster over ${regions.length} regions`);
      if (choice.kind === 'simulated' && choice.why)
        report.warn(`${choice.why}; pods are simulated: they "run" without processes`);
      const up = new Up({ data, flags, regions, runtime: choice.kind, clock: systemClock, log, report });
      try {
        await up.start(signal);
        const control = await listenForUpRequests(up, data, signal);
        sayWhereThingsAre(up, report);
        settleMemory();
        try {
          await aborted(signal);
        } finally {
          await control.close();
        }
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        report.line();
        await up.stop();
      }
    });
  } finally {
    lock.release();
  }
}

/** As this machine reaches it: what the center tells others is an address of the network between regions. */
function consoleHere({ console, installation }: Up): string {
  const { consoleAddress, listenAddress } = installation.config;
  const address = consoleAddress ?? listenAddress;
  const { port } = new URL(console.console);
  return address === '0.0.0.0' ? `https://127.0.0.1:${port}` : console.console;
}

function sayWhereThingsAre(up: Up, report: Report): void {
  const { data, config } = up.installation;
  report.line();
  report.line(
    columns([
      ['API', `https://127.0.0.1:${config.port}`],
      ['console', consoleHere(up)],
      ...firstUserLines(up.console),
      ['kubeconfig', data.adminKubeconfig],
      ['logs', data.logs],
    ]),
  );
  report.line();
  report.heading('Next, in another terminal');
  report.line(`  export KUBECONFIG=${data.adminKubeconfig} PATH=$PWD/.cache/bin:$PATH`);
  report.line('  kubectl get nodes -o wide');
  report.line('  kubectl apply -f examples/agent-daemonset.yaml && kubectl get pods -o wide -w');
  report.line('  npm run demo        # both examples, start to end, on a cluster of its own');
  report.line();
  report.line('Ctrl-C stops everything; the next start finds its state again.');
}
