/**
 * Listens at one address for questions over UDP and TCP. What it does for strangers is bounded: questions in work, open
 * connections, how long one may be silent, and questions of one connection that wait for their answers.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, isIP, type Server, type Socket as Connection } from 'node:net';
import { describeError, type Logger } from '@skerry/base';

export interface ListenerOptions {
  readonly address: string;
  readonly port: number;
  /** Undefined: no answer. Must not reject. */
  readonly answer: (
    packet: Buffer,
    transport: 'udp' | 'tcp',
  ) => Promise<Buffer | undefined> | Buffer | undefined;
  readonly log: Logger;
}

const connectionsMax = 256;
const idleMs = 10_000;
const queuedPerConnectionMax = 32;
const messageBytesMax = 4_096;
const receiveBufferBytes = 1 << 20;

/** Resolves when the signal has ended it, and rejects when the address can't be had or a socket breaks. */
export async function listen(options: ListenerOptions, signal: AbortSignal): Promise<void> {
  const broken = new AbortController();
  const whole = AbortSignal.any([signal, broken.signal]);
  const breakOff = (error: Error) => broken.abort(error);
  const udp = await openUdp(options, breakOff);
  let tcp: Server | undefined;
  try {
    tcp = await openTcp(options, breakOff);
    if (!whole.aborted) await once(whole, 'abort');
    if (!signal.aborted) throw broken.signal.reason;
  } finally {
    udp.close();
    tcp?.close();
    tcp?.emit('skerry-end');
  }
}

async function openUdp(
  { address, port, answer, log }: ListenerOptions,
  onBreak: (error: Error) => void,
): Promise<Socket> {
  const socket = createSocket({
    type: isIP(address) === 6 ? 'udp6' : 'udp4',
    recvBufferSize: receiveBufferBytes,
  });
  const send = (packet: Buffer | undefined, to: RemoteInfo) => {
    // An asker that is gone by now is no fault.
    if (packet) socket.send(packet, to.port, to.address, () => undefined);
  };
  socket.on('message', (packet, from) => {
    if (from.port === 0) return;
    const answered = answer(packet, 'udp');
    if (answered instanceof Promise) {
      answered.then(
        (response) => send(response, from),
        (error: unknown) => log.error('a question broke the name server', { error: describeError(error) }),
      );
    } else send(answered, from);
  });
  socket.bind({ address, port, exclusive: true });
  await once(socket, 'listening');
  socket.on('error', onBreak);
  return socket;
}

async function openTcp(options: ListenerOptions, onBreak: (error: Error) => void): Promise<Server> {
  const open = new Set<Connection>();
  const server = createServer((connection) => {
    open.add(connection);
    connection.on('close', () => open.delete(connection));
    serve(connection, options);
  });
  server.maxConnections = connectionsMax;
  server.on('skerry-end', () => {
    for (const connection of open) connection.destroy();
  });
  server.listen({ host: options.address, port: options.port, exclusive: true });
  await once(server, 'listening');
  server.on('error', onBreak);
  return server;
}

/** Messages with their length before them. https://www.rfc-editor.org/rfc/rfc7766 */
function serve(connection: Connection, { answer, log }: ListenerOptions): void {
  let received: Buffer = Buffer.alloc(0);
  let queued = 0;
  connection.setTimeout(idleMs, () => connection.destroy());
  connection.on('error', () => connection.destroy());
  connection.on('data', (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    take();
  });
  const take = () => {
    while (received.length >= 2 && queued < queuedPerConnectionMax) {
      const length = received.readUInt16BE(0);
      if (length > messageBytesMax) {
        connection.destroy();
        return;
      }
      if (received.length < 2 + length) break;
      const packet = received.subarray(2, 2 + length);
      received = received.subarray(2 + length);
      queued++;
      void respond(packet);
    }
    if (queued >= queuedPerConnectionMax) connection.pause();
    else connection.resume();
  };
  const respond = async (packet: Buffer) => {
    try {
      const response = await answer(packet, 'tcp');
      if (!response) connection.destroy();
      if (!response || connection.destroyed) return;
      const length = Buffer.alloc(2);
      length.writeUInt16BE(response.length);
      connection.write(Buffer.concat([length, response]));
    } catch (error) {
      log.error('a question broke the name server', { error: describeError(error) });
      connection.destroy();
    } finally {
      queued--;
      if (!connection.destroyed) take();
    }
  };
}
