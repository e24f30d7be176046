/**
 * Kubernetes' protobuf to the object that its JSON would give. The envelope is four magic bytes and `runtime.Unknown`; the
 * object in it names its kind. The other way is for answers, which every client also takes as JSON.
 *
 * Fields that are not pointers are on the wire even when unset, as zero: they are left out, as `omitempty` leaves them out
 * of JSON. Depth and size are bounded by the caller's body limit and `depthMax`; anything malformed is a 400.
 * Format: https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
 */
import { unreachable } from '@skerry/base';
import type { AnyObject } from '../object.ts';
import { isDeeperThan } from '../patch/json-value.ts';
import { ApiError, badRequest } from '../status.ts';
import { messageOfKind, type WireField, type WireMessage, wireMessage } from './messages.ts';
import { wellKnown } from './well-known.ts';
import { WireReader } from './wire-reader.ts';

const magic = [0x6b, 0x38, 0x73, 0x00];
const depthMax = 100;
/** Deepest nesting of JSON inside, as of any body. */
const jsonDepthMax = 200;
/** Fields of one body: each empty message takes two bytes, and costs as much as any other. */
const fieldsMax = 150_000;
const unknownMessage = 'k8s.io.apimachinery.pkg.runtime.Unknown';

/** Decodes a body of `application/vnd.kubernetes.protobuf`. Throws 400 for what is malformed or of a kind without protobuf. */
export function decodeProtobuf(body: Uint8Array): AnyObject {
  if (magic.some((byte, index) => body[index] !== byte)) {
    throw badRequest('the body is not Kubernetes protobuf: it does not begin with k8s\\0');
  }
  const limits: Limits = { depth: 0, read: { fields: 0 } };
  const envelope = new WireReader(body.subarray(magic.length));
  const unknown = requireMessage(unknownMessage);
  let raw = new Uint8Array();
  let type: Record<string, unknown> = {};
  while (!envelope.done) {
    const { number, wire } = envelope.tag();
    if (number === 1 && wire === 2)
      type = decodeMessage(requireMessage(unknown.byNumber.get(1)?.type ?? ''), envelope.bytes(), limits);
    else if (number === 2 && wire === 2) raw = envelope.bytes();
    else envelope.skip(wire);
  }
  const apiVersion = typeof type['apiVersion'] === 'string' ? type['apiVersion'] : '';
  const kind = typeof type['kind'] === 'string' ? type['kind'] : '';
  const message = messageOfKind(apiVersion, kind);
  if (!message)
    throw badRequest(`${apiVersion} ${kind} has no protobuf form here; send it as application/json`);
  return { apiVersion, kind, ...decodeMessage(message, raw, limits) };
}

function requireMessage(name: string): WireMessage {
  const message = wireMessage(name);
  if (!message) throw badRequest(`protobuf message ${name} is not known`);
  return message;
}

interface Limits {
  readonly depth: number;
  /** Shared by all messages of the body. */
  readonly read: { fields: number };
}

function deeper({ depth, read }: Limits): Limits {
  return { depth: depth + 1, read };
}

function decodeMessage(message: WireMessage, bytes: Uint8Array, at: Limits): Record<string, unknown> {
  if (at.depth > depthMax) throw badRequest(`the body is nested more than ${depthMax} deep`);
  const result: Record<string, unknown> = {};
  const reader = new WireReader(bytes);
  while (!reader.done) {
    const { number, wire } = reader.tag();
    if (++at.read.fields > fieldsMax) {
      throw new ApiError('RequestEntityTooLarge', `Request entity too large: limit is ${fieldsMax} fields`);
    }
    const field = message.byNumber.get(number);
    if (field) readField(result, field, reader, { wire, ...at });
    else reader.skip(wire);
  }
  return result;
}

interface Position extends Limits {
  readonly wire: number;
}

