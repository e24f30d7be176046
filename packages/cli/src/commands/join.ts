import { hostname } from 'node:os';
import { systemClock } from '@skerry/base';
import { type Command, Option } from 'commander';
import { jsonLogger } from '#json-log.ts';
import { Report } from '#terminal/report.ts';
import { keyValues, list, withDataDirectory } from './common-flags.ts';

interface Flags {
  readonly dataDir: string;
  readonly tokenFile?: string;
  readonly pool?: string;
  readonly nodeName: string;
  readonly nodeLabels: Record<string, string>;
  readonly runtimeEndpoint: string;
  readonly proxy?: string;
  readonly start: 'auto' | 'systemd' | 'none';
  readonly ignorePreflightErrors: readonly string[];
}

/** `skerry join`: this machine becomes a node. */
export function addJoinCommand(program: Command): void {
  withDataDirectory(program.command('join <address>'))
    .description('make this machine a node of the cluster whose center is at ADDRESS (host or host:port)')
    .option('--token-file <path>', 'file with the join token; else SKERRY_JOIN_TOKEN, else a prompt')
    .option('--pool <name>', 'node pool to join; that of the token unless told')
    .option('--node-name <name>', 'name of the node', hostname().toLowerCase())
    .addOption(
      new Option('--node-labels <list>', 'labels of the node: key=value,key=value')
        .argParser(keyValues)
        .default({}, 'none'),
    )
    .option(
      '--runtime-endpoint <url>',
      'socket of the container runtime, or `simulated`',
      'unix:///run/containerd/containerd.sock',
    )
    .option(
      '--proxy <url>',
      'proxy to the center, http://host:port, or https:// where it is spoken to over TLS; else HTTPS_PROXY with NO_PROXY; kept for the agent',
    )
    .addOption(
      new Option('--start <how>', 'start the agent as a systemd service, or leave it to you')
        .choices(['auto', 'systemd', 'none'])
        .default('auto'),
    )
    .addOption(
      new Option(
        '--ignore-preflight-errors <codes>',
        'join although these of what `skerry doctor` finds are wrong; `all` for all',
      )
        .argParser(list)
        .default([], 'none'),
    )
    .action(async (address: string, flags: Flags) => {
      const [
        { joinCluster },
        { parseAddress },
        { proxyTo },
        { joinTokenFrom },
        { installAgentService },
        { requireFit },
        { realSystem },
      ] = await Promise.all([
        import('#join/join.ts'),
        import('#join/cluster-info.ts'),
        import('#join/proxy.ts'),
        import('#join/token-source.ts'),
        import('#process/systemd.ts'),
        import('#doctor/doctor.ts'),
        import('#doctor/system.ts'),
      ]);
      const proxy = proxyTo(parseAddress(address), flags.proxy, process.env);
      const report = new Report(process.stdout, () => performance.now());
      const token = await joinTokenFrom(flags.tokenFile);
      await joinCluster({
        address,
        token,
        pool: flags.pool,
        nodeName: flags.nodeName,
        labels: flags.nodeLabels,
        runtimeEndpoint: flags.runtimeEndpoint,
        dataDirectory: flags.dataDir,
        proxy,
        preflight: () =>
          requireFit(
            {
              dataDirectory: flags.dataDir,
              runtimeEndpoint: flags.runtimeEndpoint,
              environment: process.env,
              system: realSystem(process.env),
              clock: systemClock,
            },
            flags.ignorePreflightErrors,
          ),
        clock: systemClock,
        log: jsonLogger({ level: 'warn', name: 'join' }),
        report,
      });
      const started =
        flags.start === 'none'
          ? 'left'
          : await installAgentService({
              dataDirectory: flags.dataDir,
              runtimeEndpoint: flags.runtimeEndpoint,
              required: flags.start === 'systemd',
            });
      report.line('This node joined into the cluster successfully.');
      if (started === 'left') report.line(`Start its agent with: skerry agent --data-dir ${flags.dataDir}`);
    });
}
