/** SPDY/3.1 frames as bytes. Rule: https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1/ */

/** The other end broke the protocol or its bounds; the connection ends. */
export class SpdyError extends Error {
  override readonly name = 'SpdyError';
}

export const frameType = {
  synStream: 1,
  synReply: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const;

export const flagFin = 0x01;
export const flagUnidirectional = 0x02;

export type Frame =
  | { readonly kind: 'data'; readonly streamId: number; readonly flags: number; readonly data: Buffer }
  | { readonly kind: 'control'; readonly type: number; readonly flags: number; readonly body: Buffer };

/** Control frames carry headers and numbers; data frames are cut by their senders at about 32 KiB. */
const controlBytesMax = 256 * 1024;
const dataBytesMax = 16 * 1024 * 1024 - 1;
const frameHeaderBytes = 8;

export function encodeData(streamId: number, data: Uint8Array, flags = 0): Buffer {
  const frame = Buffer.allocUnsafe(frameHeaderBytes + data.length);
  frame.writeUInt32BE(streamId, 0);
  frame[4] = flags;
  frame.writeUIntBE(data.length, 5, 3);
  frame.set(data, frameHeaderBytes);
  return frame;
}

export function encodeControl(type: number, body: Uint8Array, flags = 0): Buffer {
  const frame = Buffer.allocUnsafe(frameHeaderBytes + body.length);
  frame.writeUInt16BE(0x8003, 0);
  frame.writeUInt16BE(type, 2);
  frame[4] = flags;
  frame.writeUIntBE(body.length, 5, 3);
  frame.set(body, frameHeaderBytes);
  return frame;
}

export function uint32s(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => bytes.writeUInt32BE(value, i * 4));
  return bytes;
}

/**
 * Cuts a byte stream into frames. Data is passed on piece by piece as it arrives, the FIN flag with its last piece, so a
 * large frame is never gathered in memory.
 */
export async function* decodeFrames(source: AsyncIterable<Buffer>): AsyncGenerator<Frame> {
  let held: Buffer = Buffer.alloc(0);
  // A frame that comes in small pieces is put together once, when it is whole.
  const pieces: Buffer[] = [];
  let missing = 0;
  let data: { streamId: number; flags: number; remaining: number } | undefined;
  for await (const chunk of source) {
    if (missing > chunk.length) {
      pieces.push(chunk);
      missing -= chunk.length;
      continue;
    }
    held = held.length + pieces.length > 0 ? Buffer.concat([held, ...pieces.splice(0), chunk]) : chunk;
    missing = 0;
    for (;;) {
      if (data) {
        if (held.length === 0) break;
        const piece = held.subarray(0, data.remaining);
        held = held.subarray(piece.length);
        data.remaining -= piece.length;
        const { streamId } = data;
        const flags = data.remaining === 0 ? data.flags : 0;
        if (data.remaining === 0) data = undefined;
        yield { kind: 'data', streamId, flags, data: piece };
        continue;
      }
      if (held.length < frameHeaderBytes) break;
      const length = held.readUIntBE(5, 3);
      const flags = held[4]!;
      if ((held[0]! & 0x80) === 0) {
        if (length > dataBytesMax) throw new SpdyError(`a data frame of ${length} bytes`);
        const streamId = held.readUInt32BE(0);
        held = held.subarray(frameHeaderBytes);
        if (length === 0) yield { kind: 'data', streamId, flags, data: held.subarray(0, 0) };
        else data = { streamId, flags, remaining: length };
        continue;
      }
      const version = held.readUInt16BE(0) & 0x7fff;
      if (version !== 3) throw new SpdyError(`SPDY version ${version}; 3 is spoken here`);
      if (length > controlBytesMax) throw new SpdyError(`a control frame of ${length} bytes`);
      if (held.length < frameHeaderBytes + length) {
        missing = frameHeaderBytes + length - held.length;
        break;
      }
      const type = held.readUInt16BE(2);
      const body = held.subarray(frameHeaderBytes, frameHeaderBytes + length);
      held = held.subarray(frameHeaderBytes + length);
      yield { kind: 'control', type, flags, body };
    }
  }
  if (data || held.length > 0 || pieces.length > 0)
    throw new SpdyError('the connection ended inside a frame');
}
