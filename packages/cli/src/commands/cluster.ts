import { systemClock } from '@skerry/base';
import { type Command, Option } from 'commander';
import { Report } from '#terminal/report.ts';
import { dataOf, list, wholeNumber, withDataDirectory } from './common-flags.ts';

interface At {
  readonly dataDir: string;
}

const port = wholeNumber({ min: 1, max: 65535 });

/** `skerry cluster`: further clusters of the center on this machine. */
export function addClusterCommand(program: Command): void {
  const cluster = program.command('cluster').description('clusters that the center hosts');
  withDataDirectory(cluster.command('create'))
    .description('make a cluster and wait until it answers')
    .argument('<name>', 'lower case letters, digits and -')
    .option('--display-name <text>', 'what the console calls it')
    .option('--region <region>', 'the region that it is in')
    .option('--kubernetes-version <version>', 'minor version, as 1.36; the newest unless told')
    .option('--pod-cidr <cidr>', 'range for pods (default a free one), one of IPv6 behind a comma')
    .option('--service-cidr <cidr>', 'range for Services (default a free one), one of IPv6 behind a comma')
    .option('--port <number>', 'port for API and links (default the next free one from 6444)', port)
    .option('--advertise <list>', 'further names and addresses that it is reached by', list)
    .option('--protect', 'refuse to delete it')
    .action(async (name: string, { dataDir, ...flags }: At & CreateFlags) => {
      const { createCluster } = await import('#clusters/cluster-commands.ts');
      const report = new Report(process.stdout, () => performance.now());
      await createCluster(dataOf({ dataDir }), { name, flags, clock: systemClock, report });
    });
  withDataDirectory(cluster.command('import'))
    .description('take in a cluster of elsewhere by its kubeconfig')
    .argument('<name>', 'what the center calls it')
    .requiredOption('--kubeconfig <file>', 'with its credentials inside, no commands and no files')
    .option('--context <name>', 'which of its contexts (default the current one)')
    .option('--display-name <text>', 'what the console calls it')
    .option('--region <region>', 'the region that it is in')
    .action(async (name: string, { dataDir, ...flags }: At & ImportFlags) => {
      const { importCluster } = await import('#clusters/cluster-commands.ts');
      const report = new Report(process.stdout, () => performance.now());
      await importCluster(dataOf({ dataDir }), { name, flags, clock: systemClock, report });
    });
  withDataDirectory(cluster.command('list'))
    .description('show all clusters')
    .addOption(new Option('-o, --output <format>', 'how').choices(['table', 'json']).default('table'))
    .action(async ({ dataDir, output }: At & { output: string }) => {
      const { listClusters } = await import('#clusters/cluster-commands.ts');
      process.stdout.write(await listClusters(dataOf({ dataDir }), { output, clock: systemClock }));
    });
  withDataDirectory(cluster.command('delete'))
    .description('end a cluster and remove all that it holds')
    .argument('<name>')
    .requiredOption('--confirm <name>', 'its name once more')
    .action(async (name: string, { dataDir, confirm }: At & { confirm: string }) => {
      const { deleteCluster } = await import('#clusters/cluster-commands.ts');
      const report = new Report(process.stdout, () => performance.now());
      await deleteCluster(dataOf({ dataDir }), { name, confirm, clock: systemClock, report });
    });
  withDataDirectory(cluster.command('protect'))
    .description('refuse to delete a cluster')
    .argument('<name>')
    .option('--off', 'allow it again')
    .action(async (name: string, { dataDir, off = false }: At & { off?: boolean }) => {
      const { protectCluster } = await import('#clusters/cluster-commands.ts');
      await protectCluster(dataOf({ dataDir }), { name, on: !off, clock: systemClock });
    });
  withDataDirectory(cluster.command('kubeconfig'))
    .description("print the administrator's kubeconfig of a hosted cluster")
    .argument('<name>')
    .action(async (name: string, { dataDir }: At) => {
      const { clusterKubeconfig } = await import('#clusters/cluster-commands.ts');
      process.stdout.write(await clusterKubeconfig(dataOf({ dataDir }), { name, clock: systemClock }));
    });
}

export interface ImportFlags {
  readonly kubeconfig: string;
  readonly context?: string;
  readonly displayName?: string;
  readonly region?: string;
}

export interface CreateFlags {
  readonly displayName?: string;
  readonly region?: string;
  readonly kubernetesVersion?: string;
  readonly podCidr?: string;
  readonly serviceCidr?: string;
  readonly port?: number;
  readonly advertise?: string[];
  readonly protect?: boolean;
}
