import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/**
 * AES as an EncryptionConfiguration names it, byte for byte as other API servers write it, so that a database that was
 * sealed by one is read by the other.
 * `aesgcm`: nonce (12), ciphertext, tag (16), bound to the storage key. `aescbc`: vector (16), ciphertext with PKCS#7
 * padding, bound to nothing: a value that is moved to another key opens there.
 */
const nonceBytes = 12;
const tagBytes = 16;
const vectorBytes = 16;

export type AesKey = Buffer;

/** In the words of upstream, which operators search for. */
const refused = 'cipher: message authentication failed';
const tooShort = 'the stored data was shorter than the required size';

/** Fresh random nonces: at most 2^32 values under one key, by NIST SP 800-38D. */
export function sealGcm(secret: AesKey, plain: Uint8Array, bound: Uint8Array): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(gcmOf(secret), secret, nonce);
  cipher.setAAD(bound);
  const sealed = Buffer.concat([nonce, cipher.update(plain), cipher.final()]);
  return Buffer.concat([sealed, cipher.getAuthTag()]);
}

export function openGcm(secret: AesKey, sealed: Uint8Array, bound: Uint8Array): Buffer {
  if (sealed.length < nonceBytes + tagBytes) throw new Error(tooShort);
  const decipher = createDecipheriv(gcmOf(secret), secret, sealed.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  });
  decipher.setAAD(bound);
  decipher.setAuthTag(sealed.subarray(-tagBytes));
  const opened = decipher.update(sealed.subarray(nonceBytes, -tagBytes));
  try {
    return Buffer.concat([opened, decipher.final()]);
  } catch (cause) {
    throw new Error(refused, { cause });
  }
}

export function sealCbc(secret: AesKey, plain: Uint8Array): Buffer {
  const vector = randomBytes(vectorBytes);
  const cipher = createCipheriv(cbcOf(secret), secret, vector);
  return Buffer.concat([vector, cipher.update(plain), cipher.final()]);
}

export function openCbc(secret: AesKey, sealed: Uint8Array): Buffer {
  if (sealed.length < vectorBytes) throw new Error(tooShort);
  if (sealed.length % vectorBytes !== 0)
    throw new Error('the stored data is not a multiple of the block size');
  const decipher = createDecipheriv(cbcOf(secret), secret, sealed.subarray(0, vectorBytes));
  const opened = decipher.update(sealed.subarray(vectorBytes));
  try {
    return Buffer.concat([opened, decipher.final()]);
  } catch (cause) {
    throw new Error('invalid padding on input', { cause });
  }
}

function gcmOf(secret: AesKey): 'aes-128-gcm' | 'aes-192-gcm' | 'aes-256-gcm' {
  return secret.length === 16 ? 'aes-128-gcm' : secret.length === 24 ? 'aes-192-gcm' : 'aes-256-gcm';
}

function cbcOf(secret: AesKey): string {
  return `aes-${secret.length * 8}-cbc`;
}
