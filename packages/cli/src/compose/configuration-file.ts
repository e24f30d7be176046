import { readFileSync } from 'node:fs';
import { SkerryError } from '@skerry/base';

/** The text of a file that a flag names. Fails with `config-invalid`. */
export function readConfigurationFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new SkerryError('config-invalid', `cannot read ${path}; check path and permissions`, { cause });
  }
}
