/**
 * Objects as Kubernetes' protobuf, for clients that prefer it: the other way of `decode.ts`, by the same field tables.
 *
 * What is absent from the object is absent on the wire. Upstream writes zeros there, which readers take for the same.
 * Objects are those that this server has validated; a value of another type than its field's is written as its text or
 * number would be.
 * Format: https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
 */
import { unreachable } from '@skerry/base';
import type { AnyObject, ListMeta } from '../object.ts';
import { messageOfKind, type WireField, type WireMessage, wireMessage } from './messages.ts';
import { type WellKnown, wellKnown } from './well-known.ts';
import { WireWriter } from './wire-writer.ts';

const magic = Uint8Array.of(0x6b, 0x38, 0x73, 0x00);
const listMeta = 'k8s.io.apimachinery.pkg.apis.meta.v1.ListMeta';

/** An API type as objects name it. */
export interface TypeName {
  readonly apiVersion: string;
  readonly kind: string;
}

/** Whether objects of this type have a protobuf form. */
export function hasProtobuf({ apiVersion, kind }: TypeName): boolean {
  return messageOfKind(apiVersion, kind) !== undefined;
}

/** The whole body of an answer: magic bytes, envelope, object. */
export function encodeProtobuf(object: AnyObject): Uint8Array {
  const type = { apiVersion: object.apiVersion ?? '', kind: object.kind ?? '' };
  return concatenated(inEnvelope(type, [encodeMessage(type, object)]));
}

/** An object's message alone, as it stands inside an envelope or a list. */
export function encodeMessage({ apiVersion, kind }: TypeName, object: AnyObject): Uint8Array {
  const message = messageOfKind(apiVersion, kind);
  if (!message) throw new Error(`${apiVersion} ${kind} has no protobuf form`);
  const { apiVersion: _apiVersion, kind: _kind, ...fields } = object;
  const writer = new WireWriter();
  writeMessage(writer, message, fields);
  return writer.finish();
}

/** The envelope around a message that is given in pieces; the pieces come back with what stands before them. */
export function inEnvelope({ apiVersion, kind }: TypeName, message: readonly Uint8Array[]): Uint8Array[] {
  const writer = new WireWriter();
  writer.integer(message.reduce((size, piece) => size + piece.length, 0));
  writer.tag(2, 2);
  const mark = writer.size;
  writeText(writer, 2, kind);
  writeText(writer, 1, apiVersion);
  writer.length(mark);
  writer.tag(1, 2);
  writer.bytes(magic);
  return [writer.finish(), ...message];
}

/** A list of messages of one type; `type` is the list's own. */
export function protobufList(type: TypeName, meta: ListMeta, items: Iterable<Uint8Array>): Uint8Array[] {
  const head = new WireWriter();
  writeMessage(head, requireMessage(listMeta), meta as Record<string, unknown>);
  head.length(0);
  head.tag(1, 2);
  const pieces: Uint8Array[] = [head.finish()];
  for (const item of items) {
    const before = new WireWriter();
    before.integer(item.length);
    before.tag(2, 2);
    pieces.push(before.finish(), item);
  }
  return inEnvelope(type, pieces);
}

/** One frame of a watch: its length in four bytes, then a bare WatchEvent that holds the object's whole body. */
export function protobufFrame(event: string, body: Uint8Array): Uint8Array {
  const writer = new WireWriter();
  writer.bytes(body);
  writer.length(0);
  writer.tag(1, 2);
  writer.length(0);
  writer.tag(2, 2);
  writeText(writer, 1, event);
  const { size } = writer;
  writer.bytes(Uint8Array.of(size >>> 24, size >>> 16, size >>> 8, size));
  return writer.finish();
}

function concatenated(pieces: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    result.set(piece, at);
    at += piece.length;
  }
  return result;
}

function requireMessage(name: string): WireMessage {
  const message = wireMessage(name);
  if (!message) throw new Error(`protobuf message ${name} is not known`);
  return message;
}

function writeText(writer: WireWriter, number: number, value: string): void {
  const mark = writer.size;
  writer.text(value);
  writer.length(mark);
  writer.tag(number, 2);
}

