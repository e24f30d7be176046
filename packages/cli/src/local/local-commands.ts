/** What `skerry local` does: asks the agent of this machine, and prints what it says. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeError, isRecord, SkerryError } from '@skerry/base';
import type { Image } from '@skerry/agent';
import type { LocalEdit } from '@skerry/hub';
import { parse, stringify } from 'yaml';
import { table } from '#terminal/table.ts';
import { askLocal, localSocket, openLocal } from './local-client.ts';
import { runInContainer } from './local-exec.ts';
import type { LocalPod } from './local-server.ts';

interface PodFlags {
  readonly pod: string;
  readonly namespace: string;
  readonly container?: string;
}

export async function listPods(dataDirectory: string): Promise<void> {
  const { linked, pods } = await podsOf(localSocket(dataDirectory));
  if (!linked) process.stderr.write('This machine is cut off from its center.\n');
  const rows = pods.map((pod) => [
    pod.namespace,
    pod.name,
    pod.ready,
    pod.phase,
    String(pod.restarts),
    pod.address || '<none>',
  ]);
  process.stdout.write(table(['NAMESPACE', 'NAME', 'READY', 'STATUS', 'RESTARTS', 'IP'], rows));
}

export async function listImages(dataDirectory: string): Promise<void> {
  const path = '/local/images';
  const { images } = await askLocal<{ images: Image[] }>(localSocket(dataDirectory), { path });
  const rows = images.map(({ tags, digests, id, sizeBytes }) => [
    tags[0] ?? digests[0] ?? '<none>',
    id.replace(/^sha256:/, '').slice(0, 12),
    `${(sizeBytes / 1e6).toFixed(1)}MB`,
  ]);
  process.stdout.write(table(['IMAGE', 'IMAGE ID', 'SIZE'], rows));
}

export async function printLog(
  dataDirectory: string,
  flags: PodFlags & { readonly follow?: boolean; readonly previous?: boolean; readonly tail?: number },
): Promise<void> {
  const socket = localSocket(dataDirectory);
  const { namespace, pod, follow, previous, tail } = flags;
  const container = await containerOf(socket, flags);
  const response = await openLocal(socket, {
    path: `/containerLogs/${[namespace, pod, container].map(encodeURIComponent).join('/')}`,
    query: {
      follow: follow ? 'true' : undefined,
      previous: previous ? 'true' : undefined,
      tailLines: tail === undefined ? undefined : String(tail),
    },
  });
  for await (const part of response as AsyncIterable<Buffer>)
    if (!process.stdout.write(part)) await once(process.stdout, 'drain');
}

/** Ends with the exit code of the command. */
export async function execute(
  dataDirectory: string,
  flags: PodFlags & { readonly command: readonly string[] },
): Promise<void> {
  const socket = localSocket(dataDirectory);
  const container = await containerOf(socket, flags);
  process.exitCode = await runInContainer(socket, { ...flags, container });
}

export async function upgradePod(
  dataDirectory: string,
  { pod, namespace, pull }: { readonly pod?: string; readonly namespace: string; readonly pull?: boolean },
): Promise<void> {
  const socket = localSocket(dataDirectory);
  if (pod === undefined) {
    const { pods } = await podsOf(socket);
    const rows = pods
      .filter((each) => each.needsUpgrade)
      .map((each) => [each.namespace, each.name, each.ready]);
    process.stdout.write(table(['NAMESPACE', 'NAME', 'READY'], rows));
    return;
  }
  const place = `namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}`;
  const path = `/openyurt.io/v1/${place}/${pull ? 'imagepull' : 'upgrade'}`;
  const { message } = await askLocal<{ message: string }>(socket, { method: 'POST', path });
  process.stdout.write(`${message}\n`);
}

export async function restartPod(dataDirectory: string, flags: PodFlags): Promise<void> {
  const { namespace, pod, container } = flags;
  const { restarted } = await askLocal<{ restarted: string[] }>(localSocket(dataDirectory), {
    method: 'POST',
    path: '/local/restart',
    query: { namespace, pod, container },
  });
  for (const name of restarted) process.stdout.write(`container ${name} of pod ${namespace}/${pod} ended\n`);
}

export async function editObject(
  dataDirectory: string,
  flags: {
    readonly kind?: string;
    readonly name?: string;
    readonly namespace: string;
    readonly filename?: string;
  },
): Promise<void> {
  const socket = localSocket(dataDirectory);
  const { kind, name, namespace, filename } = flags;
  if (name === undefined) {
    await listEdits(socket);
    return;
  }
  const query = { kind, name, namespace };
  const path = '/local/object';
  const { object } = await askLocal<{ object: object }>(socket, { path, query });
  const text = filename === undefined ? await edited(stringify(object)) : await readFile(filename, 'utf8');
  if (text === undefined) {
    process.stdout.write('Edit cancelled, no changes made.\n');
    return;
  }
  await askLocal(socket, { method: 'PUT', path, query, body: objectOf(text) });
  process.stdout.write(`${kind} ${namespace}/${name} changed on this machine, until its link is back\n`);
}

async function listEdits(socket: string): Promise<void> {
  const { edits } = await askLocal<{ edits: LocalEdit[] }>(socket, { path: '/local/edits' });
  const rows = edits.map((edit) => [
    edit.resource,
    edit.namespace,
    edit.name,
    new Date(edit.atMs).toISOString(),
  ]);
  process.stdout.write(table(['RESOURCE', 'NAMESPACE', 'NAME', 'CHANGED'], rows));
}

function podsOf(socket: string): Promise<{ linked: boolean; pods: LocalPod[] }> {
  return askLocal(socket, { path: '/local/pods' });
}

async function containerOf(socket: string, { namespace, pod, container }: PodFlags): Promise<string> {
  if (container !== undefined) return container;
  const { pods } = await podsOf(socket);
  const found = pods.find((each) => each.namespace === namespace && each.name === pod);
  if (!found) throw new SkerryError('local-refused', `no pod ${namespace}/${pod} runs on this machine`);
  const [first, ...others] = found.containers;
  if (first !== undefined && others.length === 0) return first;
  throw new SkerryError('usage', `pod ${pod} has containers ${found.containers.join(', ')}; choose with -c`);
}

function objectOf(text: string): object {
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    throw new SkerryError('usage', `that is not YAML: ${describeError(error)}`, { cause: error });
  }
  if (!isRecord(value)) throw new SkerryError('usage', 'that is no object');
  return value;
}

/** What a person made of a text in the editor of his choice; undefined where he left it as it was. */
async function edited(text: string): Promise<string | undefined> {
  const [program = 'vi', ...args] = (process.env['EDITOR'] ?? 'vi')
    .split(/\s+/)
    .filter((word) => word !== '');
  const directory = await mkdtemp(join(tmpdir(), 'skerry-edit-'));
  try {
    const file = join(directory, 'object.yaml');
    await writeFile(file, text, { mode: 0o600 });
    const child = spawn(program, [...args, file], { stdio: 'inherit' });
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0) throw new SkerryError('local-refused', `${program} ended with ${code ?? 'a signal'}`);
    const now = await readFile(file, 'utf8');
    return now === text ? undefined : now;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
