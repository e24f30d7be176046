/**
 * The real kube-apiserver on a real etcd, to compare answers with: both on loopback ports of their own, state in a
 * temporary folder that goes when they end. The binaries are found by `KUBE_APISERVER` and `ETCD`, or by the folder that
 * has both, `KUBEBUILDER_ASSETS`; nothing is downloaded. No controller runs beside them.
 *
 * By itself it starts them and says how to ask them, until it is interrupted:
 *
 *     node test/conformance/reference-server.ts [--port 7443] [-- more flags of kube-apiserver]
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { freePort } from '../support/cluster.ts';
import { bindings, users } from './users.ts';

export interface ReferenceServerOptions {
  /** Of the API server; any free one unless told. */
  readonly port?: number;
  /** More flags of kube-apiserver, behind ours: the last one of a name counts. */
  readonly flags?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Whether etcd flushes to disk what it acknowledges, as in production; for comparing answers it need not. */
  readonly durable?: boolean;
}

export interface ReferenceServer {
  /** `https://127.0.0.1:<port>` */
  readonly url: string;
  /** What signed its certificate, PEM. */
  readonly ca: string;
  /** Holds certificates, keys and both logs. */
  readonly directory: string;
  /** For kubectl, as admin. */
  readonly kubeconfig: string;
  /** Of etcd and kube-apiserver. */
  readonly pids: readonly number[];
  close(): Promise<void>;
}

/** How long a slow machine may take until the server is ready. */
const startMsMax = 180_000;

export interface Binaries {
  readonly apiserver: string;
  readonly etcd: string;
}

/** Where the two programs are; undefined when the environment names none. */
export function referenceBinaries(env: NodeJS.ProcessEnv = process.env): Binaries | undefined {
  const folder = env['KUBEBUILDER_ASSETS'];
  const apiserver = env['KUBE_APISERVER'] ?? (folder && join(folder, 'kube-apiserver'));
  const etcd = env['ETCD'] ?? (folder && join(folder, 'etcd'));
  return apiserver && etcd && existsSync(apiserver) && existsSync(etcd) ? { apiserver, etcd } : undefined;
}

export async function startReferenceServer(options: ReferenceServerOptions = {}): Promise<ReferenceServer> {
  const binaries = referenceBinaries(options.env);
  if (!binaries)
    throw new Error('KUBE_APISERVER and ETCD (or KUBEBUILDER_ASSETS) name no kube-apiserver and etcd');
  const directory = mkdtempSync(join(tmpdir(), 'reference-server-'));
  const children: ChildProcess[] = [];
  const close = async () => {
    for (const child of children.toReversed()) await ended(child);
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const clientPort = await freePort();
    const etcdUrl = `http://127.0.0.1:${clientPort}`;
    children.push(startProgram(directory, binaries.etcd, await etcdFlags(directory, etcdUrl, options)));
    const port = options.port ?? (await freePort());
    const flags = [...apiserverFlags(directory, etcdUrl, port), ...(options.flags ?? [])];
    const server = startProgram(directory, binaries.apiserver, flags);
    children.push(server);
    const url = `https://127.0.0.1:${port}`;
    const ca = await whenReady(url, directory, server);
    for (const binding of bindings) await createBinding(url, ca, binding);
    const kubeconfig = join(directory, 'kubeconfig');
    writeFileSync(kubeconfig, kubeconfigText(url, ca), { mode: 0o600 });
    const pids = children.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
    return { url, ca, directory, kubeconfig, pids, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function etcdFlags(
  directory: string,
  url: string,
  { durable = false }: ReferenceServerOptions,
): Promise<string[]> {
  return [
    `--data-dir=${join(directory, 'etcd')}`,
    `--listen-client-urls=${url}`,
    `--advertise-client-urls=${url}`,
    `--listen-peer-urls=http://127.0.0.1:${await freePort()}`,
    ...(durable ? [] : ['--unsafe-no-fsync']),
    '--log-level=error',
  ];
}

function apiserverFlags(directory: string, etcdUrl: string, port: number): string[] {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const publicFile = join(directory, 'service-account.pub');
  const privateFile = join(directory, 'service-account.key');
  const tokenFile = join(directory, 'tokens.csv');
  writeFileSync(publicFile, publicKey.export({ type: 'spki', format: 'pem' }));
  writeFileSync(privateFile, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  const lines = Object.values(users).map(
    ({ token, name, uid, groups }) => `${token},${name},${uid},"${groups.join(',')}"\n`,
  );
  writeFileSync(tokenFile, lines.join(''), { mode: 0o600 });
  return [
    `--etcd-servers=${etcdUrl}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    `--cert-dir=${join(directory, 'certs')}`,
    `--service-account-key-file=${publicFile}`,
    `--service-account-signing-key-file=${privateFile}`,
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--token-auth-file=${tokenFile}`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--enable-bootstrap-token-auth',
    '--service-cluster-ip-range=10.96.0.0/16',
    '--allow-privileged',
    '--endpoint-reconciler-type=none',
  ];
}

function startProgram(directory: string, program: string, flags: readonly string[]): ChildProcess {
  const log = createWriteStream(join(directory, `${program.split('/').at(-1)}.log`));
  const child = spawn(program, flags, { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  return child;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exit;
}

/** Resolves with the certificate that the server made for itself. */
async function whenReady(url: string, directory: string, server: ChildProcess): Promise<string> {
  const certificate = join(directory, 'certs/apiserver.crt');
  const deadline = performance.now() + startMsMax;
  while (performance.now() < deadline && server.exitCode === null && server.signalCode === null) {
    await delay(200);
    if (!existsSync(certificate)) continue;
    const ca = readFileSync(certificate, 'utf8');
    if ((await status(url, ca, 'GET', '/readyz').catch(() => 0)) === 200) return ca;
  }
  const log = readFileSync(join(directory, 'kube-apiserver.log'), 'utf8');
  throw new Error(`kube-apiserver did not get ready:\n${log.slice(-2000)}`);
}

async function createBinding(url: string, ca: string, binding: object): Promise<void> {
  const path = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';
  const code = await status(url, ca, 'POST', path, JSON.stringify(binding));
  if (code !== 201) throw new Error(`POST ${path} was answered ${code}`);
}

function status(url: string, ca: string, method: string, path: string, body?: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${users.admin.token}`, 'content-type': 'application/json' };
    const outgoing = request(url + path, { method, ca, agent: false, headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function kubeconfigText(url: string, ca: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'reference',
        cluster: { server: url, 'certificate-authority-data': Buffer.from(ca).toString('base64') },
      },
    ],
    users: Object.entries(users).map(([name, { token }]) => ({ name, user: { token } })),
    contexts: Object.keys(users).map((name) => ({ name, context: { cluster: 'reference', user: name } })),
    'current-context': 'admin',
  });
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    options: { port: { type: 'string' } },
    allowPositionals: true,
  });
  const server = await startReferenceServer({
    ...(values.port ? { port: Number(values.port) } : {}),
    flags: positionals,
  });
  console.log(
    `${server.url}  tokens: ${Object.values(users)
      .map(({ token }) => token)
      .join(' ')}`,
  );
  console.log(`KUBECONFIG=${server.kubeconfig}  (contexts ${Object.keys(users).join(' ')}; logs beside it)`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void server.close());
}
