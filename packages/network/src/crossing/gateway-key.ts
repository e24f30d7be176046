/**
 * The X25519 key of a gateway. It is made on the machine and never leaves it; the center publishes the public half, so that
 * gateways of other pools can seal what only this one opens.
 */
import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export const publicKeyBytes = 32;

export interface GatewayKey {
  readonly privateKey: KeyObject;
  /** 32 bytes. */
  readonly publicBytes: Buffer;
}

export function generateGatewayKey(): GatewayKey {
  return keyOf(generateKeyPairSync('x25519').privateKey);
}

/** That of the directory; made there if there is none. */
export async function loadGatewayKey(directory: string): Promise<GatewayKey> {
  const file = join(directory, 'gateway.key');
  const pem = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (pem !== undefined) return keyOf(createPrivateKey(pem));
  const key = generateGatewayKey();
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeFile(`${file}.new`, key.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  await rename(`${file}.new`, file);
  return key;
}

/** The private half as `wg` takes it: 32 bytes in base64. */
export function wireGuardKey({ privateKey }: GatewayKey): string {
  const { d = '' } = privateKey.export({ format: 'jwk' });
  return Buffer.from(d, 'base64url').toString('base64');
}

/** Throws when the bytes are no public key. */
export function publicKeyOf(bytes: Buffer): KeyObject {
  return createPublicKey({
    key: { kty: 'OKP', crv: 'X25519', x: bytes.toString('base64url') },
    format: 'jwk',
  });
}

/** Throws for the points whose secret everybody knows. */
export function sharedSecret(own: KeyObject, other: KeyObject): Buffer {
  return diffieHellman({ privateKey: own, publicKey: other });
}

function keyOf(privateKey: KeyObject): GatewayKey {
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  return { privateKey, publicBytes: Buffer.from(x, 'base64url') };
}
