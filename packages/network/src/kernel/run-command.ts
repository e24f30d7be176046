import { runProgram } from '#kernel/run-program.ts';

export interface RunCommandOptions {
  readonly input?: string;
  /** Path of the network namespace; this process's own where absent. */
  readonly networkNamespace?: string;
}

/** Runs a program of the machine and answers what it printed; rejects with its own words where it fails. */
export async function runCommand(
  command: readonly string[],
  { input = '', networkNamespace }: RunCommandOptions = {},
): Promise<string> {
  const entering = networkNamespace === undefined ? [] : ['nsenter', `--net=${networkNamespace}`, '--'];
  const [program = '', ...args] = [...entering, ...command];
  const { code, output, errors } = await runProgram(program, args, { input });
  if (code === 0) return output;
  throw new Error(`${command.slice(0, 3).join(' ')}: ${errors.trim().slice(0, 4_000) || `exit ${code}`}`);
}
