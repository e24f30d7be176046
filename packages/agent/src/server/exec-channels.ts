/**
 * A WebSocket client's exec or attach, translated to the streams of the runtime: channel 0 stdin, 1 stdout, 2 stderr,
 * 3 the outcome, 4 sizes of the terminal. The outcome is the runtime's own `Status`, sent after all output.
 */
import { pipeline } from 'node:stream/promises';
import type { Duplex } from 'node:stream';
import {
  acceptWebSocket,
  createChannelSocket,
  createSpdySession,
  type ChannelProtocol,
} from '@skerry/streams';
import { openRuntimeStream, type UpgradeExchange } from '#server/runtime-stream.ts';

const stdin = 0;
const stdout = 1;
const stderr = 2;
const outcome = 3;
const resize = 4;

/** A Status is short; what is longer is cut. */
const outcomeBytesMax = 64 * 1024;

export interface StreamRequest {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

export async function bridgeChannels(
  exchange: UpgradeExchange,
  { url, protocol, wanted }: { url: string; protocol: string; wanted: StreamRequest },
): Promise<void> {
  const { request, socket, head } = exchange;
  const runtime = await openRuntimeStream(url, ['v4.channel.k8s.io'], exchange);
  const session = createSpdySession(runtime.socket, { role: 'client' });
  try {
    const channels = createChannelSocket(await acceptWebSocket(request, socket, head, protocol));
    // Channels are claimed before the first message can come.
    const input = wanted.stdin ? channels.input(stdin) : undefined;
    const sizes = wanted.tty ? channels.input(resize) : undefined;
    const open = (streamType: string): Duplex => session.open({ streamType });
    // The runtime waits until it has seen as many streams as the request asked for.
    const errors = open('error');
    errors.end();
    const finished: Promise<unknown>[] = [];
    if (input) void pipeline(input, open('stdin')).catch(() => undefined);
    if (wanted.stdout) finished.push(forward(open('stdout'), channels.output(stdout)));
    if (wanted.stderr && !wanted.tty) finished.push(forward(open('stderr'), channels.output(stderr)));
    if (sizes) void pipeline(sizes, open('resize')).catch(() => undefined);
    channels.greet(wanted.stdout ? stdout : wanted.stderr ? stderr : outcome);
    void channels.closed.then(() => session.close());
    const [status] = await Promise.all([readOutcome(errors), ...finished]);
    const message = outcomeMessage(status, channels.protocol);
    if (message) channels.output(outcome).write(message);
    channels.close(1000);
    await channels.closed;
  } finally {
    session.close();
  }
}

async function forward(from: Duplex, to: NodeJS.WritableStream): Promise<void> {
  // Whoever has gone away needs no output; the outcome decides what the client hears. Nothing is written back when the
  // output ends: a runtime that closes with unread bytes resets the connection, and the outcome on its way is lost.
  await pipeline(from, to).catch(() => from.destroy());
}

async function readOutcome(errors: Duplex): Promise<string> {
  let text = '';
  try {
    for await (const chunk of errors) if (text.length < outcomeBytesMax) text += String(chunk);
  } catch {
    if (text === '') return JSON.stringify(failure('the container runtime broke the connection off'));
  }
  return text;
}

function failure(message: string): object {
  return { metadata: {}, status: 'Failure', reason: 'InternalError', message, code: 500 };
}

/** Before v4 the outcome was a text, and nothing for success. */
function outcomeMessage(status: string, protocol: ChannelProtocol): string {
  if (protocol.startsWith('v5.') || protocol.startsWith('v4.')) return status;
  try {
    const { status: result, message } = JSON.parse(status) as { status?: string; message?: string };
    return result === 'Success' ? '' : (message ?? status);
  } catch {
    return status;
  }
}
