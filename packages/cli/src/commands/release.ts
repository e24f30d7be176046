import { SkerryError, systemClock } from '@skerry/base';
import { type Command, Option } from 'commander';
import { Report } from '#terminal/report.ts';
import { withDataDirectory } from './common-flags.ts';

/** `skerry release`: an archive of this program for machines of another architecture. */
export function addReleaseCommand(program: Command): void {
  withDataDirectory(program.command('release'))
    .description('pack this program for machines, which take it from the center when they join or upgrade')
    .addOption(
      new Option('--arch <name>', 'architecture of the machines')
        .choices(['amd64', 'arm64'])
        .makeOptionMandatory(),
    )
    .requiredOption('--node <file>', "Node's binary for it, of the version that this program runs on")
    .action(async ({ dataDir, arch, node }: { dataDir: string; arch: 'amd64' | 'arm64'; node: string }) => {
      const [{ ownReleases }, { requireBinary }] = await Promise.all([
        import('#compose/releases.ts'),
        import('#release/node-binary.ts'),
      ]);
      await requireBinary(node, arch);
      const files = await ownReleases(dataDir);
      const report = new Report(process.stdout, () => performance.now());
      await report.step(
        `archive for linux/${arch}`,
        () => files.make(arch, node),
        ({ path, bytes, sha256 }) =>
          `${path}, ${(bytes / 1e6).toFixed(0)} MB, sha256 ${sha256.slice(0, 12)}…`,
      );
    });
}

/** `skerry upgrade`: this machine's program becomes its center's. */
export function addUpgradeCommand(program: Command): void {
  withDataDirectory(program.command('upgrade'))
    .description("take the center's build of this program and restart the agent with it; containers go on")
    .option('--no-restart', 'leave the restart of the agent to you')
    .action(async ({ dataDir, restart }: { dataDir: string; restart: boolean }) => {
      const [{ readAgentIdentity }, { upgrade }, { installedBuild }, systemd] = await Promise.all([
        import('#join/agent-config.ts'),
        import('#release/upgrade.ts'),
        import('#release/layout.ts'),
        import('#process/systemd.ts'),
      ]);
      const identity = readAgentIdentity(dataDir);
      const installed = installedBuild(process.argv[1]);
      if (!installed)
        throw new SkerryError(
          'upgrade-not-possible',
          'this skerry was not installed by the join script of its center; upgrade it the way that it was installed',
        );
      const report = new Report(process.stdout, () => performance.now());
      const restarts = restart && systemd.hasAgentService();
      const result = await upgrade({
        identity,
        prefix: installed.prefix,
        processArchitecture: process.arch,
        ...(restarts ? { restart: () => systemd.restartAgentService(systemClock) } : {}),
        report,
      });
      if (result.state === 'current')
        report.line(`This machine runs its center's build already: ${result.build}`);
      else {
        report.line(`Upgraded from ${result.former} to ${result.build}.`);
        if (!result.restarted) report.line('Restart the agent to run it; containers go on meanwhile.');
      }
    });
}
