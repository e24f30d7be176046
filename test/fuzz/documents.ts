/** Bodies that carry a document, well formed or not, as each media type writes it. */
import { encodeProtobuf, type AnyObject } from '@skerry/api';
import * as fc from 'fast-check';
import { stringify } from 'yaml';
import { jsonText } from './hostile-values.ts';

export const mediaTypes = {
  json: 'application/json',
  yaml: 'application/yaml',
  protobuf: 'application/vnd.kubernetes.protobuf',
} as const;

export type Format = keyof typeof mediaTypes;

export const format: fc.Arbitrary<Format> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Format>('json') },
  { weight: 2, arbitrary: fc.constant<Format>('yaml') },
  { weight: 2, arbitrary: fc.constant<Format>('protobuf') },
);

/** The document in a format; as JSON where the format can't hold it. */
export function written(
  document: unknown,
  wanted: Format,
): { contentType: string; body: string | Uint8Array } {
  const text = jsonText(document);
  try {
    if (wanted === 'yaml')
      return {
        contentType: mediaTypes.yaml,
        body: stringify(JSON.parse(text), { aliasDuplicateObjects: false }),
      };
    if (wanted === 'protobuf')
      return { contentType: mediaTypes.protobuf, body: encodeProtobuf(JSON.parse(text) as AnyObject) };
  } catch {
    // Below.
  }
  return { contentType: mediaTypes.json, body: text };
}

/** Damage to bytes: positions are counted around. */
export interface Damage {
  readonly kind: 'flip' | 'cut' | 'insert' | 'repeat' | 'drop';
  readonly at: number;
  readonly bytes: Uint8Array;
}

export const damage: fc.Arbitrary<Damage> = fc.record({
  kind: fc.constantFrom<Damage['kind']>('flip', 'flip', 'cut', 'insert', 'repeat', 'drop'),
  at: fc.nat(),
  bytes: fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 12 }),
    fc.constantFrom(
      Uint8Array.of(0),
      Uint8Array.of(0xff),
      Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01),
      Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f),
      Uint8Array.of(0x0b),
      Uint8Array.of(0x0c),
      Uint8Array.of(0xc3, 0x28),
      Uint8Array.of(0xed, 0xa0, 0x80),
    ),
  ),
});

export function damaged(body: string | Uint8Array, damages: readonly Damage[]): Buffer {
  let bytes = Buffer.from(body);
  for (const { kind, at, bytes: piece } of damages) {
    const place = at % (bytes.length + 1);
    const [before, after] = [bytes.subarray(0, place), bytes.subarray(place)];
    if (kind === 'flip') {
      bytes = Buffer.from(bytes);
      if (place < bytes.length) bytes[place] = (bytes[place] ?? 0) ^ (piece[0] ?? 1);
    } else if (kind === 'cut') bytes = before;
    else if (kind === 'insert') bytes = Buffer.concat([before, piece, after]);
    else if (kind === 'drop') bytes = Buffer.concat([before, after.subarray(piece.length)]);
    else bytes = Buffer.concat([before, after, after]);
  }
  return bytes;
}
