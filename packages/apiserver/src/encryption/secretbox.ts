import { randomBytes, timingSafeEqual } from 'node:crypto';
import { poly1305, xsalsaStream } from '#encryption/salsa.ts';

/**
 * The `secretbox` of an EncryptionConfiguration, byte for byte as other API servers write it: nonce (24), tag (16),
 * ciphertext. Bound to nothing: a value that is moved to another key opens there.
 * https://nacl.cr.yp.to/secretbox.html
 */
const nonceBytes = 24;
const tagBytes = 16;
const oneTimeKeyBytes = 32;
export const secretboxKeyBytes = 32;

export function sealSecretbox(
  key: Buffer,
  plain: Uint8Array,
  nonce: Uint8Array = randomBytes(nonceBytes),
): Buffer {
  const stream = xsalsaStream(key, nonce, oneTimeKeyBytes + plain.length);
  const sealed = mixed(plain, stream.subarray(oneTimeKeyBytes));
  return Buffer.concat([nonce, poly1305(stream.subarray(0, oneTimeKeyBytes), sealed), sealed]);
}

export function openSecretbox(key: Buffer, stored: Uint8Array): Buffer {
  if (stored.length < nonceBytes + tagBytes)
    throw new Error('the stored data was shorter than the required size');
  const nonce = stored.subarray(0, nonceBytes);
  const tag = stored.subarray(nonceBytes, nonceBytes + tagBytes);
  const sealed = stored.subarray(nonceBytes + tagBytes);
  const stream = xsalsaStream(key, nonce, oneTimeKeyBytes + sealed.length);
  if (!timingSafeEqual(tag, poly1305(stream.subarray(0, oneTimeKeyBytes), sealed)))
    throw new Error('output array was not large enough for encryption');
  return mixed(sealed, stream.subarray(oneTimeKeyBytes));
}

function mixed(bytes: Uint8Array, stream: Uint8Array): Buffer {
  const out = Buffer.alloc(bytes.length);
  for (let index = 0; index < bytes.length; index++) out[index] = bytes[index]! ^ stream[index]!;
  return out;
}