/** Fields from the last to the first, so that they come out in order. */
function writeMessage(writer: WireWriter, message: WireMessage, value: Record<string, unknown>): void {
  for (let i = message.fields.length - 1; i >= 0; i--) {
    const field = message.fields[i] as WireField;
    if (field.inline) writeInline(writer, field, value);
    else writeField(writer, field, value[field.name]);
  }
}

/** A struct whose fields JSON has in the parent; left out when none of them is set. */
function writeInline(writer: WireWriter, field: WireField, parent: Record<string, unknown>): void {
  const mark = writer.size;
  writeMessage(writer, requireMessage(field.type), parent);
  if (writer.size === mark) return;
  writer.length(mark);
  writer.tag(field.number, 2);
}

function writeField(writer: WireWriter, field: WireField, value: unknown): void {
  if (value === undefined || value === null) return;
  switch (field.shape) {
    case 'single':
      writeSingle(writer, field, field.number, value);
      return;
    case 'repeated':
      for (const item of [...(value as unknown[])].reverse()) writeSingle(writer, field, field.number, item);
      return;
    case 'map':
      for (const [key, item] of Object.entries(value).sort(descending)) {
        const mark = writer.size;
        writeSingle(writer, field, 2, item);
        writeText(writer, 1, key);
        writer.length(mark);
        writer.tag(field.number, 2);
      }
      return;
    default:
      unreachable(field.shape);
  }
}

function descending([left]: [string, unknown], [right]: [string, unknown]): number {
  return left < right ? 1 : -1;
}

function writeSingle(writer: WireWriter, field: WireField, number: number, value: unknown): void {
  if (field.isMessage) {
    const mark = writer.size;
    writeNested(writer, field.type, value);
    writer.length(mark);
    writer.tag(number, 2);
    return;
  }
  switch (field.type) {
    case 'string':
      writeText(writer, number, String(value));
      return;
    case 'bytes': {
      const bytes = fromBase64(String(value));
      writer.bytes(bytes);
      writer.integer(bytes.length);
      writer.tag(number, 2);
      return;
    }
    case 'bool':
      writer.integer(value ? 1 : 0);
      writer.tag(number, 0);
      return;
    case 'double':
      writer.double(Number(value));
      writer.tag(number, 1);
      return;
    default:
      writer.integer(Number(value));
      writer.tag(number, 0);
  }
}

function writeNested(writer: WireWriter, type: string, value: unknown): void {
  const message = requireMessage(type);
  const known = wellKnown(type);
  const fields = known === undefined ? (value as Record<string, unknown>) : wireFields(known, value);
  if (fields) writeMessage(writer, message, fields);
  else writeText(writer, 1, JSON.stringify(value));
}

/** What JSON has as one value, as the fields that it has on the wire; undefined: its JSON text. */
function wireFields(known: WellKnown, value: unknown): Record<string, unknown> | undefined {
  const isObject = typeof value === 'object' && !Array.isArray(value);
  switch (known) {
    case 'raw-json':
      return undefined;
    case 'quantity':
      return { string: String(value) };
    case 'int-or-string':
      return typeof value === 'string' ? { type: 1, strVal: value } : { type: 0, intVal: value };
    case 'time':
    case 'micro-time':
      return timeFields(String(value), known);
    case 'items':
      return { items: value };
    case 'schema-or-array':
      return Array.isArray(value) ? { jSONSchemas: value } : { schema: value };
    case 'schema-or-bool':
      return isObject ? { schema: value, allows: true } : { allows: value };
    case 'schema-or-strings':
      return isObject ? { schema: value } : { property: value };
    default:
      return unreachable(known);
  }
}

function timeFields(text: string, known: 'time' | 'micro-time'): Record<string, unknown> {
  const seconds = Math.floor(Date.parse(text) / 1000);
  if (Number.isNaN(seconds)) return {};
  const fraction = known === 'time' ? '' : (/\.(\d{1,9})/.exec(text)?.[1] ?? '');
  return { seconds, nanos: Number(fraction.padEnd(9, '0')) };
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
