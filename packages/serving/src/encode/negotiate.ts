import { ApiError, badRequest } from '@skerry/api';
import type { Encoder } from '#contract.ts';
import type { EncoderSet, MetaVersion } from '#encode/encoder-set.ts';
import type { IncludeObject } from '#encode/table-encoder.ts';

/** One clause of an Accept header. */
export interface MediaClause {
  /** `application/json`, `*\/*`. */
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly quality: number;
}

const clausesMax = 32;

/** Clauses in order of preference: by `q`, then as written. */
export function parseAccept(accept: string): MediaClause[] {
  return accept
    .split(',', clausesMax)
    .map(parseClause)
    .filter((clause) => clause.type !== '' && clause.quality > 0)
    .sort((a, b) => b.quality - a.quality);
}

/**
 * The encoder for an Accept header: the first clause that this server can answer. A clause with an `as` that is not known is skipped,
 * as kube-apiserver does, so a client may name a newer form first.
 * @param includeObject what rows of a Table carry: the query parameter of that name.
 * @throws ApiError NotAcceptable when no clause fits, BadRequest for an unknown `includeObject`.
 */
export function negotiate(
  accept: string | undefined,
  set: EncoderSet,
  { includeObject, streams = false }: { includeObject?: string | null; streams?: boolean } = {},
): Encoder {
  if (accept === undefined || accept.trim() === '') return set.json;
  for (const clause of parseAccept(accept)) {
    const encoder = encoderFor(clause, set, includeObject || 'Metadata');
    if (encoder) return encoder;
  }
  if (set.protobuf && !namesKnownType(accept)) throw noRepresentation(streams);
  const offered = ['application/json', ...(set.yaml ? ['application/yaml'] : [])];
  if (set.protobuf) offered.push('application/vnd.kubernetes.protobuf');
  throw new ApiError('NotAcceptable', `only the following media types are accepted: ${offered.join(', ')}`);
}

const representations = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];

function namesKnownType(accept: string): boolean {
  return accept
    .split(',', clausesMax)
    .map((clause) => clause.split(';', 1)[0]!.trim())
    .some((type) => type === '*/*' || representations.includes(type));
}

/** Where no clause names a type at all that a built-in kind is told in, a stock server has its own sentence. */
function noRepresentation(streams: boolean): ApiError {
  const watched = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'];
  const listed = [...representations, ...(streams ? watched : [])].join(', ');
  return new ApiError('NotAcceptable', `406: Not Acceptable\n\nAvailable representations: ${listed}`, {
    details: {},
  });
}

function encoderFor(
  { type, parameters }: MediaClause,
  set: EncoderSet,
  includeObject: string,
): Encoder | undefined {
  const json = type === 'application/json' || type === 'application/*' || type === '*/*';
  const { as } = parameters;
  if (as === undefined) {
    if (json) return set.json;
    if (type === 'application/vnd.kubernetes.protobuf') return set.protobuf;
    if (type === 'application/yaml') return set.yaml;
    return undefined;
  }
  if (!json || parameters.g !== 'meta.k8s.io') return undefined;
  const version = parameters.v;
  if (version !== 'v1' && version !== 'v1beta1') return undefined;
  return transformed(as, version, set, includeObject);
}

function transformed(
  as: string,
  version: MetaVersion,
  set: EncoderSet,
  includeObject: string,
): Encoder | undefined {
  if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return set.partial(version);
  if (as !== 'Table') return undefined;
  if (!isIncludeObject(includeObject)) {
    throw badRequest(
      `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(includeObject)}: must be 'Metadata', 'Object', 'None', or empty`,
    );
  }
  return set.table(version, includeObject);
}

function isIncludeObject(text: string): text is IncludeObject {
  return text === 'None' || text === 'Metadata' || text === 'Object';
}

function parseClause(text: string): MediaClause {
  const [type = '', ...rest] = text.split(';').map((part) => part.trim());
  const parameters: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const part of rest) {
    const equals = part.indexOf('=');
    if (equals > 0)
      parameters[part.slice(0, equals).toLowerCase()] = part.slice(equals + 1).replaceAll('"', '');
  }
  const quality = parameters.q === undefined ? 1 : Number(parameters.q);
  return { type: type.toLowerCase(), parameters, quality: Number.isFinite(quality) ? quality : 0 };
}
