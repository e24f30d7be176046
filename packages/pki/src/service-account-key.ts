/**
 * The key that signs ServiceAccount tokens (ES256). The key's id is the RFC 7638-like hash of its public part, so a
 * verifier finds the right key among several while keys are changed.
 */
import { createHash, createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { SkerryError } from '@skerry/base';
import { generatePrivateKey } from '#key.ts';

export interface ServiceAccountKey {
  readonly keyId: string;
  readonly algorithm: 'ES256' | 'RS256';
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly privateKeyPem: string;
  /** As `/openid/v1/jwks` lists it. */
  readonly publicJwk: JsonWebKey & { readonly kid: string; readonly alg: string; readonly use: 'sig' };
}

export async function createServiceAccountKey(): Promise<ServiceAccountKey> {
  return openServiceAccountKey(await generatePrivateKey());
}

/** From an EC P-256 or RSA private key, PEM. Throws `service-account-key-invalid`. */
export function openServiceAccountKey(privateKeyPem: string): ServiceAccountKey {
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(privateKeyPem);
  } catch (cause) {
    throw new SkerryError('service-account-key-invalid', 'the service account key cannot be read', { cause });
  }
  const algorithm = algorithmOf(privateKey);
  const publicKey = createPublicKey(privateKey);
  const keyId = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url');
  return {
    keyId,
    algorithm,
    privateKey,
    publicKey,
    privateKeyPem,
    publicJwk: { ...publicKey.export({ format: 'jwk' }), kid: keyId, alg: algorithm, use: 'sig' },
  };
}

function algorithmOf(key: KeyObject): 'ES256' | 'RS256' {
  if (key.asymmetricKeyType === 'rsa') return 'RS256';
  if (key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return 'ES256';
  throw new SkerryError(
    'service-account-key-invalid',
    `a service account key must be EC P-256 or RSA, not ${key.asymmetricKeyType ?? 'unknown'}`,
  );
}
