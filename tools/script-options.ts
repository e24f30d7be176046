/** Options of a script of this repository: its usage with `--help`, one line and exit code 2 for a mistake. */
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';

/** The options that were given; ends the process for `--help` and for what is none of them. */
export function scriptOptions<T extends ParseArgsOptionsConfig>(usage: string, options: T) {
  if (process.argv.slice(2).some((argument) => argument === '--help' || argument === '-h')) {
    console.log(usage);
    process.exit(0);
  }
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // What follows the first sentence is advice for programs that take arguments.
    return refuseOption(error.message.split('. ', 1)[0] ?? '');
  }
}

/** Ends the process for an option that can't be. */
export function refuseOption(why: string): never {
  console.error(`error: ${why.charAt(0).toLowerCase()}${why.slice(1)}; --help tells the options`);
  process.exit(2);
}
