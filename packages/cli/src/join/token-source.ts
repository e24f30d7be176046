import { readFileSync } from 'node:fs';
import { SkerryError } from '@skerry/base';
import { readSecret } from '#terminal/secret-prompt.ts';

/** A join token from a file, the environment or a prompt: never from the arguments, where every user of the machine could read it. */
export async function joinTokenFrom(file: string | undefined): Promise<string> {
  if (file !== undefined) {
    try {
      return readFileSync(file, 'utf8').trim();
    } catch (error) {
      throw new SkerryError(
        'token-file-unreadable',
        `cannot read the token file ${file}: ${(error as Error).message}`,
        { cause: error },
      );
    }
  }
  const fromEnvironment = process.env['SKERRY_JOIN_TOKEN'];
  if (fromEnvironment) {
    delete process.env['SKERRY_JOIN_TOKEN'];
    return fromEnvironment.trim();
  }
  if (process.stdin.isTTY) return readSecret('Join token: ');
  throw new SkerryError(
    'usage',
    'no join token: give --token-file, set SKERRY_JOIN_TOKEN, or run in a terminal to be asked for it',
  );
}
