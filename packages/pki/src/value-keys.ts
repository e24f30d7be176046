/**
 * The keys that seal stored values (Secrets), as the file `secrets.keys` (0600) of the key folder: one a line, `<id> <32
 * bytes in base64>`, the newest first. The newest seals; all open. A key is only ever added: taking a line out is its
 * owner's decision, once nothing is sealed under it any more.
 */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SkerryError } from '@skerry/base';
import { makePrivateDirectory, writeFileAtomically } from '#file.ts';

export interface ValueKey {
  readonly id: string;
  readonly secret: Buffer;
}

const file = 'secrets.keys';
const secretBytes = 32;
const linePattern = /^([a-zA-Z0-9-]{1,63}) ([A-Za-z0-9+/]{43}=)$/;

/** The keys, newest first; one is made at the first call. Throws `value-keys-invalid`. */
export async function loadOrCreateValueKeys(directory: string): Promise<[ValueKey, ...ValueKey[]]> {
  const [newest, ...older] = await load(directory);
  if (newest) return [newest, ...older];
  const key = newKey();
  await save(directory, [key]);
  return [key];
}

/** Adds a key that seals from the next start on. Returns its id. */
export async function addValueKey(directory: string): Promise<string> {
  const key = newKey();
  await save(directory, [key, ...(await load(directory))]);
  return key.id;
}

function newKey(): ValueKey {
  return { id: randomBytes(8).toString('hex'), secret: randomBytes(secretBytes) };
}

async function save(directory: string, keys: readonly ValueKey[]): Promise<void> {
  await makePrivateDirectory(directory);
  const text = keys.map(({ id, secret }) => `${id} ${secret.toString('base64')}\n`).join('');
  await writeFileAtomically(join(directory, file), text, { mode: 0o600 });
}

async function load(directory: string): Promise<ValueKey[]> {
  const path = join(directory, file);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new SkerryError('key-file-unreadable', `cannot read ${path}`, { cause });
  }
  const lines = text.split('\n').filter((line) => line !== '');
  const keys = lines.map((line, index) => {
    const [, id, secret] = linePattern.exec(line) ?? [];
    if (id === undefined || secret === undefined) {
      throw invalid(path, `line ${index + 1} is not \`<id> <32 bytes in base64>\``);
    }
    return { id, secret: Buffer.from(secret, 'base64') };
  });
  // A new key in place of lost ones would leave every Secret sealed for good, and hide why.
  if (keys.length === 0) throw invalid(path, 'it holds no key');
  return keys;
}

function invalid(path: string, why: string): SkerryError {
  return new SkerryError('value-keys-invalid', `${path}: ${why}; restore it from a backup`);
}
