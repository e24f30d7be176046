/**
 * Which of a pod's pull secrets fit an image. The longest matching name comes first.
 * https://kubernetes.io/docs/concepts/containers/images/#config-json
 */
import { isRecord } from '@skerry/base';
import type { Secret } from '@skerry/api';
import type { RegistryCredential } from '#runtime.ts';

interface Entry {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

export function credentialsFor(reference: string, secrets: readonly Secret[]): RegistryCredential[] {
  return secrets
    .flatMap((secret) => Object.entries(entriesOf(secret)))
    .filter(([pattern, entry]) => isRecord(entry) && matches(pattern, reference))
    .toSorted(([a], [b]) => plainName(b).length - plainName(a).length)
    .map(([, entry]) => credential(entry));
}

/** A secret that can't be read gives nothing: the pull then says what is missing. */
function entriesOf(secret: Secret): Record<string, Entry> {
  const modern = secret.data?.['.dockerconfigjson'];
  const old = secret.data?.['.dockercfg'];
  try {
    if (modern) {
      const parsed: unknown = JSON.parse(Buffer.from(modern, 'base64').toString('utf8'));
      const auths = isRecord(parsed) ? parsed['auths'] : undefined;
      return isRecord(auths) ? (auths as Record<string, Entry>) : {};
    }
    const parsed: unknown = old ? JSON.parse(Buffer.from(old, 'base64').toString('utf8')) : {};
    return isRecord(parsed) ? (parsed as Record<string, Entry>) : {};
  } catch {
    return {};
  }
}

/** `registry.example`, `*.registry.example`, `registry.example:5000/team`; each part of a host may be a glob. */
function matches(pattern: string, reference: string): boolean {
  const plain = plainName(pattern);
  const wanted = plain === 'index.docker.io/v1' || plain === 'index.docker.io' ? 'docker.io' : plain;
  const [host = '', ...path] = wanted.split('/');
  const [actualHost = '', ...actualPath] = reference.split('/');
  const parts = host.split('.');
  const actualParts = actualHost.split('.');
  if (parts.length !== actualParts.length) return false;
  if (!parts.every((part, index) => globMatches(part, actualParts[index] ?? ''))) return false;
  return actualPath.join('/').startsWith(path.filter((part) => part !== 'v1' && part !== 'v2').join('/'));
}

function plainName(pattern: string): string {
  return pattern.replace(/^https?:\/\//, '').replace(/\/+$/, '');
}

/** `*` stands for any text. In time linear in pattern and text: the pattern comes from a Secret that anyone may write. */
function globMatches(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return pattern === text;
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length)
    return false;
  const end = text.length - last.length;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found === -1 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

/** Without the registry's name: containerd lets no plain host pass there, and what fits is decided already. */
function credential(entry: Entry): RegistryCredential {
  const decoded = entry.auth ? Buffer.from(entry.auth, 'base64').toString('utf8') : '';
  const colon = decoded.indexOf(':');
  return {
    username: entry.username ?? (colon === -1 ? undefined : decoded.slice(0, colon)),
    password: entry.password ?? (colon === -1 ? undefined : decoded.slice(colon + 1)),
    identityToken: entry.identitytoken,
    registryToken: entry.registrytoken,
  };
}
