import type { ColumnInfo, KindInfo, KindStrategy } from '#kind.ts';
import type { KubeObject } from '#object.ts';
import type { FieldError } from '#status.ts';
import { dnsSubdomainFaults } from '#validation/names.ts';
import { type NameRule, validateObjectMeta } from '#validation/object-meta.ts';

/** `KindStrategy` for authors of one kind, on its own type instead of `AnyObject`. */
export interface TypedStrategy<T extends KubeObject> {
  setDefaults?(object: T): void;
  validate?(object: T): FieldError[];
  validateUpdate?(object: T, old: T, subresource?: string): FieldError[];
  warnings?(object: T, old?: T): string[];
  prepareForCreate?(object: T): void;
  prepareForUpdate?(object: T, old: T): void;
  deletionGraceSeconds?(object: T, requested: number | undefined): number | undefined;
  fieldValue?(object: T, field: string): string | undefined;
}

/** What a kind's file adds to its generated facts. */
export interface KindBehaviour {
  readonly columns: readonly ColumnInfo[];
  readonly strategy: KindStrategy;
  readonly storage?: KindInfo['storage'];
  readonly conversion?: KindInfo['conversion'];
}

/**
 * Behaviour of one kind. The checks of metadata that every kind has are put before the kind's own, so that
 * `strategy.validate` is the whole truth about an object.
 */
export function behaviour<T extends KubeObject>(options: {
  readonly columns: readonly ColumnInfo[];
  readonly strategy?: TypedStrategy<T>;
  /** RFC 1123 subdomain unless said otherwise. */
  readonly nameRule?: NameRule;
  readonly storage?: KindInfo['storage'];
  readonly conversion?: KindInfo['conversion'];
}): KindBehaviour {
  // The registry only hands objects of the kind to its strategy, decoded by the kind's schema.
  const own = (options.strategy ?? {}) as unknown as KindStrategy;
  const nameRule = options.nameRule ?? dnsSubdomainFaults;
  return {
    columns: options.columns,
    storage: options.storage,
    conversion: options.conversion,
    strategy: {
      ...own,
      validate: (object) => [
        ...validateObjectMeta(object.metadata, nameRule),
        ...(own.validate?.(object) ?? []),
      ],
    },
  };
}

/** A kind that is asked and answered and never kept: reviews, bindings, evictions. */
export function transient<T extends KubeObject>(strategy: TypedStrategy<T> = {}): KindBehaviour {
  return { columns: [], strategy: strategy as unknown as KindStrategy };
}
