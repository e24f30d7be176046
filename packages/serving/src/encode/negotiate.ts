import { ApiError, badRequest } from '@skerry/api';
import type { Encoder } from '#contract.ts';
import { deltaWatchType } from '#delta/delta-frame.ts';
import type { EncoderSet, MetaVersion } from '#encode/encoder-set.ts';
import type { IncludeObject } from '#encode/table-encoder.ts';
import { yamlEncoder } from '#encode/yaml-encoder.ts';

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
    .filter((clause) => clause.type !== '')
    .sort((a, b) => b.quality - a.quality);
}

/** What is answered: one object, a list of them, or a watch. */
export type Shape = 'object' | 'list' | 'watch';

/**
 * The encoder for an Accept header: the first clause that this server can answer. A clause with an `as` that is not known is skipped,
 * as kube-apiserver does, so a client may name a newer form first.
 * @param includeObject what rows of a Table carry: the query parameter of that name.
 * @throws ApiError NotAcceptable when no clause fits, BadRequest for an unknown `includeObject`.
 */
export function negotiate(
  accept: string | undefined,
  set: EncoderSet,
  { includeObject, shape = 'object' }: { includeObject?: string | null; shape?: Shape } = {},
): Encoder {
  if (accept === undefined || accept.trim() === '') return set.json;
  const clauses = parseAccept(accept);
  // Built-in kinds are behind a router that looks at the bare types first, and knows no `application/*`.
  if (set.protobuf && !clauses.some(({ type }) => type === '*/*' || bareTypes.has(type))) {
    const offered = shape === 'object' ? [...bareTypes] : [...bareTypes, ...streamTypes];
    throw notAcceptable(`406: Not Acceptable\n\nAvailable representations: ${offered.join(', ')}`, {});
  }
  for (const clause of clauses) {
    const encoder = encoderFor(clause, set, { includeObject: includeObject || 'Metadata', shape });
    if (!encoder) continue;
    if (shape !== 'watch' || encoder.contentType !== yamlType) return encoder;
    // YAML has no frames.
    throw notAcceptable(onlyAccepted(set.protobuf ? streamTypes : streamTypes.slice(0, 1)));
  }
  throw notAcceptable(onlyAccepted([...bareTypes]));
}

function onlyAccepted(types: readonly string[]): string {
  return `only the following media types are accepted: ${types.join(', ')}`;
}

/** The form of a Status for an Accept header; undefined where the header asks for nothing that there is. */
export function negotiateStatus(accept: string | undefined): 'json' | 'yaml' | 'protobuf' | undefined {
  if (accept === undefined || accept.trim() === '') return 'json';
  for (const { type, parameters } of parseAccept(accept)) {
    if (asksForAnotherForm(parameters) || parameters.sv) continue;
    if (isJson(type)) return 'json';
    if (type === protobufType) return 'protobuf';
    if (type === yamlType) return 'yaml';
  }
  return undefined;
}

const protobufType = 'application/vnd.kubernetes.protobuf';
const yamlType = 'application/yaml';
const bareTypes: ReadonlySet<string> = new Set(['application/json', yamlType, protobufType]);
const streamTypes = ['application/json;stream=watch', `${protobufType};stream=watch`];

function notAcceptable(message: string, details?: object): ApiError {
  return new ApiError('NotAcceptable', message, details && { details });
}

function isJson(type: string): boolean {
  return type === 'application/json' || type === 'application/*' || type === '*/*';
}

function asksForAnotherForm({ as, g, v }: MediaClause['parameters']): boolean {
  return as !== undefined || g !== undefined || v !== undefined;
}

interface Wanted {
  readonly includeObject: string;
  readonly shape: Shape;
}

function encoderFor({ type, parameters }: MediaClause, set: EncoderSet, wanted: Wanted): Encoder | undefined {
  const { as, g, v, stream, sv } = parameters;
  // Of one version of the server's group nothing is known here; of streams, only the one.
  if (sv || (stream && stream !== 'watch')) return undefined;
  if (!asksForAnotherForm(parameters)) {
    if (isJson(type)) return set.json;
    if (type === protobufType) return set.protobuf;
    if (type === deltaWatchType) return wanted.shape === 'watch' ? set.delta : undefined;
    return type === yamlType ? set.yaml : undefined;
  }
  if (g !== 'meta.k8s.io' || (v !== 'v1' && v !== 'v1beta1')) return undefined;
  if (type === protobufType)
    return as === 'Table' ? undefined : partial(as, set.partialProtobuf(v), set, wanted);
  if (!isJson(type) && type !== yamlType) return undefined;
  const encoder = as === 'Table' ? table(v, set, wanted) : partial(as, set.partial(v), set, wanted);
  return encoder && type === yamlType ? yamlEncoder(encoder) : encoder;
}

function partial(
  as: string | undefined,
  encoder: Encoder,
  { goType }: EncoderSet,
  { shape }: Wanted,
): Encoder | undefined {
  if (as === 'PartialObjectMetadata') return shape === 'list' ? refusingLists(encoder, goType) : encoder;
  if (as !== 'PartialObjectMetadataList') return undefined;
  return shape === 'object' ? refusingObjects(encoder, goType) : encoder;
}

function table(version: MetaVersion, set: EncoderSet, { includeObject }: Wanted): Encoder {
  if (isIncludeObject(includeObject)) return set.table(version, includeObject);
  const value = JSON.stringify(includeObject);
  throw badRequest(
    `Unable to convert to Table as requested: includeObject: Invalid value: ${value}: must be 'Metadata', 'Object', 'None', or empty`,
  );
}

/** The metadata of one object is no form of a list, and the other way about; told when there is something to answer. */
function refusingLists(encoder: Encoder, goType: string): Encoder {
  return {
    ...encoder,
    list() {
      throw notAcceptable(
        `you requested PartialObjectMetadata, but the requested object is a list (*${goType}List)`,
      );
    },
  };
}

function refusingObjects(encoder: Encoder, goType: string): Encoder {
  return {
    ...encoder,
    object() {
      throw notAcceptable(
        `you requested PartialObjectMetadataList, but the requested object is not a list (*${goType})`,
      );
    },
  };
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
