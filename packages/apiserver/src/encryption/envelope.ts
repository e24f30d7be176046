import { createHash, randomBytes } from 'node:crypto';
import { openGcm, sealGcm, type AesKey } from '#encryption/aes.ts';
import type { Provider } from '#encryption/transformer.ts';

/**
 * Envelopes under the installation's own keys: values are sealed with a data key, and the data key, sealed with the key of
 * the installation, travels in each value: `<length of wrapped key: 1> <wrapped key> <nonce, ciphertext, tag>`.
 *
 * A data key is made for each process and made anew after `usesMax` values, far below the number at which random nonces
 * begin to be a risk; so the installation's key itself seals only as many things as there were processes, and may stay for
 * years. Opened data keys are remembered: a start opens thousands of values of a few data keys.
 */
export interface InstallationKey {
  /** Part of the prefix of what it sealed: letters, digits and `-`. */
  readonly id: string;
  /** 32 bytes. */
  readonly secret: AesKey;
}

const usesMax = 2 ** 20;
const rememberedMax = 1000;
const dataKeyBytes = 32;

export function envelope(key: InstallationKey): Provider {
  const purpose = Buffer.from(`skerry data key of ${key.id}`);
  const opened = new Map<string, AesKey>();
  let current: { readonly secret: AesKey; readonly wrapped: Buffer; uses: number } | undefined;

  function dataKey() {
    if (!current || current.uses >= usesMax) {
      const secret = randomBytes(dataKeyBytes);
      current = { secret, wrapped: sealGcm(key.secret, secret, purpose), uses: 0 };
    }
    current.uses++;
    return current;
  }

  function unwrap(wrapped: Uint8Array): AesKey {
    const id = createHash('sha256').update(wrapped).digest('base64');
    const known = opened.get(id);
    if (known) return known;
    const secret = openGcm(key.secret, wrapped, purpose);
    if (opened.size >= rememberedMax) opened.clear();
    opened.set(id, secret);
    return secret;
  }

  return {
    prefix: `k8s:enc:skerry:v1:${key.id}:`,
    seal(at, plain) {
      const { secret, wrapped } = dataKey();
      const sealed = sealGcm(secret, plain, Buffer.from(at));
      return Buffer.concat([Buffer.of(wrapped.length), wrapped, sealed]);
    },
    open(at, sealed) {
      const end = 1 + (sealed[0] ?? 0);
      return openGcm(unwrap(sealed.subarray(1, end)), sealed.subarray(end), Buffer.from(at));
    },
  };
}
