/**
 * A kubeconfig that a stranger handed in. Read like any other it could run commands and read files of this machine, so
 * everything that isn't plain data is refused: plug-ins, file paths, proxies, unverified TLS. Where the server may be is for
 * the dialer to say, which knows the address and not just the name.
 */
import { SkerryError } from '@skerry/base';
import { parse } from 'yaml';

export interface ForeignKubeconfig {
  /** `https://…` */
  readonly server: string;
  /** PEM; the system's authorities where absent. */
  readonly ca?: string;
  readonly clientCertificate?: string;
  readonly clientKey?: string;
  readonly token?: string;
  readonly tlsServerName?: string;
}

const lengthMax = 256 * 1024;

/** Fields of a cluster or user that name files, run programs, or weaken what is verified. */
const refused: Readonly<Record<string, string>> = {
  exec: 'runs a command for a credential',
  'auth-provider': 'runs a plug-in for a credential',
  'certificate-authority': 'names a file; use certificate-authority-data',
  'client-certificate': 'names a file; use client-certificate-data',
  'client-key': 'names a file; use client-key-data',
  tokenFile: 'names a file; use token',
  'proxy-url': 'leads through a proxy',
  'insecure-skip-tls-verify': 'leaves TLS unverified; give certificate-authority-data',
  username: 'is a password, which no Kubernetes takes',
  password: 'is a password, which no Kubernetes takes',
  as: 'impersonates',
  'as-groups': 'impersonates',
  'as-uid': 'impersonates',
  'as-user-extra': 'impersonates',
};

/** Of one context, the current one unless told; all others are left out. Fails with `kubeconfig-refused`. */
export function parseForeignKubeconfig(text: string, context?: string): ForeignKubeconfig {
  if (text.length > lengthMax) throw refuse(`it is longer than ${lengthMax / 1024} KiB`);
  const config = mapping(parseYaml(text), 'it');
  const name = context ?? textOf(config['current-context'], 'current-context');
  const chosen = mapping(named(config['contexts'], name, 'context')['context'], `context "${name}"`);
  const clusterName = textOf(chosen['cluster'], 'cluster');
  const userName = textOf(chosen['user'], 'user');
  const cluster = mapping(
    named(config['clusters'], clusterName, 'cluster')['cluster'],
    `cluster "${clusterName}"`,
  );
  const user = mapping(named(config['users'], userName, 'user')['user'], `user "${userName}"`);
  for (const [part, what] of [
    [cluster, `cluster "${clusterName}"`],
    [user, `user "${userName}"`],
  ] as const) {
    const field = Object.keys(part).find((key) => Object.hasOwn(refused, key) && isSet(part[key]));
    if (field !== undefined) throw refuse(`${what}: ${field} ${refused[field]}`);
  }
  const found: ForeignKubeconfig = {
    server: serverOf(cluster),
    ca: decoded(cluster, 'certificate-authority-data'),
    clientCertificate: decoded(user, 'client-certificate-data'),
    clientKey: decoded(user, 'client-key-data'),
    token: user['token'] === undefined ? undefined : textOf(user['token'], 'token'),
    tlsServerName:
      cluster['tls-server-name'] === undefined
        ? undefined
        : textOf(cluster['tls-server-name'], 'tls-server-name'),
  };
  if (found.token === undefined && (found.clientCertificate === undefined || found.clientKey === undefined))
    throw refuse(`user "${userName}" has neither a token nor a client certificate with its key`);
  if (found.token !== undefined && !/^[\x21-\x7e]+$/.test(found.token))
    throw refuse(`user "${userName}": the token has characters that no token has`);
  return found;
}

function serverOf(cluster: Readonly<Record<string, unknown>>): string {
  const server = textOf(cluster['server'], 'server');
  const url = URL.parse(server);
  if (!url || url.protocol !== 'https:') throw refuse('server must be an https:// address');
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw refuse('server must have no credentials, query or fragment');
  return server;
}

function parseYaml(text: string): unknown {
  try {
    // Without aliases, by which a few lines become gigabytes.
    return parse(text, { maxAliasCount: 0 });
  } catch (cause) {
    throw refuse('it is not valid YAML without aliases', cause);
  }
}

function named(list: unknown, name: string, what: string): Readonly<Record<string, unknown>> {
  const found = (Array.isArray(list) ? (list as unknown[]) : []).find(
    (entry): entry is Record<string, unknown> => isMapping(entry) && entry['name'] === name,
  );
  if (!found) throw refuse(`it has no ${what} "${name}"`);
  return found;
}

function decoded(part: Readonly<Record<string, unknown>>, key: string): string | undefined {
  if (!isSet(part[key])) return undefined;
  const text = Buffer.from(textOf(part[key], key), 'base64').toString('utf8');
  if (!text.includes('-----BEGIN ')) throw refuse(`${key} is no PEM in base64`);
  return text;
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '' && value !== false;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function mapping(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (!isMapping(value)) throw refuse(`${what} is no mapping`);
  return value;
}

function textOf(value: unknown, what: string): string {
  if (typeof value !== 'string' || value === '') throw refuse(`${what} is missing or no text`);
  return value;
}

function refuse(why: string, cause?: unknown): SkerryError {
  return new SkerryError('kubeconfig-refused', `the kubeconfig is refused: ${why}`, { cause });
}
