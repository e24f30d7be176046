import { ApiError, badRequest, decodeProtobuf, duplicateFields, faultOrder } from '@skerry/api';
import type { AuditNotes } from '#audit/audit-notes.ts';
import { readBody, type Exchange } from '#http/exchange.ts';
import { jsonFault } from '#http/json-fault.ts';
import { plainValues } from '#http/plain-values.ts';
import { YamlReader } from '#http/yaml-reader.ts';

/** Largest body of a request, as etcd-backed servers have it. */
export const bodyBytesMax = 3 * 1024 * 1024;

/** Deepest nesting of a body; walkers of objects are recursive. */
const depthMax = 200;

/** Values of one body, about. A megabyte of definitions has fifty thousand; millions would keep everyone else waiting. */
const valuesMax = 150_000;

/** Largest body of YAML that is not JSON: seconds of a thread. */
const yamlBytesMax = 1024 * 1024;

/** Characters of a body that an error shows. */
const summaryLengthMax = 30;

export const patchTypes = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
} as const;

export type PatchType = (typeof patchTypes)[keyof typeof patchTypes];

/** The patch of a media type; undefined for any other. */
export function patchTypeOf(mediaType: string): PatchType | undefined {
  return Object.entries(patchTypes).find(([name]) => name === mediaType)?.[1];
}

/** `application/json; charset=utf-8` → `application/json` */
export function mediaTypeOf(exchange: Pick<Exchange, 'headers'>): string {
  return (exchange.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase();
}

/** How a fault of a text is told: as a body that should have been an object, or as a patch. */
export type Frame = (fault: string, text: string) => string;

const versionAndKind: Frame = (fault) => `couldn't get version/kind; json parse error: ${fault}`;
export const asPatch: Frame = (fault) => `error decoding patch: ${fault}`;

function asObject(kind: string): Frame {
  return (fault, text) => unrecognized(kind, versionAndKind(fault, text), text);
}

function unrecognized(kind: string, why: string, text: string): string {
  return `the object provided is unrecognized (must be of type ${kind}): ${why} (${summaryOf(text)})`;
}

/** The beginning of a body for its sender to know it again; in hexadecimal where it does not look like an object. */
function summaryOf(text: string): string {
  if (text === '') return '<empty>';
  const bytes = Buffer.from(text.slice(0, summaryLengthMax));
  const start = text.startsWith('{')
    ? text.slice(0, summaryLengthMax)
    : bytes.subarray(0, summaryLengthMax).toString('hex');
  return text.length > summaryLengthMax ? `${start} ...` : start;
}

interface Document {
  readonly value: unknown;
  /** What a strict reader holds against the text. */
  readonly faults: readonly string[];
  /** Compares two faults by where they stand in it. */
  readonly order?: (a: string, b: string) => number;
}

/** The body of a write of a kind (`custom`: it must say of which), with what a strict reader holds against its text: fields that it names twice. */
export async function readDocument(
  exchange: Exchange,
  kind: string,
  { custom = false }: { readonly custom?: boolean } = {},
): Promise<Document> {
  const mediaType = mediaTypeOf(exchange);
  const bytes = await readBody(exchange, bodyBytesMax);
  switch (mediaType) {
    case '':
    case 'application/json':
      return jsonDocument(bytes, { kind, custom });
    case 'application/yaml': {
      const faults: string[] = [];
      const read = { frame: asObject(kind), faults, audit: exchange.audit };
      const value = objectIn(await decodeYaml(bytes, read), bytes, { kind, custom });
      return { value, faults, order: byName(faults) };
    }
    default: {
      const decode = decoders.get(mediaType);
      if (!decode) throw unsupported();
      return { value: await decode(bytes), faults: [] };
    }
  }
}

function jsonDocument(bytes: Uint8Array, of: { kind: string; custom: boolean }): Document {
  const text = decodeText(bytes);
  const { fields } = checkShape(bytes);
  const value = parseJson(text, asObject(of.kind));
  // A field that is given twice is one field of what was parsed.
  const faults = countFields(value) === fields ? [] : duplicateFields(text);
  return { value: objectIn(plainValues(text, value), bytes, of), faults, order: faultOrder(text) };
}

/** YAML is told of first as YAML, then as the JSON with sorted keys that it becomes. */
function byName(faults: readonly string[]): (a: string, b: string) => number {
  const rank = (fault: string) => (faults.includes(fault) ? 0 : 1);
  return (a, b) => rank(a) - rank(b) || (a < b ? -1 : 1);
}

/** The decoded body, which must be an object that names its kind with texts; null says nothing. Throws 400. */
function objectIn(
  value: unknown,
  bytes: Uint8Array,
  { kind, custom }: { readonly kind: string; readonly custom: boolean },
): unknown {
  const named = value === null ? undefined : (value as { kind?: unknown }).kind;
  if (custom && (named === undefined || named === null || named === '')) {
    const text = decodeText(bytes);
    throw badRequest(unrecognized(kind, `Object 'Kind' is missing in '${text}'`, text));
  }
  if (value === null) return {};
  const fault = typeFault(value);
  if (fault) throw badRequest(asObject(kind)(`json: cannot unmarshal ${fault}`, decodeText(bytes)));
  const { apiVersion } = value as { apiVersion?: string };
  if (apiVersion && apiVersion.split('/').length > 2)
    throw badRequest(unrecognized(kind, `unexpected GroupVersion string: ${apiVersion}`, decodeText(bytes)));
  return value;
}

const typeOnly =
  'Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

/** Why a value can't say of which kind it is, in Go's words. */
export function typeFault(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return `${jsonType(value)} into ${typeOnly}`;
  for (const field of ['apiVersion', 'kind'] as const) {
    const held = (value as Record<string, unknown>)[field];
    if (held !== undefined && held !== null && typeof held !== 'string')
      return `${jsonType(held)} into Go struct field .${field} of type string`;
  }
  return undefined;
}

/** A type as Go's JSON reader names it. */
export function jsonType(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

/** The body as a JSON value, whatever format it came in; undefined when it is empty. Throws 400, 413, 415. */
export async function readJson(exchange: Exchange): Promise<unknown> {
  const mediaType = mediaTypeOf(exchange);
  // curl says `x-www-form-urlencoded` of any body it was not told about; upstream refuses it, and so do we.
  const decode = decoders.get(mediaType);
  const bytes = await readBody(exchange, bodyBytesMax);
  // Some clients name any type for the body that they don't send.
  if (bytes.length === 0) return undefined;
  if (!decode) throw unsupported();
  return await decode(bytes, exchange.audit);
}

const decoders: ReadonlyMap<string, (bytes: Uint8Array, audit?: AuditNotes) => unknown> = new Map([
  ['', (bytes) => decodeJson(bytes)],
  ['application/json', (bytes) => decodeJson(bytes)],
  ['application/yaml', (bytes, audit?: AuditNotes) => decodeYaml(bytes, { audit })],
  ['application/vnd.kubernetes.protobuf', decodeProtobuf],
]);

export function unsupported(
  accepted: readonly string[] = [...decoders.keys()].filter((name) => name !== ''),
): ApiError {
  return new ApiError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  );
}

export function decodeJson(bytes: Uint8Array, frame: Frame = versionAndKind): unknown {
  const text = decodeText(bytes);
  checkShape(bytes);
  return plainValues(text, parseJson(text, frame));
}

/** A patch in JSON, and what a strict reader holds against its text. */
export function decodeJsonPatch(bytes: Uint8Array, frame: Frame): { value: unknown; faults: string[] } {
  const text = decodeText(bytes);
  const { fields } = checkShape(bytes);
  const value = parseJson(text, frame);
  const faults = countFields(value) === fields ? [] : duplicateFields(text);
  return { value: plainValues(text, value), faults };
}

function parseJson(text: string, frame: Frame): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badRequest(frame(jsonFault(text), text));
  }
}

