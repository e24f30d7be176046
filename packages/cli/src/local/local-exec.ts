/** A command in a container of this machine, over the agent's socket, joined to the terminal that it was asked for at. */
import net from 'node:net';
import { isatty } from 'node:tty';
import { isRecord, SkerryError } from '@skerry/base';
import { WebSocket, type RawData } from 'ws';
import { explained, pathOf } from './local-client.ts';

export interface ExecOptions {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly command: readonly string[];
}

/** Channels of `v5.channel.k8s.io`; the last says that a channel will bring no more. */
const channel = { stdin: 0, stdout: 1, stderr: 2, outcome: 3, size: 4, close: 255 } as const;

/** @returns the exit code. */
export async function runInContainer(socketPath: string, options: ExecOptions): Promise<number> {
  const { namespace, pod, container, command } = options;
  const { stdin, stdout, stderr } = process;
  const tty = isatty(0) && isatty(1);
  const path = `/exec/${[namespace, pod, container].map(encodeURIComponent).join('/')}`;
  const flags = { input: 'true', output: 'true', error: tty ? 'false' : 'true', tty: String(tty) };
  const words = command.map((word) => `&command=${encodeURIComponent(word)}`).join('');
  const socket = new WebSocket(
    `ws://localhost${pathOf({ path, query: flags })}${words}`,
    ['v5.channel.k8s.io'],
    {
      createConnection: () => net.connect(socketPath),
      perMessageDeflate: false,
    },
  );
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', (error) => reject(explained(socketPath, error)));
    socket.once('unexpected-response', (_, response) => {
      let text = '';
      response.on('data', (part: Buffer) => (text += part.toString()));
      response.on('end', () => reject(new SkerryError('local-refused', text.trim())));
    });
  });
  const send = (to: number, bytes: Uint8Array) => socket.send(Buffer.concat([Buffer.of(to), bytes]));
  const onInput = (bytes: Buffer) => send(channel.stdin, bytes);
  const onEnd = () => send(channel.close, Buffer.of(channel.stdin));
  const onResize = () => {
    const size = { Width: stdout.columns, Height: stdout.rows };
    send(channel.size, Buffer.from(JSON.stringify(size)));
  };
  let code = 0;
  socket.on('message', (data: RawData) => {
    const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Uint8Array);
    const rest = bytes.subarray(1);
    if (bytes[0] === channel.stdout) stdout.write(rest);
    else if (bytes[0] === channel.stderr) stderr.write(rest);
    else if (bytes[0] === channel.outcome) code = exitCodeOf(rest.toString());
  });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  if (tty) {
    stdin.setRawMode(true);
    onResize();
    stdout.on('resize', onResize);
  }
  stdin.on('data', onInput);
  stdin.once('end', onEnd);
  try {
    await closed;
    return code;
  } finally {
    stdin.off('data', onInput);
    stdin.off('end', onEnd);
    stdout.off('resize', onResize);
    if (tty) stdin.setRawMode(false);
    stdin.pause();
    stdin.unref();
  }
}

function exitCodeOf(text: string): number {
  try {
    const status: unknown = JSON.parse(text);
    if (!isRecord(status) || status['status'] === 'Success') return 0;
    const details = isRecord(status['details']) ? status['details'] : {};
    const causes: unknown[] = Array.isArray(details['causes']) ? details['causes'] : [];
    const exit = causes.find((cause) => isRecord(cause) && cause['reason'] === 'ExitCode');
    if (isRecord(exit)) return Number(exit['message']) || 1;
    const { message } = status;
    process.stderr.write(`${typeof message === 'string' ? message : text}\n`);
  } catch {
    process.stderr.write(`${text}\n`);
  }
  return 1;
}
