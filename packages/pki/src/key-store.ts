/**
 * The authorities and keys of one installation as files of a folder (0700): `<name>.crt`, `<name>.key` (0600), `sa.key`.
 * A half-made pair is never seen: the key is written first, and the certificate, which marks the pair as there, last.
 */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, SkerryError } from '@skerry/base';
import {
  type CertificateAuthority,
  type KeyPair,
  createCertificateAuthority,
  openCertificateAuthority,
} from '#certificate-authority.ts';
import { describeCertificate } from '#certificate.ts';
import { makePrivateDirectory, writeFileAtomically } from '#file.ts';
import {
  type ServiceAccountKey,
  createServiceAccountKey,
  openServiceAccountKey,
} from '#service-account-key.ts';

/** Reads a certificate and its key; undefined when there is no certificate. Throws `key-file-unreadable`. */
export async function loadKeyPair(directory: string, name: string): Promise<KeyPair | undefined> {
  const certificatePem = await readOptional(join(directory, `${name}.crt`));
  if (certificatePem === undefined) return undefined;
  const keyPem = await readOptional(join(directory, `${name}.key`));
  if (keyPem === undefined) {
    throw new SkerryError(
      'key-file-unreadable',
      `${join(directory, `${name}.crt`)} is there but its key ${name}.key is missing; restore it from a backup`,
    );
  }
  return { certificatePem, keyPem };
}

/** Writes key (0600), then certificate, each atomically. */
export async function saveKeyPair(directory: string, name: string, pair: KeyPair): Promise<void> {
  await makePrivateDirectory(directory);
  await writeFileAtomically(join(directory, `${name}.key`), pair.keyPem, { mode: 0o600 });
  await writeFileAtomically(join(directory, `${name}.crt`), pair.certificatePem, { mode: 0o644 });
}

/** The authority kept under this name, made at the first call. */
export async function loadOrCreateCertificateAuthority(options: {
  readonly directory: string;
  readonly name: string;
  readonly commonName: string;
  readonly clock: Clock;
}): Promise<CertificateAuthority> {
  const { directory, name, commonName, clock } = options;
  const existing = await loadKeyPair(directory, name);
  if (existing) {
    try {
      return openCertificateAuthority({ ...existing, clock });
    } catch (cause) {
      throw new SkerryError(
        'certificate-authority-invalid',
        `${join(directory, name)}.crt and .key are no certificate authority that can be used; restore both from a backup`,
        { cause },
      );
    }
  }
  const authority = await createCertificateAuthority({ commonName, clock });
  await saveKeyPair(directory, name, authority);
  return authority;
}

/** The key that signs ServiceAccount tokens, made at the first call. */
export async function loadOrCreateServiceAccountKey(directory: string): Promise<ServiceAccountKey> {
  const path = join(directory, 'sa.key');
  const existing = await readOptional(path);
  if (existing !== undefined) return openServiceAccountKey(existing);
  const key = await createServiceAccountKey();
  await makePrivateDirectory(directory);
  await writeFileAtomically(path, key.privateKeyPem, { mode: 0o600 });
  return key;
}

/**
 * The keys that ServiceAccount tokens are accepted under: `sa.key`, which signs, and those that signed before it,
 * `sa-<start of key id>.key`. Taking such a file away ends the tokens that it signed.
 */
export async function loadFormerServiceAccountKeys(directory: string): Promise<ServiceAccountKey[]> {
  const names = (await readdir(directory)).filter((name) => /^sa-[\w-]+\.key$/.test(name)).sort();
  const pems = await Promise.all(names.map((name) => readOptional(join(directory, name))));
  return pems.filter((pem) => pem !== undefined).map((pem) => openServiceAccountKey(pem));
}

/** Makes a new signing key, from the next start on; the old one goes on being accepted. Returns the new key's id. */
export async function replaceServiceAccountKey(directory: string): Promise<string> {
  const before = await loadOrCreateServiceAccountKey(directory);
  const after = await createServiceAccountKey();
  const former = join(directory, `sa-${before.keyId.slice(0, 12)}.key`);
  await writeFileAtomically(former, before.privateKeyPem, { mode: 0o600 });
  await writeFileAtomically(join(directory, 'sa.key'), after.privateKeyPem, { mode: 0o600 });
  return after.keyId;
}

/**
 * A certificate of the folder that is issued again when it is missing, ends within `renewBeforeMs`, or `fits` says no. `issue` gets
 * the former pair, for those that keep their key.
 */
export async function loadOrIssue(options: {
  readonly directory: string;
  readonly name: string;
  readonly clock: Clock;
  readonly renewBeforeMs: number;
  fits(pair: KeyPair): boolean;
  issue(former: KeyPair | undefined): Promise<KeyPair>;
}): Promise<KeyPair> {
  const { directory, name, clock, renewBeforeMs } = options;
  const existing = await loadKeyPair(directory, name);
  if (existing && endOf(existing.certificatePem) - clock.now() > renewBeforeMs && options.fits(existing)) {
    return existing;
  }
  const pair = await options.issue(existing);
  await saveKeyPair(directory, name, pair);
  return pair;
}

function endOf(certificatePem: string): number {
  return describeCertificate(certificatePem).notAfterMs;
}

async function readOptional(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new SkerryError('key-file-unreadable', `cannot read ${path}`, { cause });
  }
}
