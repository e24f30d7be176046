import { plainColumns, resourceOf, type AnyObject } from '@skerry/api';
import type { Clock } from '@skerry/base';
import { encodersFor, type EncoderSet, type ServedKind } from '@skerry/serving';
import type { ResourceVersionRef } from '#coverage/coverage-key.ts';

/** How objects of a resource are answered. */
export interface ServedResource {
  readonly kind: ServedKind;
  readonly encoders: EncoderSet;
  readonly builtin: boolean;
  readonly fieldValueOf: (object: AnyObject, field: string) => string | undefined;
}

/** Encoders remember what they have encoded, so there is one set per kind. */
export class ServedResources {
  readonly #clock: Clock;
  readonly #known = new Map<string, ServedResource>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `kind` is only needed of resources that are not built in: the `kind` of their objects. */
  of(ref: ResourceVersionRef, kind: string): ServedResource {
    const builtin = resourceOf(ref.group, ref.version, ref.resource);
    const id = `${ref.group}/${ref.version}/${ref.resource}/${builtin ? '' : kind}`;
    let served = this.#known.get(id);
    if (!served) {
      const servedKind: ServedKind = builtin ?? { ...ref, kind, columns: plainColumns };
      served = {
        kind: servedKind,
        encoders: encodersFor(servedKind, { clock: this.#clock, protobuf: builtin !== undefined }),
        builtin: builtin !== undefined,
        fieldValueOf: (object, field) => builtin?.strategy.fieldValue?.(object, field),
      };
      if (this.#known.size >= servedMax) this.#known.clear();
      this.#known.set(id, served);
    }
    return served;
  }
}

const servedMax = 1_024;
