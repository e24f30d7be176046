/**
 * The node's HTTP API, as a kubelet serves it to the API server: logs, exec, attach, port-forward, stats. It listens on no
 * port: the link hands it each stream as a connection (`server.emit('connection', stream)`), and whoever comes over the
 * link has been authorized by the API server.
 *
 * Paths: `/containerLogs/{ns}/{pod}/{container}`, `/exec/…`, `/attach/…`, `/portForward/{ns}/{pod}`, `/stats/summary`,
 * `/metrics/resource`, `/metrics`, `/pods`, `/healthz`; and PUT and DELETE of `/localVolumes/{name}` and PUT and GET of `/drill`,
 * which no kubelet has.
 * Errors are a status and a line of text.
 */
import http, { type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { describeError, type Clock, type Logger } from '@skerry/base';
import { HandshakeError, watchDeparture } from '@skerry/streams';
import { readContainerLog } from '#server/container-log.ts';
import { bridgeChannels, type StreamRequest } from '#server/exec-channels.ts';
import { isTrue, parseLogOptions } from '#server/log-options.ts';
import { bridgePorts, parsePorts } from '#server/port-channels.ts';
import {
  NodeRequestError,
  type DrillKeeper,
  type FoundContainer,
  type FoundPod,
  type PodLookup,
  type StatsSource,
  type StreamingRuntime,
} from '#server/ports.ts';
import { clientProtocolOf, passThrough, unwrapTunnel, type UpgradeExchange } from '#server/runtime-stream.ts';
import { RuntimeError } from '#runtime.ts';
import type { LocalVolumes } from '#volumes/local-volumes.ts';

export interface NodeServerOptions {
  readonly pods: PodLookup;
  readonly runtime: StreamingRuntime;
  readonly stats?: StatsSource;
  /** The pods of this node as the agent knows them. */
  readonly podList?: () => readonly object[];
  /** Metrics of the agent itself, in Prometheus' text format. */
  readonly metrics?: () => string;
  /** Folders for the cluster's volumes. */
  readonly localVolumes?: LocalVolumes;
  readonly drill?: DrillKeeper;
  readonly clock: Clock;
  readonly log: Logger;
}

/** No request that has a body here needs more. */
const bodyBytesMax = 64 * 1024;

interface Target {
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
}

export function createNodeServer(options: NodeServerOptions): Server {
  const { pods, runtime, clock, log } = options;
  const server = http.createServer({ requestTimeout: 0 }, (request, response) => {
    serve(request, response).catch((error: unknown) => fail(response, error));
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', (error) => log.debug('stream broke', { error: describeError(error) }));
    const departure = watchDeparture(socket);
    serveUpgrade({ request, socket, head, departure })
      .catch((error: unknown) => refuse(socket, error))
      .finally(() => departure.stop());
  });
  server.on('clientError', (_error, socket) => socket.destroy());
  return server;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { segments, query } = targetOf(request);
    if (segments[0] === 'localVolumes' && segments.length === 2)
      return serveLocalVolume(request, segments[1]!, response);
    if (segments.join('/') === 'drill' && options.drill) {
      if (request.method === 'PUT') await options.drill.begin(await readDocument(request));
      return sendJson(response, options.drill.report());
    }
    if (request.method !== 'GET')
      throw new NodeRequestError(405, `method ${request.method} is not served here`);
    switch (segments.slice(0, 2).join('/')) {
      case 'healthz':
        return sendText(response, 'ok');
      case 'pods':
        return sendJson(response, {
          kind: 'PodList',
          apiVersion: 'v1',
          metadata: {},
          items: options.podList?.() ?? [],
        });
      case 'metrics':
        return sendText(response, options.metrics?.() ?? '');
      case 'stats/summary':
        return sendJson(response, await statsSource().summary());
      case 'metrics/resource':
        return sendText(response, await statsSource().resourceMetrics());
    }
    if (segments[0] === 'containerLogs' && segments.length === 4) return serveLog(segments, query, response);
    if (['exec', 'attach', 'portForward'].includes(segments[0] ?? '')) {
      throw new NodeRequestError(400, 'Upgrade request required');
    }
    throw new NodeRequestError(404, `${request.url} is not served here`);
  }

  async function serveLocalVolume(
    request: IncomingMessage,
    name: string,
    response: ServerResponse,
  ): Promise<void> {
    const { localVolumes } = options;
    if (!localVolumes) throw new NodeRequestError(501, 'this node keeps no volumes');
    if (request.method === 'DELETE') {
      await localVolumes.remove(name);
      return sendJson(response, {});
    }
    if (request.method !== 'PUT')
      throw new NodeRequestError(405, `method ${request.method} is not served here`);
    return sendJson(response, await localVolumes.ensure(name, { sizeBytes: await wantedSize(request) }));
  }

  function statsSource(): StatsSource {
    if (!options.stats) throw new NodeRequestError(501, 'this node measures no usage');
    return options.stats;
  }

  async function serveLog(
    [, namespace = '', name = '', containerName = '']: readonly string[],
    query: URLSearchParams,
    response: ServerResponse,
  ): Promise<void> {
    const wanted = parseLogOptions(query, clock.now());
    const pod = await pods.find(namespace, name);
    const container = pod?.containers.find((each) => each.name === containerName);
    if (!container) {
      throw new NodeRequestError(
        400,
        `container "${containerName}" in pod "${name}" is waiting to start: ContainerCreating`,
      );
    }
    if (wanted.previous && !container.previous) {
      throw new NodeRequestError(
        400,
        `previous terminated container "${containerName}" in pod "${name}" not found`,
      );
    }
    const { id, logPath } = wanted.previous ? container.previous! : container;
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    response.writeHead(200, { 'Content-Type': 'text/plain' });
    response.flushHeaders();
    const source = { path: logPath, clock, signal: gone.signal, ended: () => hasEnded(id) };
    for await (const piece of readContainerLog(source, wanted)) {
      if (gone.signal.aborted) return;
      if (!response.write(piece)) await drained(response);
    }
    response.end();
  }

  async function hasEnded(id: string): Promise<boolean> {
    try {
      const { state } = await runtime.containerStatus(id);
      return state === 'exited';
    } catch (error) {
      if (error instanceof RuntimeError && error.code === 'not-found') return true;
      // The runtime restarts; the container goes on.
      return false;
    }
  }

  async function serveUpgrade(exchange: UpgradeExchange): Promise<void> {
    const { segments, query } = targetOf(exchange.request);
    const [kind, namespace = '', name = '', containerName = ''] = segments;
    const protocol = clientProtocolOf(exchange.request);
    const pod = await findPod(namespace, name);
    if (kind === 'portForward') {
      if (!pod.sandboxId) throw new NodeRequestError(404, `pod ${namespace}/${name} is not running`);
      const ports = protocol.kind === 'channels' ? parsePorts(query) : [];
      const url = await runtime.portForwardUrl(pod.sandboxId);
      if (protocol.kind === 'spdy') return passThrough(exchange, url);
      if (protocol.kind === 'tunnel') return unwrapTunnel(exchange, { url, protocol: protocol.protocol });
      return bridgePorts(exchange, { url, protocol: protocol.protocol, ports });
    }
    if (kind !== 'exec' && kind !== 'attach') {
      throw new NodeRequestError(404, `${exchange.request.url} is not served here`);
    }
    const container = findContainer(pod, containerName);
    const tty = isTrue(query.get('tty'));
    const wanted: StreamRequest = {
      stdin: isTrue(query.get('input')),
      stdout: isTrue(query.get('output')),
      // A terminal has one output.
      stderr: isTrue(query.get('error')) && !tty,
      tty,
    };
    if (!wanted.stdin && !wanted.stdout && !wanted.stderr) {
      throw new NodeRequestError(400, 'you must specify at least 1 of stdin, stdout, stderr');
    }
    const url =
      kind === 'exec'
        ? await runtime.execUrl(container.id, { command: query.getAll('command'), ...wanted })
        : await runtime.attachUrl(container.id, wanted);
    if (protocol.kind === 'spdy') return passThrough(exchange, url);
    return bridgeChannels(exchange, {
      url,
      protocol: protocol.kind === 'channels' ? protocol.protocol : '',
      wanted,
    });
  }

  async function findPod(namespace: string, name: string): Promise<FoundPod> {
    const pod = await pods.find(namespace, name);
    if (!pod)
      throw new NodeRequestError(
        404,
        `pod does not exist: ${namespace}/${name} was not started on this node`,
      );
    return pod;
  }

  function fail(response: ServerResponse, error: unknown): void {
    const { status, message } = explain(error);
    if (response.headersSent) {
      log.warn('answer broke off', { error: message });
      response.destroy();
      return;
    }
    response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' });
    response.end(message);
  }

  function refuse(socket: Duplex, error: unknown): void {
    const { status, message } = explain(error);
    log.debug('stream refused', { status, error: message });
    if (socket.destroyed || socket.writableEnded) return;
    socket.end(
      `HTTP/1.1 ${status} ${http.STATUS_CODES[status] ?? 'Error'}\r\nContent-Type: text/plain; charset=utf-8\r\n` +
        `Content-Length: ${Buffer.byteLength(message)}\r\nConnection: close\r\n\r\n${message}`,
    );
  }
}

