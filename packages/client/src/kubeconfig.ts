/**
 * Kubeconfig files: which server, whom to trust, who we are. Read are the fields that kubectl writes; plug-ins that run
 * commands for a credential are refused with a message, since nothing of ours needs them.
 * Format: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
 */
import { randomUUID } from 'node:crypto';
import { chmod, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { SkerryError } from '@skerry/base';
import { parse, stringify } from 'yaml';
import type { HttpTransportOptions } from '#http-transport.ts';

/** What one context of a kubeconfig says, with files read and base64 undone; fits `createHttpTransport`. */
export interface KubeconfigContext extends Pick<
  HttpTransportOptions,
  'server' | 'ca' | 'clientCertificate' | 'clientKey' | 'token' | 'tokenFile' | 'tlsServerName'
> {
  readonly namespace?: string;
}

interface KubeconfigFile {
  'current-context'?: string;
  clusters?: { name: string; cluster?: Record<string, unknown> }[];
  contexts?: { name: string; context?: Record<string, unknown> }[];
  users?: { name: string; user?: Record<string, unknown> }[];
}

export async function loadKubeconfig(
  file: string,
  { context }: { readonly context?: string } = {},
): Promise<KubeconfigContext> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new SkerryError('kubeconfig-unreadable', `kubeconfig ${file} can't be read`, { cause });
  }
  return parseKubeconfig(text, { file, context });
}

/** `file` names the text in errors, and relative paths inside it are relative to its folder. */
export async function parseKubeconfig(
  text: string,
  { file, context }: { readonly file: string; readonly context?: string },
): Promise<KubeconfigContext> {
  const config = parseDocument(text, file);
  const contextName = context ?? config['current-context'];
  if (!contextName) throw broken(file, 'it names no current-context; pass one');
  const chosen = config.contexts?.find(({ name }) => name === contextName)?.context;
  if (!chosen) throw broken(file, `it has no context "${contextName}"`);
  const cluster = config.clusters?.find(({ name }) => name === chosen.cluster)?.cluster;
  if (!cluster) throw broken(file, `it has no cluster "${String(chosen.cluster)}"`);
  const user = config.users?.find(({ name }) => name === chosen.user)?.user ?? {};
  const server = textOf(cluster.server);
  if (!server || !URL.canParse(server)) throw broken(file, 'its cluster has no valid server address');
  if (cluster['insecure-skip-tls-verify'] === true) {
    throw broken(file, 'insecure-skip-tls-verify is not supported; give certificate-authority instead');
  }
  if (user.exec || user['auth-provider']) {
    throw broken(file, 'credentials from a command are not supported; use a certificate or a token');
  }
  const read = (source: Record<string, unknown>, key: string) => readData(source, { key, file });
  return {
    server,
    ca: await read(cluster, 'certificate-authority'),
    tlsServerName: textOf(cluster['tls-server-name']),
    clientCertificate: await read(user, 'client-certificate'),
    clientKey: await read(user, 'client-key'),
    token: textOf(user.token),
    tokenFile: textOf(user.tokenFile) && path.resolve(path.dirname(file), textOf(user.tokenFile) ?? ''),
    namespace: textOf(chosen.namespace),
  };
}

function parseDocument(text: string, file: string): KubeconfigFile {
  let value: unknown;
  try {
    value = parse(text);
  } catch (cause) {
    throw new SkerryError('kubeconfig-invalid', `kubeconfig ${file} is not valid YAML`, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw broken(file, 'it is empty or no mapping');
  }
  return value;
}

/** `x-data` holds base64, `x` names a file; the data wins, as in kubectl. */
async function readData(
  source: Record<string, unknown>,
  { key, file }: { key: string; file: string },
): Promise<string | undefined> {
  const data = textOf(source[`${key}-data`]);
  if (data) return Buffer.from(data, 'base64').toString('utf8');
  const name = textOf(source[key]);
  if (!name) return undefined;
  const resolved = path.resolve(path.dirname(file), name);
  try {
    return await readFile(resolved, 'utf8');
  } catch (cause) {
    throw new SkerryError('kubeconfig-invalid', `kubeconfig ${file}: ${key} ${resolved} can't be read`, {
      cause,
    });
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function broken(file: string, why: string): SkerryError {
  return new SkerryError('kubeconfig-invalid', `kubeconfig ${file}: ${why}`);
}

export interface KubeconfigEntry {
  /** Of cluster and context. */
  readonly cluster: string;
  readonly user: string;
  readonly server: string;
  /** The system's authorities where absent. */
  readonly ca?: string;
  readonly tlsServerName?: string;
  readonly clientCertificate?: string;
  readonly clientKey?: string;
  readonly token?: string;
  readonly namespace?: string;
}

/** The text of a kubeconfig with one context, all data inside. */
export function kubeconfigText(entry: KubeconfigEntry): string {
  const base64 = (text: string | undefined) =>
    text === undefined ? undefined : Buffer.from(text).toString('base64');
  const drop = (object: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
  return stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': entry.cluster,
      clusters: [
        {
          name: entry.cluster,
          cluster: drop({
            server: entry.server,
            'certificate-authority-data': base64(entry.ca),
            'tls-server-name': entry.tlsServerName,
          }),
        },
      ],
      contexts: [
        {
          name: entry.cluster,
          context: drop({ cluster: entry.cluster, user: entry.user, namespace: entry.namespace }),
        },
      ],
      users: [
        {
          name: entry.user,
          user: drop({
            'client-certificate-data': base64(entry.clientCertificate),
            'client-key-data': base64(entry.clientKey),
            token: entry.token,
          }),
        },
      ],
    },
    { lineWidth: 0 },
  );
}

/** Writes a kubeconfig that only its owner can read; a reader sees the old file or the new one, never half of it. */
export async function writeKubeconfig(file: string, entry: KubeconfigEntry): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.${randomUUID()}.tmp`;
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(kubeconfigText(entry));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await chmod(temporary, 0o600);
    await rename(temporary, file);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw new SkerryError('kubeconfig-unwritable', `kubeconfig ${file} can't be written`, { cause });
  }
}
