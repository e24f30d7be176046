/**
 * What a person on the machine itself may ask of its agent, link or no link: a server on a Unix socket that its owner alone
 * can open (0600). Beside its own paths it answers what the node answers over the link: logs, exec.
 *
 * An edit is for an emergency: it is made here alone while the node is cut off, is listed, and is overwritten when the link
 * is back. With a link it is refused, since then there is a better way.
 */
import { chmod, mkdir, rm } from 'node:fs/promises';
import http, { type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import type { Duplex } from 'node:stream';
import type { Agent, ContainerRuntime } from '@skerry/agent';
import { isApiError, type AnyObject } from '@skerry/api';
import { type Clock, describeError, isRecord, SkerryError, type Logger, type Service } from '@skerry/base';
import { resources, type ApiClient } from '@skerry/client';
import type { Hub } from '@skerry/hub';
import { needsUpgrade, ownerUpgrade } from './owner-upgrade.ts';

export interface LocalServerOptions {
  readonly path: string;
  readonly agent: Pick<Agent, 'pods' | 'pullImages'>;
  readonly runtime: Pick<ContainerRuntime, 'listImages' | 'stopContainer'>;
  readonly hub: Pick<Hub, 'edit' | 'edits'>;
  /** The API as the node has it. */
  readonly client: ApiClient;
  readonly isLinked: () => boolean;
  /** Answers everything else. */
  readonly nodeServer: Server;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface LocalPod {
  readonly namespace: string;
  readonly name: string;
  readonly phase: string;
  readonly ready: string;
  readonly restarts: number;
  readonly address: string;
  readonly containers: readonly string[];
  readonly startTime: string;
  /** Its set has a newer template, and leaves it to the machine's owner when. */
  readonly needsUpgrade: boolean;
}

const bodyBytesMax = 3 << 20;
const restartGraceSeconds = 10;

/** What may be edited; a pod is what a machine runs, the others are what it runs with. */
export const editableKinds = {
  pod: resources.pods,
  configmap: resources.configMaps,
  secret: resources.secrets,
} as const;

export type EditableKind = keyof typeof editableKinds;

export function createLocalServer(options: LocalServerOptions): Service {
  const { path, nodeServer, log } = options;
  return {
    name: 'local tools',
    async run(signal) {
      await mkdir(dirname(path), { recursive: true });
      await rm(path, { force: true });
      const server = http.createServer({ requestTimeout: 0 }, (request, response) => {
        if (!/^\/(local\/|openyurt\.io\/|pods$)/.test(request.url ?? '')) {
          nodeServer.emit('request', request, response);
          return;
        }
        serve(options, request).then(
          (answer) => send(response, 200, answer),
          (error: unknown) => send(response, statusOf(error), { error: describeError(error) }),
        );
      });
      server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
        nodeServer.emit('upgrade', request, socket, head),
      );
      // Nobody else gets in between its making and the change of its mode.
      const mask = process.umask(0o177);
      try {
        await new Promise<void>((resolve, reject) => {
          server.once('error', reject);
          server.listen(path, () => resolve());
        });
      } finally {
        process.umask(mask);
      }
      await chmod(path, 0o600);
      log.debug('local tools listen', { path });
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        else signal.addEventListener('abort', () => resolve(), { once: true });
      });
      server.closeAllConnections();
      server.close();
      await rm(path, { force: true });
    },
  };
}

async function serve(options: LocalServerOptions, request: IncomingMessage): Promise<object> {
  const { agent, runtime, hub, isLinked } = options;
  const { pathname, searchParams: query } = new URL(request.url ?? '/', 'http://local');
  switch (`${request.method} ${pathname}`) {
    case 'GET /local/pods':
      return { linked: isLinked(), pods: agent.pods.list().map(podOf) };
    case 'GET /local/images':
      return { images: await runtime.listImages() };
    case 'POST /local/restart':
      return restart(options, query);
    case 'GET /local/object': {
      const { ref, namespace, name } = placeOf(query);
      return { object: await options.client.resource(ref).get(name, { namespace }) };
    }
    case 'PUT /local/object': {
      const { ref, namespace, name } = placeOf(query);
      return { object: await hub.edit(ref, { namespace, name }, await objectOf(request)) };
    }
    case 'GET /local/edits':
      return { edits: hub.edits() };
    case 'GET /pods':
      return {
        kind: 'PodList',
        apiVersion: 'v1',
        metadata: {},
        items: agent.pods.list().map(({ pod, status }) => ({ ...pod, status })),
      };
    default: {
      const done = await ownerUpgrade(options, { method: request.method ?? '', pathname });
      if (done !== undefined) return { message: done };
      throw new SkerryError('local-unknown', `${request.method} ${pathname} is not served here`);
    }
  }
}

async function restart({ agent, runtime }: LocalServerOptions, query: URLSearchParams): Promise<object> {
  const namespace = query.get('namespace') ?? 'default';
  const name = query.get('pod') ?? '';
  const pod = agent.pods.find(namespace, name);
  if (!pod) throw new SkerryError('local-not-found', `no pod ${namespace}/${name} runs on this machine`);
  const wanted = query.get('container');
  const running = pod.containers.filter(
    (container) => container.state === 'running' && (wanted === null || container.name === wanted),
  );
  if (running.length === 0)
    throw new SkerryError('local-not-found', `no container ${wanted ?? ''} of pod ${namespace}/${name} runs`);
  await Promise.all(running.map(({ id }) => runtime.stopContainer(id, restartGraceSeconds)));
  return { restarted: running.map((container) => container.name) };
}

function podOf({ pod, status, containers, addresses }: ReturnType<Agent['pods']['list']>[number]): LocalPod {
  const statuses = status?.containerStatuses ?? [];
  return {
    namespace: pod.metadata.namespace ?? '',
    name: pod.metadata.name ?? '',
    phase: status?.phase ?? 'Pending',
    ready: `${statuses.filter(({ ready }) => ready).length}/${pod.spec?.containers.length ?? 0}`,
    restarts: statuses.reduce((sum, { restartCount }) => sum + restartCount, 0),
    address: addresses[0] ?? '',
    containers: [...new Set(containers.map(({ name }) => name))],
    startTime: status?.startTime ?? '',
    needsUpgrade: needsUpgrade(pod),
  };
}

function placeOf(query: URLSearchParams) {
  const kind = query.get('kind') ?? '';
  if (!Object.hasOwn(editableKinds, kind))
    throw new SkerryError('usage', `kind ${kind} is none of ${Object.keys(editableKinds).join(', ')}`);
  return {
    ref: editableKinds[kind as EditableKind],
    namespace: query.get('namespace') ?? 'default',
    name: query.get('name') ?? '',
  };
}

async function objectOf(request: IncomingMessage): Promise<AnyObject> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > bodyBytesMax)
      throw new SkerryError('usage', `an object is longer than ${bodyBytesMax} bytes`);
    chunks.push(chunk);
  }
  const value: unknown = JSON.parse(Buffer.concat(chunks).toString());
  if (!isRecord(value)) throw new SkerryError('usage', 'the body is no object');
  return value as AnyObject;
}

function statusOf(error: unknown): number {
  if (isApiError(error)) return error.code;
  if (!(error instanceof SkerryError)) return 500;
  if (error.code === 'owner-upgrade-cut') return 503;
  if (error.code === 'owner-upgrade-refused') return 403;
  if (error.code === 'local-not-found' || error.code === 'local-unknown') return 404;
  return error.code === 'usage' ? 400 : 409;
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}
