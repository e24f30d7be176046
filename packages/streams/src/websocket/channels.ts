/**
 * Kubernetes' channels over WebSocket: each message is one byte of channel number and its data. Stdin, stdout, stderr,
 * error and resize of exec and attach travel so, and the ports of a port-forward of the JavaScript client.
 *
 * Reading pauses while the reader of the channel that came last is behind, and a write is done when the socket took it, so
 * at most a few messages are held. Rules: https://kubernetes.io/docs/reference/kubernetes-api/ (websocket subprotocols).
 */
import { Readable, Writable } from 'node:stream';
import type { RawData, WebSocket } from 'ws';

export type ChannelProtocol =
  | 'v5.channel.k8s.io'
  | 'v4.channel.k8s.io'
  | 'channel.k8s.io'
  | 'v4.base64.channel.k8s.io'
  | 'base64.channel.k8s.io'
  | '';

/** Best first. */
export const channelProtocols: readonly ChannelProtocol[] = [
  'v5.channel.k8s.io',
  'v4.channel.k8s.io',
  'v4.base64.channel.k8s.io',
  'channel.k8s.io',
  'base64.channel.k8s.io',
];

/** In v5: the other end will send no more on the channel whose number follows. */
const closeChannel = 255;

export interface ChannelSocket {
  readonly protocol: ChannelProtocol;
  /** What the client sends on a channel; ends with v5's close message or with the connection. Ask before messages come. */
  input(channel: number): Readable;
  /** What is sent to the client on a channel; ending it sends nothing. */
  output(channel: number): Writable;
  /** An empty message, by which clients see that the server is there. */
  greet(channel: number): void;
  close(code?: number, reason?: string): void;
  readonly closed: Promise<void>;
}

export function createChannelSocket(socket: WebSocket): ChannelSocket {
  const protocol = socket.protocol as ChannelProtocol;
  const base64 = protocol.includes('base64');
  const inputs = new Map<number, Readable>();
  const endInput = (channel: number) => {
    inputs.get(channel)?.push(null);
    inputs.delete(channel);
  };
  const closed = Promise.withResolvers<void>();

  socket.on('message', (message: RawData) => receive(bytesOf(message)));
  socket.on('error', () => undefined);
  socket.on('close', () => {
    for (const channel of inputs.keys()) endInput(channel);
    closed.resolve();
  });

  return {
    protocol,
    input(channel) {
      const input = new Readable({ read: () => socket.resume(), highWaterMark: 64 * 1024 });
      inputs.set(channel, input);
      return input;
    },
    output(channel) {
      const output = new Writable({
        highWaterMark: 64 * 1024,
        write: (chunk: Buffer, _, done) => send(channel, chunk, done),
      });
      // A client that went away is no fault; `closed` tells.
      output.on('error', () => undefined);
      return output;
    },
    greet: (channel) => send(channel, Buffer.alloc(0)),
    close: (code = 1000, reason = '') => socket.close(code, reason),
    closed: closed.promise,
  };

  function receive(message: Buffer): void {
    if (message.length === 0) return;
    // In base64 the channel is a digit.
    const channel = base64 ? message[0]! - 0x30 : message[0]!;
    if (channel === closeChannel && protocol === 'v5.channel.k8s.io') {
      endInput(message[1] ?? -1);
      return;
    }
    const input = inputs.get(channel);
    if (!input || input.destroyed || message.length === 1) return;
    const data = base64 ? Buffer.from(message.toString('latin1', 1), 'base64') : message.subarray(1);
    if (!input.push(data)) socket.pause();
  }

  function send(channel: number, data: Buffer, done?: (error?: Error | null) => void): void {
    if (socket.readyState !== socket.OPEN) {
      done?.(new Error('the WebSocket is closed'));
      return;
    }
    if (base64) socket.send(`${channel}${data.toString('base64')}`, { binary: false }, done);
    else socket.send(Buffer.concat([Buffer.of(channel), data]), { binary: true }, done);
  }
}

function bytesOf(message: RawData): Buffer {
  if (Buffer.isBuffer(message)) return message;
  return Array.isArray(message) ? Buffer.concat(message) : Buffer.from(message);
}
