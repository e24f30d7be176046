/**
 * Headers of SPDY/3 streams: name-value pairs inside one zlib stream per direction and connection.
 *
 * What this end sends is not compressed: each block is a stored deflate block and an empty one, the same bytes a sync flush
 * ends with, so that the other end decodes at once. A handful of short headers per stream is not worth state, and nothing
 * secret can be guessed from sizes. What comes in is inflated for real, with a bound on what it may become.
 */
import zlib from 'node:zlib';
import { SpdyError } from '#spdy/frame.ts';
import { headerDictionary } from '#spdy/dictionary.ts';

export type SpdyHeaders = Readonly<Record<string, string>>;

const inflatedBytesMax = 64 * 1024;
const pairsMax = 256;
const storedBlockMax = 0xffff;

/** zlib's own header: deflate with a 32 KiB window, a preset dictionary, and which. */
function zlibPrefix(): Buffer {
  const prefix = Buffer.alloc(6);
  prefix[0] = 0x78;
  const withDictionary = 0x20;
  prefix[1] = withDictionary + (31 - (((0x78 << 8) | withDictionary) % 31));
  prefix.writeUInt32BE(adler32(headerDictionary), 2);
  return prefix;
}

function adler32(bytes: Uint8Array): number {
  let a = 1;
  let b = 0;
  for (const byte of bytes) {
    a = (a + byte) % 65_521;
    b = (b + a) % 65_521;
  }
  return ((b << 16) | a) >>> 0;
}

export function createHeaderEncoder(): (headers: SpdyHeaders) => Buffer {
  let begun = false;
  return (headers) => {
    const parts = begun ? [] : [zlibPrefix()];
    begun = true;
    const block = encodePairs(headers);
    if (block.length > storedBlockMax) throw new SpdyError(`headers of ${block.length} bytes are too large`);
    parts.push(storedHeader(block.length), block, storedHeader(0));
    return Buffer.concat(parts);
  };
}

function storedHeader(length: number): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt16LE(length, 1);
  header.writeUInt16LE(~length & 0xffff, 3);
  return header;
}

function encodePairs(headers: SpdyHeaders): Buffer {
  const entries = Object.entries(headers);
  const parts = [uint32(entries.length)];
  for (const [name, value] of entries) {
    for (const text of [name.toLowerCase(), value]) {
      const bytes = Buffer.from(text);
      parts.push(uint32(bytes.length), bytes);
    }
  }
  return Buffer.concat(parts);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export interface HeaderDecoder {
  /** Blocks must be decoded in the order they came: each continues the one before. */
  decode(block: Buffer): Promise<SpdyHeaders>;
  close(): void;
}

export function createHeaderDecoder(): HeaderDecoder {
  const inflate = zlib.createInflate({ dictionary: headerDictionary });
  let chunks: Buffer[] = [];
  let size = 0;
  let fail: ((error: Error) => void) | undefined;
  const take = () => {
    for (let chunk = inflate.read(); chunk !== null; chunk = inflate.read()) {
      size += chunk.length;
      if (size > inflatedBytesMax) inflate.destroy(new SpdyError('headers are too large'));
      else chunks.push(chunk);
    }
  };
  inflate.on('readable', take);
  inflate.on('error', (error) => fail?.(error));

  return {
    decode(block) {
      return new Promise<Buffer>((resolve, reject) => {
        fail = reject;
        if (inflate.destroyed) {
          reject(new SpdyError('the connection is closed'));
          return;
        }
        inflate.write(block, () => {
          if (inflate.destroyed) return;
          take();
          const bytes = Buffer.concat(chunks);
          chunks = [];
          size = 0;
          resolve(bytes);
        });
      }).then(decodePairs);
    },
    close: () => void inflate.destroy(),
  };
}

function decodePairs(bytes: Buffer): SpdyHeaders {
  let at = 0;
  const number = () => {
    if (at + 4 > bytes.length) throw new SpdyError('headers end too early');
    at += 4;
    return bytes.readUInt32BE(at - 4);
  };
  const text = () => {
    const length = number();
    if (at + length > bytes.length) throw new SpdyError('headers end too early');
    at += length;
    return bytes.toString('utf8', at - length, at);
  };
  const count = number();
  if (count > pairsMax) throw new SpdyError(`${count} headers are too many`);
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  for (let i = 0; i < count; i++) {
    const name = text();
    headers[name.toLowerCase()] = text();
  }
  return headers;
}
