import { Command } from 'commander';
import { version } from '#version.ts';

/** `skerry` without a command. */
export function bareProgram(): Command {
  return new Command('skerry')
    .description(
      'One Kubernetes cluster over machines in many regions; each keeps working when its link to the center is cut.',
    )
    .version(version, '--version', 'print the version')
    .enablePositionalOptions()
    .exitOverride()
    .showHelpAfterError('(`skerry --help` lists commands, `skerry COMMAND --help` its flags)')
    .configureHelp({ sortSubcommands: false });
}