function readField(
  result: Record<string, unknown>,
  field: WireField,
  reader: WireReader,
  at: Position,
): void {
  const packed = field.shape === 'repeated' && at.wire === 2 && wireOf(field) !== 2;
  if (!packed && at.wire !== wireOf(field)) {
    throw badRequest(`proto: wrong wireType = ${at.wire} for field ${field.name}`);
  }
  if (field.shape === 'map') {
    const entry = readEntry(field, reader.bytes(), at);
    const map = (result[field.name] ??= {}) as Record<string, unknown>;
    Object.defineProperty(map, entry.key, {
      value: entry.value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
    return;
  }
  if (field.shape === 'repeated') {
    const list = (result[field.name] ??= []) as unknown[];
    if (packed) readPacked(list, field, new WireReader(reader.bytes()), at);
    else list.push(readValue(field, reader, at));
    return;
  }
  const value = readValue(field, reader, at);
  if (field.inline) {
    Object.assign(result, value);
  } else if (field.keepsZero ? value !== null : !isZero(value)) {
    result[field.name] = value;
  }
}

/** Numbers one after the other behind one tag. */
function readPacked(list: unknown[], field: WireField, reader: WireReader, at: Limits): void {
  while (!reader.done) list.push(readValue(field, reader, at));
}

/** How values of a field are written: 0 a varint, 1 eight bytes, 2 a length and as many bytes. */
function wireOf({ shape, isMessage, type }: WireField): number {
  if (shape === 'map' || isMessage || type === 'string' || type === 'bytes') return 2;
  return type === 'double' ? 1 : 0;
}

function readEntry(field: WireField, bytes: Uint8Array, at: Limits): { key: string; value: unknown } {
  const reader = new WireReader(bytes);
  let key = '';
  let value: unknown = field.isMessage ? readMessage(field.type, new Uint8Array(), at) : '';
  while (!reader.done) {
    const { number, wire } = reader.tag();
    if (number === 1 && wire === 2) key = reader.text();
    else if (number === 2 && wire === wireOf({ ...field, shape: 'single' }))
      value = readValue(field, reader, at);
    else reader.skip(wire);
  }
  return { key, value };
}

function readValue(field: WireField, reader: WireReader, at: Limits): unknown {
  if (field.isMessage) return readMessage(field.type, reader.bytes(), at);
  switch (field.type) {
    case 'string':
      return reader.text();
    case 'bytes':
      return toBase64(reader.bytes());
    case 'bool':
      return reader.integer() !== 0;
    case 'double':
      return reader.double();
    default:
      return reader.integer();
  }
}

function readMessage(type: string, bytes: Uint8Array, at: Limits): unknown {
  const message = requireMessage(type);
  const known = wellKnown(type);
  if (known === undefined) return decodeMessage(message, bytes, deeper(at));
  if (known === 'raw-json') return rawJson(bytes);
  const fields = decodeMessage(message, bytes, deeper(at));
  switch (known) {
    case 'quantity':
      return fields['string'] ?? '0';
    case 'int-or-string':
      return fields['type'] === 1 ? (fields['strVal'] ?? '') : (fields['intVal'] ?? 0);
    case 'time':
    case 'micro-time':
      return timeText(fields, known);
    case 'items':
      return fields['items'] ?? [];
    case 'schema-or-array':
      return fields['jSONSchemas'] ?? fields['schema'] ?? null;
    case 'schema-or-bool':
      return fields['schema'] ?? fields['allows'] ?? false;
    case 'schema-or-strings':
      return fields['property'] ?? fields['schema'] ?? null;
    default:
      return unreachable(known);
  }
}

/** A struct whose one field holds JSON. */
function rawJson(bytes: Uint8Array): unknown {
  const reader = new WireReader(bytes);
  let text = '';
  while (!reader.done) {
    const { number, wire } = reader.tag();
    if (number === 1 && wire === 2) text = reader.text();
    else reader.skip(wire);
  }
  if (text === '') return null;
  const value = parsedJson(text);
  if (isDeeperThan(value, jsonDepthMax)) {
    throw badRequest(`JSON inside the protobuf body is nested more than ${jsonDepthMax} deep`);
  }
  return value;
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badRequest('JSON inside the protobuf body is malformed');
  }
}

/** The zero time is an empty message, and null in JSON. */
function timeText(fields: Record<string, unknown>, known: 'time' | 'micro-time'): string | null {
  const seconds = Number(fields['seconds'] ?? 0);
  const nanos = Number(fields['nanos'] ?? 0);
  if (seconds === 0 && nanos === 0) return null;
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime()))
    throw badRequest(`a time of the protobuf body is out of range: ${seconds} s`);
  const whole = date.toISOString().slice(0, 19);
  return known === 'time' ? `${whole}Z` : `${whole}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z`;
}

function isZero(value: unknown): boolean {
  if (value === null || value === '' || value === 0 || value === false) return true;
  return typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length === 0;
}

function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 0x8000)
    text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}
