/**
 * One node for the fuzzed server: the real server of a node, before a runtime and a pod that answer as they like. The API
 * server reaches it by real sockets, so that whatever is left open is seen and counted.
 */
import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { createNodeServer, type FoundContainer, RuntimeError } from '@skerry/agent';
import type { NodeDialer } from '@skerry/apiserver';
import type { Clock, Logger } from '@skerry/base';
import { createPodStandIn } from './pod-stand-in.ts';
import { createRuntimeStandIn, runtimeManners } from './runtime-stand-in.ts';

export const nodeName = 'n1';

/** In every pod: one that runs, one whose log comes to an end since it has ended, one whose log was never written. */
export const containerNames = ['c', 'ended', 'unlogged'] as const;

/** The port of a pod that takes connections and says nothing, TLS or not. */
export const mutePort = 9;

const logLines = 2_000;

export class NodeStandIn {
  readonly dialer: NodeDialer;
  readonly #directory: string;
  readonly #servers: readonly Server[];

  private constructor(directory: string, servers: readonly Server[], dialer: NodeDialer) {
    this.#directory = directory;
    this.#servers = servers;
    this.dialer = dialer;
  }

  static async start({ clock, log }: { clock: Clock; log: Logger }): Promise<NodeStandIn> {
    const directory = mkdtempSync(join(tmpdir(), 'skerry-fuzz-'));
    const logPath = join(directory, 'c.log');
    writeFileSync(logPath, logText());
    const runtime = createRuntimeStandIn().listen(0, '127.0.0.1');
    await once(runtime, 'listening');
    const node = createNodeServer({
      pods: { find: async (_, name) => foundPod(name, logPath) },
      runtime: runtimeAt(`http://127.0.0.1:${(runtime.address() as AddressInfo).port}`),
      clock,
      log,
    });
    const servers = { node, pod: createPodStandIn(), mute: createServer((socket) => socket.resume()) };
    const pathOf = (name: keyof typeof servers) => join(directory, `${name}.sock`);
    for (const name of ['node', 'pod', 'mute'] as const) {
      servers[name].listen(pathOf(name));
      await once(servers[name], 'listening');
    }
    const dialer: NodeDialer = {
      dial: () => dial(pathOf('node')),
      dialPod: (_, { port }) => dial(pathOf(port === mutePort ? 'mute' : 'pod')),
    };
    return new NodeStandIn(directory, [runtime, ...Object.values(servers)], dialer);
  }

  /** Connections to the node, to its runtime and to its pods. */
  async connections(): Promise<number> {
    const counts = await Promise.all(
      this.#servers.map(
        (server) => new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count))),
      ),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** Files of this node that the process holds open: logs that are being read. */
  openFiles(): number {
    return readdirSync('/proc/self/fd').filter((fd) => linkOf(fd).startsWith(this.#directory)).length;
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** Undefined for one that was closed meanwhile. */
function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}

async function dial(path: string): Promise<Duplex> {
  const socket = connect({ path, allowHalfOpen: true });
  await once(socket, 'connect');
  return socket;
}

/** Its name is the manner of its runtime. */
function foundPod(manner: string, logPath: string) {
  if (!(runtimeManners as readonly string[]).includes(manner)) return undefined;
  const container = (name: string): FoundContainer => ({
    name,
    id: name === 'ended' ? name : manner,
    running: name !== 'ended',
    logPath: name === 'unlogged' ? `${logPath}.none` : logPath,
  });
  return { uid: manner, sandboxId: manner, containers: containerNames.map(container) };
}

function runtimeAt(url: string) {
  return {
    execUrl: async (
      id: string,
      { command, ...wish }: StreamWish & { readonly command: readonly string[] },
    ) => {
      if (command.includes('refused-by-the-runtime')) throw new RuntimeError('refused', 'no');
      return `${url}/${id}/${streamsOf(wish)}`;
    },
    attachUrl: async (id: string, wish: StreamWish) => `${url}/${id}/${streamsOf(wish)}`,
    portForwardUrl: async (id: string) => `${url}/${id}/0`,
    containerStatus: async (id: string) => ({ state: id === 'ended' ? 'exited' : 'running' }) as never,
  };
}

interface StreamWish {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** With that of errors, and that of sizes on a terminal. */
function streamsOf({ stdin, stdout, stderr, tty }: StreamWish): number {
  return 1 + [stdin, stdout, stderr && !tty, tty].filter(Boolean).length;
}

function logText(): string {
  const time = '2026-01-01T00:00:00.123456789Z';
  const lines = Array.from({ length: logLines }, (_, index) =>
    index % 7 === 0 ? `${time} stderr P part ${index} ` : `${time} stdout F line ${index} ${'x'.repeat(90)}`,
  );
  const odd = [
    '',
    'nonsense',
    `${time} stdout`,
    `${time} stdin F x`,
    `${time} stdout F `,
    `${time} stderr Q:x y`,
  ];
  return [...lines, ...odd, `${time} stdout P without an end`].join('\n');
}
