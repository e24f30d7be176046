import { readFileSync } from 'node:fs';
import { SkerryError } from '@skerry/base';

/** The text of a file that a flag names, or named at an earlier start. Fails with `config-invalid`. */
export function readConfigurationFile(path: string, flag: `--${string}`): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new SkerryError(
      'config-invalid',
      `cannot read ${path} (${flag}); check path and permissions, or give the flag an empty value to go back to its default`,
      { cause },
    );
  }
}
