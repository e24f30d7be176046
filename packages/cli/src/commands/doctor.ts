import { SkerryError, systemClock } from '@skerry/base';
import { type Command, Option } from 'commander';
import colors from 'picocolors';
import type { Examined } from '#doctor/doctor.ts';
import { withDataDirectory } from './common-flags.ts';

interface Flags {
  readonly dataDir: string;
  readonly nodeName?: string;
  readonly runtimeEndpoint?: string;
  readonly output: 'text' | 'json';
}

/** `skerry doctor`: what keeps this machine from being a good node. */
export function addDoctorCommand(program: Command): void {
  withDataDirectory(program.command('doctor [address]'))
    .description(
      'look for what keeps this machine from being a node, of the center at ADDRESS if given; changes nothing',
    )
    .option('--node-name <name>', 'name that the node is to have; the host name unless told')
    .option(
      '--runtime-endpoint <url>',
      'socket of the container runtime; that of the joined node unless told',
    )
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['text', 'json']).default('text'))
    .action(async (address: string | undefined, flags: Flags) => {
      const [{ examine }, { realSystem }, { parseAddress }] = await Promise.all([
        import('#doctor/doctor.ts'),
        import('#doctor/system.ts'),
        import('#join/cluster-info.ts'),
      ]);
      const found = await examine({
        dataDirectory: flags.dataDir,
        ...(address === undefined ? {} : { address: parseAddress(address) }),
        nodeName: flags.nodeName,
        runtimeEndpoint: flags.runtimeEndpoint,
        environment: process.env,
        system: realSystem(process.env),
        clock: systemClock,
      });
      const text =
        flags.output === 'json'
          ? `${JSON.stringify(
              found.map(({ title, finding }) => ({ check: title, ...finding })),
              undefined,
              2,
            )}\n`
          : found.map(lineOf).join('');
      process.stdout.write(text);
      const faults = found.filter(({ finding }) => finding.state === 'failed');
      if (faults.length === 0) return;
      const titles = faults.map(({ title }) => title).join(', ');
      throw new SkerryError('machine-unfit', `this machine can't be a node yet: ${titles}`);
    });
}

function lineOf({ title, finding }: Examined): string {
  const name = title.padEnd(20);
  if (finding.state === 'ok') return `  ${colors.green('✓')} ${name}${finding.detail}\n`;
  const mark = finding.state === 'failed' ? colors.red('✗') : colors.yellow('!');
  const mend = `${' '.repeat(24)}→ ${finding.mend}\n`;
  return `  ${mark} ${name}${finding.detail} ${colors.dim(`(${finding.code})`)}\n${mend}`;
}
