/**
 * One client of what leads to a node: it asks, perhaps for an upgrade, sends whatever it likes behind that, reads or does not,
 * and goes in its own way. What must hold: it is answered unless what stands behind is silent, an error of the server is
 * a Status, and when it has gone nothing of it is left on the way, at the node, or behind it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Socket } from 'node:net';
import * as fc from 'fast-check';
import { openPlain, type Answer } from './client.ts';
import { expectHonest } from './expectations.ts';
import { adminToken, type ServerReport } from './server-contract.ts';
import type { Target } from './target.ts';

export const endings = ['closed', 'half-closed', 'reset'] as const;
export const upgrades = ['websocket', 'SPDY/3.1', 'h2c', 'none'] as const;

export interface Visit {
  readonly method: string;
  /** With query. */
  readonly path: string;
  readonly upgrade: (typeof upgrades)[number];
  readonly protocols: readonly string[];
  /** What follows the request. */
  readonly bytes: Uint8Array;
  /** At once, and not when the answer is there. */
  readonly atOnce: boolean;
  readonly reads: boolean;
  readonly ending: (typeof endings)[number];
  readonly headers?: readonly string[];
}

export interface Behind {
  /** It need not answer. */
  readonly silent: boolean;
  /** It fails, and the answer may tell. */
  readonly failing: boolean;
  /** Its answer is passed on as it is. */
  readonly answers: boolean;
}

/** How a client reads and goes. */
export const manner = fc.record({
  atOnce: fc.boolean(),
  reads: fc.boolean(),
  ending: fc.constantFrom(...endings),
});

const answerMs = 8_000;
const silenceMs = 120;
const readMs = 60;
const goneMs = 3_000;

export async function visit(target: Target, asked: Visit, behind: Behind): Promise<void> {
  const before = await target.report();
  const socket = await openPlain(target.ready.plainPort);
  socket.on('error', () => undefined);
  const head = Buffer.from(headOf(asked), 'latin1');
  socket.write(asked.atOnce ? Buffer.concat([head, asked.bytes]) : head);
  try {
    const answer = await answerOf(socket, behind.silent ? silenceMs : answerMs);
    if (!answer && !behind.silent && !asked.atOnce) throw new Error('there was no answer');
    if (answer?.status === 101) await talk(socket, asked);
    else if (answer && !isRaw(answer, asked, behind)) expectHonest(answer, behind);
  } finally {
    await leave(socket, asked.ending);
  }
  await expectNothingLeft(target, before);
}

/** Not of the API: the words of what stands behind, or what follows a request was no request. */
function isRaw({ status }: Answer, { atOnce, bytes }: Visit, { answers }: Behind): boolean {
  return (answers && status !== 503) || (status === 400 && atOnce && bytes.length > 0);
}

function headOf({ method, path, upgrade, protocols, headers = [] }: Visit): string {
  const lines = [`${method} ${path} HTTP/1.1`, 'Host: x', `Authorization: Bearer ${adminToken}`, ...headers];
  if (upgrade !== 'none') lines.push('Connection: Upgrade', `Upgrade: ${upgrade}`);
  if (upgrade === 'websocket')
    lines.push('Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==');
  const name = upgrade === 'websocket' ? 'Sec-WebSocket-Protocol' : 'X-Stream-Protocol-Version';
  if (protocols.length > 0) lines.push(`${name}: ${protocols.join(', ')}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** Undefined when none comes in time, or the connection ends. What stands behind its head stays to be read. */
async function answerOf(socket: Socket, withinMs: number): Promise<Answer | undefined> {
  const late = sleep(withinMs, undefined, { ref: false });
  let bytes = Buffer.alloc(0);
  for (;;) {
    const end = bytes.indexOf('\r\n\r\n');
    const head = end < 0 ? undefined : readHead(bytes.toString('latin1', 0, end));
    const length = head?.status === 101 ? 0 : Number(head?.headers['content-length'] ?? 0);
    if (head && bytes.length >= end + 4 + length)
      return { ...head, bytes: bytes.subarray(end + 4, end + 4 + length) };
    const chunk = await Promise.race([nextChunk(socket), late]);
    if (!chunk) return undefined;
    bytes = Buffer.concat([bytes, chunk]);
  }
}

function readHead(text: string): Omit<Answer, 'bytes'> {
  const [first = '', ...lines] = text.split('\r\n');
  const headers = lines.map((line) => [
    line.split(':', 1)[0]!.toLowerCase(),
    line.slice(line.indexOf(':') + 1).trim(),
  ]);
  return { status: Number(first.split(' ')[1]), headers: Object.fromEntries(headers) as Answer['headers'] };
}

/** Undefined when the connection is over. */
function nextChunk(socket: Socket): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const settle = (chunk?: Buffer) => {
      socket.pause();
      socket.off('data', settle).off('close', ended).off('end', ended);
      resolve(chunk);
    };
    const ended = () => settle();
    if (socket.closed || socket.readableEnded) return resolve(undefined);
    socket.on('data', settle).on('close', ended).on('end', ended);
    socket.resume();
  });
}

async function talk(socket: Socket, { atOnce, bytes, reads }: Visit): Promise<void> {
  if (!atOnce) socket.write(bytes);
  if (reads) socket.resume();
  await sleep(readMs);
}

async function leave(socket: Socket, ending: Visit['ending']): Promise<void> {
  if (ending === 'half-closed') {
    socket.end();
    await sleep(readMs);
  }
  if (ending === 'reset') socket.resetAndDestroy();
  else socket.destroy();
}

/** Nothing at the node outlives its client; what an earlier one has left is not held against this one. */
export async function expectNothingLeft(target: Target, before: ServerReport): Promise<void> {
  const deadline = performance.now() + goneMs;
  for (;;) {
    const now = await target.report();
    const left = {
      'connections of the node': now.nodeConnections - before.nodeConnections,
      'open logs': now.nodeFiles - before.nodeFiles,
      // The fuzzer's own kept connection may be new.
      'connections of clients': now.connections - before.connections - 1,
    };
    const counts = Object.entries(left).filter(([, count]) => count > 0);
    if (counts.length === 0) return;
    if (performance.now() > deadline)
      throw new Error(`left behind: ${counts.map(([what, count]) => `${count} ${what}`).join(', ')}`);
    await sleep(10);
  }
}
