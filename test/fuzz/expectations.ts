/** What holds for every answer, whatever was asked. */
import { decodeProtobuf } from '@skerry/api';
import { parse } from 'yaml';
import type { Answer } from './client.ts';
import { mediaTypes } from './documents.ts';

interface StatusShape {
  kind?: unknown;
  apiVersion?: unknown;
  status?: unknown;
  code?: unknown;
  reason?: unknown;
  message?: unknown;
}

/** Answers of a server that is in order and says so: no way to nodes here, or out of time. */
const honestFailures = new Set([501, 503, 504]);

/** What stock servers answer with 500 though the client is at fault; tools look for the words. */
const stockFailures = [
  'failed to create (typed|manager)',
  'error decoding from json',
  'map: map\\[.*\\] does not contain declared merge key: ',
  '\\[?target\\.(kind|name): ',
];
const stockFailure = new RegExp(`"message":"(${stockFailures.join('|')})`);

/** Reasons that clients act on, by code. */
const reasons: Readonly<Record<number, readonly string[]>> = {
  400: ['BadRequest'],
  401: ['Unauthorized'],
  403: ['Forbidden'],
  404: ['NotFound'],
  405: ['MethodNotAllowed'],
  406: ['NotAcceptable'],
  409: ['Conflict', 'AlreadyExists'],
  410: ['Gone', 'Expired'],
  413: ['RequestEntityTooLarge'],
  415: ['UnsupportedMediaType'],
  422: ['Invalid'],
  429: ['TooManyRequests'],
  503: ['ServiceUnavailable'],
  504: ['Timeout'],
};

export function expectHonest(
  { status, headers, bytes }: Answer,
  /** What stands behind the server fails, and the answer may say so. */
  { failing = false }: { readonly failing?: boolean } = {},
): void {
  const text = bytes.toString();
  const fail = (why: string) => {
    throw new Error(`${why}: ${status} ${text.slice(0, 500)}`);
  };
  if (status < 400) return;
  if (status === 500 && stockFailure.test(text)) return;
  if (status === 500 && failing) {
    if (text.includes('"message":"Internal error occurred: ')) return;
    fail('a failure without its words');
  }
  if (status >= 500 && !honestFailures.has(status)) fail('the server failed');
  // What was not read as a request is answered before any of the API is asked, as upstream does.
  if (status === 431) return;
  // Clients know by the header that they may come again; the words are stock.
  if (status === 429 && headers['retry-after'] !== undefined) return;
  const body = statusIn(String(headers['content-type']), bytes);
  if (body?.kind !== 'Status' || body.apiVersion !== 'v1' || body.status !== 'Failure')
    fail('an error without a Status');
  if (body?.code !== status) fail('a Status of another code');
  if (typeof body?.message !== 'string' || body.message === '') fail('a Status that says nothing');
  if (!reasons[status]?.includes(String(body?.reason))) fail('a Status with a reason of another code');
  if (/\n\s+at /.test(text) || text.includes('node:internal')) fail('an answer with a stack');
}

/** A Status in whatever form the client asked for; undefined when it is none. */
function statusIn(contentType: string, bytes: Buffer): StatusShape | undefined {
  try {
    if (contentType === mediaTypes.json) return JSON.parse(bytes.toString()) as StatusShape;
    if (contentType === mediaTypes.yaml) return parse(bytes.toString()) as StatusShape;
    if (contentType === mediaTypes.protobuf) return decodeProtobuf(bytes) as StatusShape;
  } catch {
    // It is none.
  }
  return undefined;
}
