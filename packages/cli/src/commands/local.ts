import type { Command } from 'commander';
import { dataOf, wholeNumber, withDataDirectory } from './common-flags.ts';

interface Flags {
  readonly dataDir: string;
  readonly namespace: string;
  readonly container?: string;
}

/** `skerry local …`: what runs on this machine, and what can be done about it, with a link or without. */
export function addLocalCommands(program: Command): void {
  const local = program
    .command('local')
    .enablePositionalOptions()
    .description(
      'look after the pods of this machine on the machine itself, with a link to the center or without',
    );
  const command = (name: string) =>
    withDataDirectory(local.command(name)).option(
      '-n, --namespace <name>',
      'of the pod or object',
      'default',
    );
  withDataDirectory(local.command('pods'))
    .description('list the pods of this machine')
    .action(async (flags: Flags) => (await commands()).listPods(dataOf(flags).path));
  withDataDirectory(local.command('images'))
    .description('list the images on this machine')
    .action(async (flags: Flags) => (await commands()).listImages(dataOf(flags).path));
  command('logs <pod>')
    .description("print a container's log")
    .option('-c, --container <name>', 'the only container unless told')
    .option('-f, --follow', 'go on as the log grows')
    .option('--previous', 'of the container before this one')
    .option('--tail <lines>', 'only the last so many lines', wholeNumber({ min: 0, max: 1_000_000 }))
    .action(async (pod: string, flags: Flags & { follow?: boolean; previous?: boolean; tail?: number }) =>
      (await commands()).printLog(dataOf(flags).path, { pod, ...flags }),
    );
  command('exec <pod> <command...>')
    .description('run a command in a container, with a terminal where there is one')
    .option('-c, --container <name>', 'the only container unless told')
    .passThroughOptions()
    .action(async (pod: string, words: string[], flags: Flags) =>
      (await commands()).execute(dataOf(flags).path, { pod, command: words, ...flags }),
    );
  command('restart <pod>')
    .description('end the containers of a pod, which start again')
    .option('-c, --container <name>', 'this one alone')
    .action(async (pod: string, flags: Flags) =>
      (await commands()).restartPod(dataOf(flags).path, { pod, ...flags }),
    );
  command('upgrade [pod]')
    .description(
      'replace a pod whose DaemonSet leaves it to the machine when (update strategy OTA); lists those without a name',
    )
    .option('--pull', 'only bring its images onto the machine')
    .action(async (pod: string | undefined, flags: Flags & { pull?: boolean }) =>
      (await commands()).upgradePod(dataOf(flags).path, { pod, ...flags }),
    );
  command('edit [kind] [name]')
    .description(
      'change a pod, configmap or secret on this machine alone, until the link is back; lists such changes without a name',
    )
    .option('-f, --filename <file>', 'what to put there, as YAML; opens $EDITOR unless told')
    .action(
      async (kind: string | undefined, name: string | undefined, flags: Flags & { filename?: string }) =>
        (await commands()).editObject(dataOf(flags).path, { kind, name, ...flags }),
    );
}

function commands() {
  return import('#local/local-commands.ts');
}
