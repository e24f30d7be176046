import { hasProtobuf, type AnyObject } from '@skerry/api';
import type { Clock } from '@skerry/base';
import type { CachedObject, ConvertedObjects, Encoder, ServedKind } from '#contract.ts';
import { deltaEncoder } from '#delta/delta-encoder.ts';
import { convertedForm, jsonEncoder, objectForm, partialForm } from '#encode/json-encoder.ts';
import { protobufEncoder } from '#encode/protobuf-encoder.ts';
import { tableEncoder } from '#encode/table-encoder.ts';
import type { IncludeObject } from '#encode/table-encoder.ts';
import { yamlEncoder } from '#encode/yaml-encoder.ts';

/** Versions of the meta group in which Tables and PartialObjectMetadata are known. */
export type MetaVersion = 'v1' | 'v1beta1';

/** Everything a served version can be answered as. */
export interface EncoderSet {
  readonly json: Encoder;
  /** Whole objects as `application/vnd.kubernetes.protobuf`; unset for custom resources. */
  readonly protobuf?: Encoder;
  readonly yaml?: Encoder;
  /** Watches for a reader behind a thin link; unset where bytes take asking somebody. */
  readonly delta?: Encoder;
  /** What the kind is called in errors: `core.ConfigMap`. */
  readonly goType: string;
  table(version: MetaVersion, includeObject: IncludeObject): Encoder;
  partial(version: MetaVersion): Encoder;
  /** Bare metadata as protobuf, of custom resources too. */
  partialProtobuf(version: MetaVersion): Encoder;
}

export interface EncoderOptions {
  /** Turns the stored object into this version; leave it out where they are the same, and no byte is made twice. */
  readonly convert?: (object: AnyObject) => AnyObject;
  /** The same where it takes asking somebody. */
  readonly converted?: ConvertedObjects;
  readonly clock: Clock;
  /** Whether the kind is a built-in one, which are also answered as protobuf. */
  readonly protobuf?: boolean;
}

/** Encoders of one served version, made once and kept: they share bytes between requests. */
export function encodersFor(
  kind: ServedKind,
  { convert, converted, clock, protobuf = false }: EncoderOptions,
): EncoderSet {
  const whole = converted
    ? convertedForm(kind, converted)
    : objectForm(kind, { convert, plainItems: protobuf });
  const prepared = (encoder: Encoder): Encoder =>
    converted ? { ...encoder, prepare: (items) => converted.prepare(items) } : encoder;
  const json = prepared(jsonEncoder(whole));
  const source = converted ? (item: CachedObject) => converted.json(item) : undefined;
  const partialForms = { v1: partialForm('v1', source), v1beta1: partialForm('v1beta1', source) };
  const partials = {
    v1: prepared(jsonEncoder(partialForms.v1)),
    v1beta1: prepared(jsonEncoder(partialForms.v1beta1)),
  };
  const objectOf = converted
    ? (item: CachedObject) => converted.object(item)
    : (item: CachedObject) => (convert ? convert(item.object) : item.object);
  const protobufPartial = (version: MetaVersion) => {
    const type = { apiVersion: `meta.k8s.io/${version}`, kind: 'PartialObjectMetadata' };
    return prepared(protobufEncoder(type, (item) => ({ ...type, metadata: objectOf(item).metadata })));
  };
  const partialProtobufs = { v1: protobufPartial('v1'), v1beta1: protobufPartial('v1beta1') };
  const tables = new Map<string, Encoder>();
  return {
    json,
    ...(protobuf && hasProtobuf({ apiVersion: whole.apiVersion, kind: kind.kind })
      ? { protobuf: protobufEncoder({ apiVersion: whole.apiVersion, kind: kind.kind }, objectOf) }
      : {}),
    yaml: yamlEncoder(json),
    ...(converted ? {} : { delta: deltaEncoder(json) }),
    goType: protobuf ? `${kind.group.split('.')[0] || 'core'}.${kind.kind}` : 'unstructured.Unstructured',
    partial: (version) => partials[version],
    partialProtobuf: (version) => partialProtobufs[version],
    table(version, includeObject) {
      const id = `${version} ${includeObject}`;
      const known = tables.get(id);
      if (known) return known;
      const rowForm = { None: undefined, Metadata: partialForms[version], Object: whole }[includeObject];
      const encoder = prepared(tableEncoder({ kind, version, rowForm, objectOf, clock }));
      tables.set(id, encoder);
      return encoder;
    },
  };
}