async function wantedSize(request: IncomingMessage): Promise<number> {
  const body = await readDocument(request);
  const size = typeof body === 'object' && body !== null && 'sizeBytes' in body ? body.sizeBytes : undefined;
  if (typeof size !== 'number' || !(size >= 0))
    throw new NodeRequestError(400, 'the request names no sizeBytes');
  return size;
}

async function readDocument(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const piece of request.setEncoding('utf8')) {
    text += piece as string;
    if (text.length > bodyBytesMax) throw new NodeRequestError(413, 'the request is too long');
  }
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function findContainer(pod: FoundPod, name: string): FoundContainer {
  const container = pod.containers.find((each) => each.name === name);
  if (!container?.running) throw new NodeRequestError(404, `container not found ("${name}")`);
  return container;
}

function explain(error: unknown): { status: number; message: string } {
  if (error instanceof NodeRequestError) return { status: error.status, message: describeError(error) };
  if (error instanceof RuntimeError) {
    const status = error.code === 'not-found' ? 404 : error.code === 'unavailable' ? 503 : 500;
    return { status, message: describeError(error) };
  }
  if (error instanceof HandshakeError) return { status: 400, message: error.message };
  return { status: 500, message: describeError(error) };
}

function targetOf(request: IncomingMessage): Target {
  const [path = '', search = ''] = (request.url ?? '/').split('?', 2);
  try {
    const segments = path.split('/').filter((part) => part !== '');
    return { segments: segments.map((part) => decodeURIComponent(part)), query: new URLSearchParams(search) };
  } catch (cause) {
    throw new NodeRequestError(400, `the path ${path} is not well encoded`, { cause });
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      response.off('drain', settle);
      response.off('close', settle);
      resolve();
    };
    response.once('drain', settle);
    response.once('close', settle);
  });
}

function sendText(response: ServerResponse, text: string): void {
  response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(text);
}

function sendJson(response: ServerResponse, value: object): void {
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(value));
}
