/** Frames of SPDY/3.1 and of WebSocket that break every rule. */
import { deflateSync } from 'node:zlib';
import * as fc from 'fast-check';

export interface SpdyFrame {
  readonly control: boolean;
  readonly version: number;
  readonly type: number;
  readonly id: number;
  readonly flags: number;
  readonly body: Uint8Array;
  readonly length?: number;
}

export function spdyBytes({
  control,
  version,
  type,
  id,
  flags,
  body,
  length = body.length,
}: SpdyFrame): Buffer {
  const head = Buffer.alloc(8);
  if (control) {
    head.writeUInt16BE(0x8000 | version, 0);
    head.writeUInt16BE(type, 2);
  } else head.writeUInt32BE(id, 0);
  head[4] = flags;
  head.writeUIntBE(length & 0xffffff, 5, 3);
  return Buffer.concat([head, body]);
}

const open = (id: number, block: Uint8Array) => {
  const head = Buffer.alloc(10);
  head.writeUInt32BE(id, 0);
  return Buffer.concat([head, block]);
};
/** Without the preset dictionary a decoder takes it too: the stream says so. */
const zeros = deflateSync(Buffer.alloc(100 * 1024 * 1024), { level: 9 });
const blocks = [
  Buffer.alloc(0),
  deflateSync(Buffer.of(0, 0, 0, 0)),
  deflateSync(Buffer.of(0xff, 0xff, 0xff, 0xff)),
  deflateSync(Buffer.of(0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff)),
  deflateSync(
    Buffer.concat([Buffer.of(0, 0, 0, 1, 0, 0, 0, 9), Buffer.from('__proto__'), Buffer.of(0, 0, 0, 1, 0x78)]),
  ),
  zeros.subarray(0, 100_000),
  zeros,
];
const body = fc.oneof(
  fc.constantFrom<Uint8Array>(
    ...blocks.flatMap((block) => [open(1, block), open(3, block), open(2, block)]),
    Buffer.alloc(4),
    Buffer.of(0, 0, 0, 1, 0, 0, 0, 5),
  ),
  fc.uint8Array({ maxLength: 60 }),
);
export const spdyFrame: fc.Arbitrary<SpdyFrame> = fc.record(
  {
    control: fc.boolean(),
    version: fc.constantFrom(3, 3, 3, 2, 0, 0x7fff),
    type: fc.constantFrom(1, 1, 2, 3, 4, 6, 7, 8, 9, 0, 99, 0xffff),
    id: fc.constantFrom(0, 1, 2, 3, 0x7fffffff),
    flags: fc.constantFrom(0, 1, 2, 0xff),
    body,
    length: fc.constantFrom(0, 1, 0xffffff),
  },
  { requiredKeys: ['control', 'version', 'type', 'id', 'flags', 'body'] },
);

const mask = Buffer.of(1, 2, 3, 4);
export interface SocketFrame {
  readonly first: number;
  readonly masked: boolean;
  readonly length: 'true' | 'short' | 'huge' | 'negative';
  readonly payload: Uint8Array;
}

export function socketBytes({ first, masked, length, payload }: SocketFrame): Buffer {
  const bit = masked ? 0x80 : 0;
  const told = { true: payload.length, short: 1, huge: 2 ** 31, negative: 2 ** 52 }[length];
  const size = told < 126 ? Buffer.of(bit | told) : Buffer.alloc(9);
  if (told >= 126) {
    size[0] = bit | 127;
    size.writeBigUInt64BE(BigInt(told) | (length === 'negative' ? 1n << 63n : 0n), 1);
  }
  const bytes = masked ? Buffer.from(payload).map((byte, index) => byte ^ mask[index & 3]!) : payload;
  return Buffer.concat([Buffer.of(first), size, ...(masked ? [mask] : []), bytes]);
}

export const socketFrame: fc.Arbitrary<SocketFrame> = fc.record({
  first: fc.constantFrom(0x82, 0x82, 0x81, 0x01, 0x00, 0x80, 0x88, 0x89, 0x8a, 0x83, 0xc2, 0xff, 0x09),
  masked: fc.oneof({ weight: 5, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  length: fc.oneof(
    { weight: 6, arbitrary: fc.constant('true' as const) },
    { weight: 1, arbitrary: fc.constantFrom('short' as const, 'huge' as const, 'negative' as const) },
  ),
  payload: fc.oneof(
    fc.uint8Array({ maxLength: 130 }),
    fc.constantFrom<Uint8Array>(
      Buffer.of(0),
      Buffer.of(255, 0),
      Buffer.of(255),
      Buffer.alloc(70_000),
      Buffer.of(0x03, 0xe8),
      Buffer.of(0, 0xff, 0xfe),
    ),
  ),
});
