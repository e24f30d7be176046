import { hasProtobuf, type AnyObject } from '@skerry/api';
import type { Clock } from '@skerry/base';
import type { Encoder, ServedKind } from '#contract.ts';
import { jsonEncoder, objectForm, partialForm } from '#encode/json-encoder.ts';
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
  table(version: MetaVersion, includeObject: IncludeObject): Encoder;
  partial(version: MetaVersion): Encoder;
}

export interface EncoderOptions {
  /** Turns the stored object into this version; leave it out where they are the same, and no byte is made twice. */
  readonly convert?: (object: AnyObject) => AnyObject;
  readonly clock: Clock;
  /** Whether the kind is a built-in one, which are also answered as protobuf. */
  readonly protobuf?: boolean;
}

/** Encoders of one served version, made once and kept: they share bytes between requests. */
export function encodersFor(
  kind: ServedKind,
  { convert, clock, protobuf = false }: EncoderOptions,
): EncoderSet {
  const whole = objectForm(kind, convert);
  const json = jsonEncoder(whole);
  const partialForms = { v1: partialForm('v1'), v1beta1: partialForm('v1beta1') };
  const partials = { v1: jsonEncoder(partialForms.v1), v1beta1: jsonEncoder(partialForms.v1beta1) };
  const tables = new Map<string, Encoder>();
  return {
    json,
    ...(protobuf && hasProtobuf({ apiVersion: whole.apiVersion, kind: kind.kind })
      ? { protobuf: protobufEncoder({ apiVersion: whole.apiVersion, kind: kind.kind }, convert) }
      : {}),
    yaml: yamlEncoder(json),
    partial: (version) => partials[version],
    table(version, includeObject) {
      const id = `${version} ${includeObject}`;
      const known = tables.get(id);
      if (known) return known;
      const rowForm = { None: undefined, Metadata: partialForms[version], Object: whole }[includeObject];
      const encoder = tableEncoder({ kind, version, rowForm, convert, clock });
      tables.set(id, encoder);
      return encoder;
    },
  };
}
