/**
 * What outlives a restart of the center: sessions, sealed with a key of the installation (AES-256-GCM). A file that can't be
 * opened, or of a key that is gone, is nobody's session: people sign in again.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describeError, type Logger } from '@skerry/base';
import { type ValueKey, writeFileAtomically } from '@skerry/pki';

const cipher = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;
const label = Buffer.from('skerry sessions v1');

export interface SealedFile {
  /** Undefined when there is none that can be opened. */
  load(): Promise<unknown>;
  save(value: unknown): Promise<void>;
}

export function sealedFile(
  path: string,
  { keys, log }: { keys: readonly [ValueKey, ...ValueKey[]]; log: Logger },
): SealedFile {
  return {
    async load() {
      try {
        const text = await readFile(path, 'utf8');
        const [id = '', sealed = ''] = text.trim().split(' ');
        const key = keys.find((each) => each.id === id);
        if (!key) throw new Error('its key is not among those of the installation');
        return JSON.parse(open(Buffer.from(sealed, 'base64'), key).toString()) as unknown;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
          log.warn('sessions not restored', { error: describeError(error) });
        }
        return undefined;
      }
    },
    async save(value) {
      const [key] = keys;
      const sealed = seal(Buffer.from(JSON.stringify(value)), key).toString('base64');
      await writeFileAtomically(path, `${key.id} ${sealed}\n`, { mode: 0o600 });
    },
  };
}

function seal(plain: Buffer, { secret }: ValueKey): Buffer {
  const nonce = randomBytes(nonceBytes);
  const sealing = createCipheriv(cipher, secret, nonce).setAAD(label);
  return Buffer.concat([nonce, sealing.update(plain), sealing.final(), sealing.getAuthTag()]);
}

function open(sealed: Buffer, { secret }: ValueKey): Buffer {
  const opening = createDecipheriv(cipher, secret, sealed.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  })
    .setAAD(label)
    .setAuthTag(sealed.subarray(-tagBytes));
  return Buffer.concat([opening.update(sealed.subarray(nonceBytes, -tagBytes)), opening.final()]);
}
