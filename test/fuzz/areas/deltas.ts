/** The binary form of watches, in this process: frames in order, damaged, cut into any pieces. A reader gets lines or one error. */
import { zstdCompressSync } from 'node:zlib';
import { DeltaError, HeldObjects, plainLines } from '@skerry/serving';
import * as fc from 'fast-check';
import { damage, damaged } from '../documents.ts';
import { probe, type Probe } from '../probe.ts';

/** Memory of this process that one input may take. */
const memoryMax = 200 * 1024 * 1024;

const object = Buffer.from('{"kind":"Pod","metadata":{"name":"a","resourceVersion":"7"},"status":{}}');
const zstd = [
  zstdCompressSync(object),
  zstdCompressSync(object, { dictionary: object }),
  zstdCompressSync(Buffer.alloc(0)),
  zstdCompressSync(Buffer.from('no JSON')),
  // Far more than an object may be.
  zstdCompressSync(Buffer.alloc(200 * 1024 * 1024)),
  Buffer.from('no zstd'),
  Buffer.alloc(0),
];

const frame = fc
  .record({
    type: fc.constantFrom(1, 1, 2, 3, 3, 4, 5, 0, 6, 255),
    key: fc.constantFrom('a/1', 'a/1', 'b', '', '__proto__', 'x'.repeat(300), '\ud800'),
    revisions: fc.array(fc.constantFrom(7, 7, 7, 8, 0, 2 ** 31, Number.MAX_SAFE_INTEGER, 2 ** 60), {
      minLength: 1,
      maxLength: 3,
    }),
    body: fc.constantFrom<Uint8Array>(...zstd),
    length: fc.constantFrom(undefined, undefined, undefined, undefined, 0, 1, 2 ** 24, 2 ** 31, 2 ** 53),
  })
  .map(({ type, key, revisions, body, length }) => {
    const text = Buffer.from(key);
    const payload = Buffer.concat([leb128(text.length), text, ...revisions.map(leb128), body]);
    return Buffer.concat([Buffer.of(type), leb128(length ?? payload.length), payload]);
  });

export const deltas: readonly Probe[] = [
  probe(
    'watches in binary frames that were damaged',
    fc.record({
      frames: fc.array(frame, { minLength: 1, maxLength: 6 }),
      damages: fc.array(damage, { maxLength: 3 }),
      pieceBytes: fc.constantFrom(1, 3, 1000, 1_000_000),
    }),
    async (_target, { frames, damages, pieceBytes }) => {
      const before = process.memoryUsage.rss();
      const bytes = damaged(Buffer.concat(frames), damages);
      try {
        for await (const line of plainLines(inPieces(bytes, pieceBytes), new HeldObjects()))
          if (!(line instanceof Uint8Array)) throw new TypeError('a line is bytes');
      } catch (error) {
        if (!(error instanceof DeltaError)) throw error;
      }
      const grown = process.memoryUsage.rss() - before;
      if (grown > memoryMax) throw new Error(`it took ${Math.round(grown / 2 ** 20)} MiB`);
    },
  ),
  probe(
    'a long frame in short pieces',
    fc.constantFrom(64 * 1024, 1024),
    async (_target, pieceBytes) => {
      const long = Buffer.concat([Buffer.of(5), leb128(15 * 2 ** 20), Buffer.alloc(15 * 2 ** 20, 'x')]);
      const { user: before } = process.cpuUsage();
      for await (const line of plainLines(inPieces(long, pieceBytes), new HeldObjects()))
        if (line.length !== 15 * 2 ** 20) throw new Error(`a line of ${line.length} bytes`);
      const cpuMs = (process.cpuUsage().user - before) / 1000;
      if (cpuMs > 1_000) throw new Error(`reading it took ${Math.round(cpuMs)} ms`);
    },
    { share: 0.05 },
  ),
];

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

function leb128(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80);
  return Buffer.from([...bytes, rest]);
}
