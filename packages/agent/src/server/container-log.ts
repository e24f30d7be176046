/**
 * A container's log as its runtime writes it: one line per write of the container, `TIME stdout|stderr F|P TEXT`, where `P`
 * says that the line goes on in the next one. Format: CRI's logging design.
 *
 * Promises: lines in order and once each; following goes on in the new file after a rotation, having read the old one to
 * its end, and stops when the container has ended and all was read. The file is polled: a follower costs one read of
 * nothing every quarter of a second, and misses no rotation as long as two don't fall into one such pause.
 */
import { open, stat, type FileHandle } from 'node:fs/promises';
import { sleep, type Clock } from '@skerry/base';
import type { LogOptions } from '#server/log-options.ts';

const blockBytes = 64 * 1024;
const pollMs = 250;
/** How often a silent follower asks whether its container still runs. */
const endCheckMs = 1_000;
/** Runtimes cut lines at 16 KiB; what is longer than this is no log of theirs and is passed over. */
const lineBytesMax = 1024 * 1024;

const newline = 0x0a;

export interface LogSource {
  readonly path: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Whether nothing more will be written. */
  readonly ended: () => Promise<boolean>;
}

/** Yields what a client is to read, in pieces of whole lines. */
export async function* readContainerLog(source: LogSource, options: LogOptions): AsyncGenerator<Buffer> {
  const format = createLineFormatter(options);
  let budget = options.limitBytes ?? Number.POSITIVE_INFINITY;
  for await (const lines of readLines(source, options)) {
    const text = Buffer.concat(lines.map(format));
    if (text.length === 0) continue;
    yield text.subarray(0, budget);
    budget -= text.length;
    if (budget <= 0) return;
  }
}

/** Batches of raw lines, without their newlines. */
async function* readLines(source: LogSource, { follow, tailLines }: LogOptions): AsyncGenerator<Buffer[]> {
  const { path, clock, signal } = source;
  const block = Buffer.allocUnsafe(blockBytes);
  let file = await openWhenThere(source, follow);
  if (!file) return;
  let rest: Buffer = Buffer.alloc(0);
  let silentMs = 0;
  let over = false;
  try {
    let at = tailLines === undefined ? 0 : await startOfTail(file, tailLines);
    while (!signal.aborted) {
      const { bytesRead } = await file.read(block, 0, blockBytes, at);
      if (bytesRead > 0) {
        at += bytesRead;
        silentMs = 0;
        const { lines, remainder } = splitLines(rest, block.subarray(0, bytesRead));
        rest = remainder;
        if (lines.length > 0) yield lines;
        continue;
      }
      if (!follow || over) break;
      const next = await rotatedTo(file, path, at);
      if (next) {
        if (next !== file) await file.close();
        file = next;
        at = 0;
        continue;
      }
      if (silentMs >= endCheckMs) {
        silentMs = 0;
        // One more read follows: the last lines may have come between the read above and the end.
        over = await source.ended();
        if (over) continue;
      }
      await sleep(clock, pollMs, signal).catch(() => undefined);
      silentMs += pollMs;
    }
    if (rest.length > 0) yield [rest];
  } finally {
    await file.close();
  }
}

/** A container that has just been made has no log file yet. */
async function openWhenThere(source: LogSource, wait: boolean): Promise<FileHandle | undefined> {
  while (!source.signal.aborted) {
    try {
      return await open(source.path, 'r');
    } catch (error) {
      if (!isMissing(error)) throw error;
      if (!wait || (await source.ended())) return undefined;
    }
    await sleep(source.clock, pollMs, source.signal).catch(() => undefined);
  }
  return undefined;
}

/** The file to go on with from its start: a new one at the path, or the same one after it was cut to nothing. */
async function rotatedTo(file: FileHandle, path: string, at: number): Promise<FileHandle | undefined> {
  const old = await file.stat();
  try {
    const now = await stat(path);
    if (now.ino === old.ino && now.dev === old.dev) return old.size < at ? file : undefined;
    // Something may have been written to the old file after it was read to its end and before it was renamed.
    if (old.size > at) return undefined;
    return await open(path, 'r');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Offset of the first of the last `count` lines, found from the end, block by block. */
async function startOfTail(file: FileHandle, count: number): Promise<number> {
  const { size } = await file.stat();
  if (count === 0) return size;
  const block = Buffer.allocUnsafe(blockBytes);
  let found = 0;
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - blockBytes);
    const { bytesRead } = await file.read(block, 0, end - start, start);
    for (let i = bytesRead - 1; i >= 0; i--) {
      // The newline that ends the file ends its last line and begins none.
      if (block[i] !== newline || start + i === size - 1) continue;
      if (++found === count) return start + i + 1;
    }
    end = start;
  }
  return 0;
}

function splitLines(rest: Buffer, block: Buffer): { lines: Buffer[]; remainder: Buffer } {
  const bytes = Buffer.concat([rest, block]);
  const lines: Buffer[] = [];
  let start = 0;
  for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  const remainder = bytes.subarray(start);
  return { lines, remainder: remainder.length > lineBytesMax ? Buffer.alloc(0) : remainder };
}

const lineEnd = Buffer.from('\n');
const nothing = Buffer.alloc(0);

function createLineFormatter({ timestamps, sinceMs, stream }: LogOptions): (line: Buffer) => Buffer {
  // A line that goes on carries its time only once.
  let within = false;
  return (line) => {
    const parsed = parseLine(line);
    if (!parsed) return nothing;
    if (stream !== 'All' && parsed.stream !== stream.toLowerCase()) return nothing;
    if (sinceMs !== undefined && Date.parse(parsed.time) < sinceMs) return nothing;
    const prefix = timestamps && !within ? Buffer.from(`${withNanoseconds(parsed.time)} `) : nothing;
    within = parsed.partial;
    return Buffer.concat([prefix, parsed.text, parsed.partial ? nothing : lineEnd]);
  };
}

interface LogLine {
  readonly time: string;
  readonly stream: 'stdout' | 'stderr';
  readonly partial: boolean;
  readonly text: Buffer;
}

function parseLine(line: Buffer): LogLine | undefined {
  const ends: number[] = [];
  for (let at = line.indexOf(0x20); at >= 0 && ends.length < 3; at = line.indexOf(0x20, at + 1))
    ends.push(at);
  const [timeEnd, streamEnd] = ends;
  if (timeEnd === undefined || streamEnd === undefined) return undefined;
  const tagEnd = ends[2] ?? line.length;
  const stream = line.toString('latin1', timeEnd + 1, streamEnd);
  if (stream !== 'stdout' && stream !== 'stderr') return undefined;
  // Tags are a list; the first says whether the line is full.
  const tag = line.toString('latin1', streamEnd + 1, tagEnd).split(':')[0];
  return {
    time: line.toString('latin1', 0, timeEnd),
    stream,
    partial: tag === 'P',
    text: line.subarray(tagEnd + 1),
  };
}

/** Runtimes leave zeros at the end of the fraction out; clients get all nine digits, so that columns line up. */
function withNanoseconds(time: string): string {
  return time.replace(
    /(:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/,
    (_, seconds: string, fraction = '', zone: string) => {
      return `${seconds}.${String(fraction).padEnd(9, '0')}${zone}`;
    },
  );
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
