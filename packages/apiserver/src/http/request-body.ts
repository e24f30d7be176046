import { ApiError, badRequest, decodeProtobuf, duplicateFields, isApiError } from '@skerry/api';
import { describeError } from '@skerry/base';
import { parse as parseYaml } from 'yaml';
import { readBody, type Exchange } from '#http/exchange.ts';

/** Largest body of a request, as etcd-backed servers have it. */
export const bodyBytesMax = 3 * 1024 * 1024;

/** Deepest nesting of a body; walkers of objects are recursive. */
const depthMax = 200;

export const patchTypes = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
} as const;

export type PatchType = (typeof patchTypes)[keyof typeof patchTypes];

/** `application/json; charset=utf-8` → `application/json` */
export function mediaTypeOf(exchange: Pick<Exchange, 'headers'>): string {
  return (exchange.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase();
}

/** The body with what a strict reader holds against its text: fields that it names twice. */
export async function readDocument(
  exchange: Exchange,
): Promise<{ value: unknown; faults: readonly string[] }> {
  const mediaType = mediaTypeOf(exchange);
  if (mediaType !== '' && mediaType !== 'application/json')
    return { value: await readJson(exchange), faults: [] };
  const bytes = await readBody(exchange, bodyBytesMax);
  if (bytes.length === 0) return { value: undefined, faults: [] };
  const value = decodeJson(bytes);
  return { value, faults: duplicateFields(decodeText(bytes)) };
}

/** The body as a JSON value, whatever format it came in; undefined when it is empty. Throws 400, 413, 415. */
export async function readJson(exchange: Exchange): Promise<unknown> {
  const mediaType = mediaTypeOf(exchange);
  // curl says `x-www-form-urlencoded` of any body it was not told about; upstream refuses it, and so do we.
  const decode = decoders[mediaType];
  const bytes = await readBody(exchange, bodyBytesMax);
  // Some clients name any type for the body that they don't send.
  if (bytes.length === 0) return undefined;
  if (!decode) throw unsupported();
  return decode(bytes);
}

const decoders: Readonly<Record<string, (bytes: Uint8Array) => unknown>> = {
  '': decodeJson,
  'application/json': decodeJson,
  'application/yaml': decodeYaml,
  'application/vnd.kubernetes.protobuf': decodeProtobuf,
};

export function unsupported(
  accepted: readonly string[] = Object.keys(decoders).filter((name) => name !== ''),
): ApiError {
  return new ApiError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  );
}

export function decodeJson(bytes: Uint8Array): unknown {
  const text = decodeText(bytes);
  checkDepth(bytes);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw badRequest(`couldn't decode the request body as JSON: ${describeError(error)}`);
  }
}

/** YAML in one document; JSON is YAML too. Aliases are bounded, so that a small text can't become a huge object. */
export function decodeYaml(bytes: Uint8Array): unknown {
  const text = decodeText(bytes);
  checkDepth(bytes);
  if (text.trimStart().startsWith('{')) {
    try {
      return JSON.parse(text);
    } catch {
      // Flow-style YAML that is no JSON: read below.
    }
  }
  try {
    const value: unknown = parseYaml(text, { maxAliasCount: 100, schema: 'core', version: '1.2' });
    // Indentation nests too; serializing walks what came out of it, and refuses what refers to itself.
    checkDepth(Buffer.from(JSON.stringify(value) ?? ''));
    return value;
  } catch (error) {
    if (isApiError(error)) throw error;
    throw badRequest(`couldn't decode the request body as YAML: ${describeError(error)}`);
  }
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
