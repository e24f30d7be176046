import { ApiError, badRequest, decodeProtobuf, duplicateFields, faultOrder, isApiError } from '@skerry/api';
import { describeError } from '@skerry/base';
import { type Document, LineCounter, isScalar, parseDocument, visit } from 'yaml';
import { readBody, type Exchange } from '#http/exchange.ts';
import { jsonFault } from '#http/json-fault.ts';

/** Largest body of a request, as etcd-backed servers have it. */
export const bodyBytesMax = 3 * 1024 * 1024;

/** Deepest nesting of a body; walkers of objects are recursive. */
const depthMax = 200;

/** Largest body of YAML that is not JSON: nothing else is served while it is read, a second for each MiB. */
const yamlBytesMax = 1024 * 1024;

/** Aliases of one body: each is looked up among all that stands before it. */
const aliasesMax = 1000;

/** Faults that are told of one body. */
const faultsMax = 100;

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
  return (fault, text) =>
    `the object provided is unrecognized (must be of type ${kind}): ${versionAndKind(fault, text)} (${summaryOf(text)})`;
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

/** The body of a write of a kind, with what a strict reader holds against its text: fields that it names twice. */
export async function readDocument(
  exchange: Exchange,
  kind: string,
): Promise<{ value: unknown; faults: readonly string[]; order?: (a: string, b: string) => number }> {
  const mediaType = mediaTypeOf(exchange);
  const bytes = await readBody(exchange, bodyBytesMax);
  switch (mediaType) {
    case '':
    case 'application/json':
      return {
        value: objectIn(decodeJson(bytes, asObject(kind)), bytes, kind),
        faults: duplicateFields(decodeText(bytes)),
        order: faultOrder(decodeText(bytes)),
      };
    case 'application/yaml': {
      const faults: string[] = [];
      const value = objectIn(decodeYaml(bytes, { frame: asObject(kind), faults }), bytes, kind);
      return { value, faults, order: byName(faults) };
    }
    default: {
      const decode = decoders.get(mediaType);
      if (!decode) throw unsupported();
      return { value: decode(bytes), faults: [] };
    }
  }
}

/** YAML is told of first as YAML, then as the JSON with sorted keys that it becomes. */
function byName(faults: readonly string[]): (a: string, b: string) => number {
  const rank = (fault: string) => (faults.includes(fault) ? 0 : 1);
  return (a, b) => rank(a) - rank(b) || (a < b ? -1 : 1);
}

/** The decoded body, which must be an object that names its kind with texts; null says nothing. Throws 400. */
function objectIn(value: unknown, bytes: Uint8Array, kind: string): unknown {
  if (value === null) return {};
  const fault = typeFault(value);
  if (fault) throw badRequest(asObject(kind)(`json: cannot unmarshal ${fault}`, decodeText(bytes)));
  return value;
}

const typeOnly =
  'Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

function typeFault(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return `${jsonType(value)} into ${typeOnly}`;
  for (const field of ['apiVersion', 'kind'] as const) {
    const held = (value as Record<string, unknown>)[field];
    if (held !== undefined && held !== null && typeof held !== 'string')
      return `${jsonType(held)} into Go struct field .${field} of type string`;
  }
  return undefined;
}

function jsonType(value: unknown): string {
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
  return decode(bytes);
}

const decoders: ReadonlyMap<string, (bytes: Uint8Array) => unknown> = new Map([
  ['', (bytes) => decodeJson(bytes)],
  ['application/json', (bytes) => decodeJson(bytes)],
  ['application/yaml', (bytes) => decodeYaml(bytes)],
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
  checkDepth(bytes);
  try {
    return JSON.parse(text);
  } catch {
    throw badRequest(frame(jsonFault(text), text));
  }
}

/**
 * YAML in one document; JSON is YAML too. Aliases are bounded, so that a small text can't become a huge object. Keys given
 * twice are told in `faults`, where there is one to take them, and the last counts; else they are refused.
 */
export function decodeYaml(
  bytes: Uint8Array,
  { frame = versionAndKind, faults }: { frame?: Frame; faults?: string[] } = {},
): unknown {
  const text = decodeText(bytes);
  checkDepth(bytes);
  if (text.trimStart().startsWith('{')) {
    try {
      const value: unknown = JSON.parse(text);
      faults?.push(...duplicateFields(text));
      return value;
    } catch {
      // Flow-style YAML that is no JSON: read below.
    }
  }
  if (bytes.length > yamlBytesMax) {
    throw new ApiError('RequestEntityTooLarge', `Request entity too large: limit of YAML is ${yamlBytesMax}`);
  }
  const lines = new LineCounter();
  try {
    const document = parseDocument(text, {
      schema: 'core',
      version: '1.2',
      prettyErrors: false,
      lineCounter: lines,
      // The library compares each key with each other: minutes for a body of small keys.
      uniqueKeys: false,
    });
    const [fault] = document.errors;
    if (fault) throw badRequest(frame(yamlFault(fault.message, lines.linePos(fault.pos[0]).line), text));
    refuseManyAliases(document);
    const doubled = keysGivenTwice(document, lines);
    if (faults) faults.push(...doubled);
    else if (doubled[0]) throw badRequest(frame(`error converting YAML to JSON: ${doubled[0]}`, text));
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    // Indentation nests too; serializing walks what came out of it, and refuses what refers to itself.
    checkDepth(Buffer.from(JSON.stringify(value) ?? ''));
    return value;
  } catch (error) {
    if (isApiError(error)) throw error;
    throw badRequest(frame(`error converting YAML to JSON: yaml: ${describeError(error)}`, text));
  }
}

function yamlFault(message: string, line: number): string {
  return `error converting YAML to JSON: yaml: line ${line}: ${message.charAt(0).toLowerCase()}${message.slice(1)}`;
}

function refuseManyAliases(document: Document): void {
  let count = 0;
  visit(document, {
    Alias: () => {
      if (++count > aliasesMax) throw badRequest(`the request body has more than ${aliasesMax} YAML aliases`);
    },
  });
}

/** None, or one text with a line for each: `  line 6: key "a" already set in map`. */
function keysGivenTwice(document: Document, lines: LineCounter): string[] {
  const faults: string[] = [];
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<string>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        const name = String(key.value);
        if (seen.has(name) && faults.length < faultsMax) {
          const { line } = lines.linePos(key.range?.[0] ?? 0);
          faults.push(`  line ${line}: key "${name}" already set in map`);
        }
        seen.add(name);
      }
    },
  });
  return faults.length === 0 ? [] : [`yaml: unmarshal errors:\n${faults.join('\n')}`];
}

function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw badRequest('the request body is not UTF-8');
  }
}

function checkDepth(bytes: Uint8Array): void {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (inString) {
      if (byte === 0x5c) i++;
      else if (byte === 0x22) inString = false;
    } else if (byte === 0x22) {
      inString = true;
    } else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > depthMax) throw badRequest(`the request body is nested deeper than ${depthMax} levels`);
    } else if (byte === 0x7d || byte === 0x5d) {
      depth--;
    }
  }
}
