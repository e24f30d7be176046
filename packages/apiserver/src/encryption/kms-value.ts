import { WireReader, WireWriter } from '@skerry/api';
import type { WrappedKey } from '#encryption/kms-plugin.ts';

/** A value that a KMS v2 provider sealed, as it is stored: `EncryptedObject` of kube-apiserver, in protobuf. */
export interface KmsValue {
  readonly data: Uint8Array;
  readonly wrapped: WrappedKey;
  /** Whether what is wrapped is the key itself, as servers of before Kubernetes 1.28 wrote it, or a seed of keys. */
  readonly source: 'key' | 'seed';
}

const seedSource = 1;
const wires = { varint: 0, length: 2 };
const fields = { data: 1, keyId: 2, wrapped: 3, annotations: 4, source: 5 };
const entry = { key: 1, value: 2 };

/** In order of the fields, annotations by their names. */
export function encodeKmsValue({ data, wrapped, source }: KmsValue): Uint8Array {
  const writer = new WireWriter();
  // It writes from the end.
  if (source === 'seed') {
    writer.integer(seedSource);
    writer.tag(fields.source, wires.varint);
  }
  for (const [key, value] of [...wrapped.annotations].sort(([a], [b]) => (a < b ? 1 : -1))) {
    const end = writer.size;
    putBytes(writer, entry.value, value);
    putBytes(writer, entry.key, Buffer.from(key));
    writer.length(end);
    writer.tag(fields.annotations, wires.length);
  }
  putBytes(writer, fields.wrapped, wrapped.ciphertext);
  putBytes(writer, fields.keyId, Buffer.from(wrapped.keyId));
  putBytes(writer, fields.data, data);
  return writer.finish();
}

/** Throws where the bytes are none. */
export function decodeKmsValue(bytes: Uint8Array): KmsValue {
  const reader = new WireReader(bytes);
  const annotations = new Map<string, Uint8Array>();
  let data: Uint8Array = new Uint8Array();
  let ciphertext: Uint8Array = new Uint8Array();
  let keyId = '';
  let source: KmsValue['source'] = 'key';
  while (!reader.done) {
    const { number, wire } = reader.tag();
    if (number === fields.source && wire === wires.varint) {
      source = reader.integer() === seedSource ? 'seed' : 'key';
    } else if (wire !== wires.length || number > fields.annotations) reader.skip(wire);
    else if (number === fields.data) data = reader.bytes();
    else if (number === fields.keyId) keyId = reader.text();
    else if (number === fields.wrapped) ciphertext = reader.bytes();
    else annotations.set(...annotationOf(reader.bytes()));
  }
  return { data, wrapped: { ciphertext, keyId, annotations }, source };
}

function annotationOf(bytes: Uint8Array): [string, Uint8Array] {
  const reader = new WireReader(bytes);
  let key = '';
  let value: Uint8Array = new Uint8Array();
  while (!reader.done) {
    const { number, wire } = reader.tag();
    if (number === entry.key) key = reader.text();
    else if (number === entry.value) value = reader.bytes();
    else reader.skip(wire);
  }
  return [key, value];
}

function putBytes(writer: WireWriter, field: number, value: Uint8Array): void {
  if (value.length === 0) return;
  const end = writer.size;
  writer.bytes(value);
  writer.length(end);
  writer.tag(field, wires.length);
}
