/**
 * The streaming server of a container runtime, as a node's server finds it behind the URLs that the runtime gives out: SPDY/3.1
 * for exec, attach and port-forward. How it behaves is the first word of the path, so that whoever asks chooses it.
 */
import { createServer, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { createSpdySession, type SpdySession, type SpdyStream } from '@skerry/streams';

export const runtimeManners = [
  /** Gives back what comes in, and says that all went well. */
  'echo',
  /** Writes without an end. */
  'flood',
  /** Takes the connection and never answers. */
  'silent',
  /** Reads nothing of any stream for a while. */
  'slow',
  'refuse',
  /** Upgrades, and is gone. */
  'cut',
  /** Upgrades, and then speaks no SPDY. */
  'babble',
  /** Is done before anyone has asked for anything. */
  'rush',
  /** An outcome that is no Status, and long. */
  'ramble',
] as const;

export type RuntimeManner = (typeof runtimeManners)[number];

const slowMs = 300;
const success = JSON.stringify({ metadata: {}, status: 'Success' });

export function createRuntimeStandIn(): Server {
  const server = createServer((_request, response) => response.writeHead(400).end('no upgrade'));
  server.on('upgrade', (request, socket: Duplex) => {
    socket.on('error', () => undefined);
    const manner = manners[(request.url ?? '').split('/')[1] as RuntimeManner];
    manner(socket, request.url ?? '');
  });
  return server;
}

const manners: Readonly<Record<RuntimeManner, (socket: Duplex, url: string) => void>> = {
  silent: untilLeft,
  refuse: (socket) =>
    void socket.end(
      'HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\nConnection: close\r\n\r\nlost',
    ),
  cut(socket) {
    accept(socket);
    socket.destroy();
  },
  babble(socket) {
    accept(socket);
    untilLeft(socket);
    for (let i = 0; i < 100; i++) socket.write(Buffer.from(`${i}\u0000\u0003HTTP/1.1 200 OK\r\n\r\n`));
  },
  echo(socket, url) {
    const wanted = Number(url.split('/')[2]);
    const session = serve(socket, (stream, opened) => {
      if (stream.headers['streamtype'] === 'data') stream.pipe(stream);
      else {
        // What nobody will ever read would hide the client's end.
        if (stream.headers['streamtype'] !== 'stdin' || !(wanted > 0)) stream.resume();
        if (opened.size === wanted) void echoAll(opened, session);
      }
    });
  },
  flood(socket) {
    const block = Buffer.alloc(32 * 1024, 'x');
    serve(socket, (stream) => {
      stream.resume();
      const pour = () => {
        while (!stream.destroyed && stream.write(block));
      };
      stream.on('drain', pour);
      pour();
    });
  },
  slow(socket) {
    serve(socket, (stream) => setTimeout(() => stream.resume(), slowMs));
  },
  rush(socket) {
    const session = serve(socket, () => session.close());
  },
  ramble(socket) {
    const session = serve(socket, (stream) => {
      stream.resume();
      if (stream.headers['streamtype'] === 'error') stream.write('{'.repeat(300_000), () => session.close());
    });
  },
};

/** Stays as long as its client. */
function untilLeft(socket: Duplex): void {
  socket.resume().once('end', () => socket.destroy());
}

function accept(socket: Duplex): void {
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: SPDY/3.1'];
  socket.write([...lines, 'X-Stream-Protocol-Version: v4.channel.k8s.io', '\r\n'].join('\r\n'));
}

function serve(
  socket: Duplex,
  onStream: (stream: SpdyStream, opened: ReadonlyMap<string, SpdyStream>) => void,
): SpdySession {
  accept(socket);
  const opened = new Map<string, SpdyStream>();
  return createSpdySession(socket, {
    role: 'server',
    onStream(stream) {
      const type = stream.headers['streamtype'] ?? '';
      // A second one of a kind is nobody's.
      if (opened.has(type)) stream.resume();
      else opened.set(type, stream);
      onStream(stream, opened);
    },
  });
}

async function echoAll(streams: ReadonlyMap<string, SpdyStream>, session: SpdySession): Promise<void> {
  const [stdin, stdout] = [streams.get('stdin'), streams.get('stdout')];
  try {
    for await (const chunk of stdin ?? ['hello']) stdout?.write(chunk);
  } catch {
    // The client broke off.
  }
  stdout?.end();
  streams.get('stderr')?.end();
  streams.get('error')?.end(success, () => session.close());
}