function countFields(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) count += countFields(item);
    return count;
  }
  for (const key in value) count += 1 + countFields((value as Record<string, unknown>)[key]);
  return count;
}

const yaml = new YamlReader();

/**
 * YAML in one document; JSON is YAML too. Keys given twice are told in `faults`, where there is one to take them, and the
 * last counts; else they are refused.
 */
export async function decodeYaml(
  bytes: Uint8Array,
  {
    frame = versionAndKind,
    faults,
    audit,
  }: { frame?: Frame; faults?: string[]; audit?: AuditNotes | undefined } = {},
): Promise<unknown> {
  const text = decodeText(bytes);
  if (text.trimStart().startsWith('{')) {
    checkShape(bytes);
    const value = parsedJson(text);
    if (value !== undefined) {
      for (const fault of faults ? duplicateFields(text) : []) faults?.push(fault);
      return plainValues(text, value);
    }
    // Flow-style YAML that is no JSON.
  }
  if (bytes.length > yamlBytesMax) {
    throw new ApiError('RequestEntityTooLarge', `Request entity too large: limit of YAML is ${yamlBytesMax}`);
  }
  const outcome = await yaml.read(text);
  if (outcome.type === 'fault') throw badRequest(frame(outcome.fault, text));
  const { json, doubled } = outcome;
  audit?.receivedAsJson(json);
  if (faults) faults.push(...doubled);
  else if (doubled[0]) throw badRequest(frame(`error converting YAML to JSON: ${doubled[0]}`, text));
  // Indentation nests too.
  checkShape(Buffer.from(json));
  return plainValues(json, JSON.parse(json));
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function decodeText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw badRequest('the request body is not UTF-8');
  }
}

/** Counts brackets and commas before anything is built of them, and the fields of objects by their colons. Throws 400 and 413. */
function checkShape(bytes: Uint8Array): { fields: number } {
  let depth = 0;
  let values = 0;
  let fields = 0;
  let inString = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (inString) {
      if (byte === 0x5c) i++;
      else if (byte === 0x22) inString = false;
    } else if (byte === 0x22) {
      inString = true;
    } else if (byte === 0x7b || byte === 0x5b) {
      values++;
      if (++depth > depthMax) throw badRequest(`the request body is nested deeper than ${depthMax} levels`);
    } else if (byte === 0x7d || byte === 0x5d) {
      depth--;
    } else if (byte === 0x2c) {
      values++;
    } else if (byte === 0x3a) {
      fields++;
    }
  }
  if (values > valuesMax) {
    throw new ApiError('RequestEntityTooLarge', `Request entity too large: limit is ${valuesMax} values`);
  }
  return { fields };
}
