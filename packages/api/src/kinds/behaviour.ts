import { dropUnservedPodFields } from '#defaults/unserved-fields.ts';
import type { ColumnInfo, KindInfo, KindStrategy } from '#kind.ts';
import type { AnyObject, KubeObject } from '#object.ts';
import type { FieldError } from '#status.ts';
import type { PodSpec } from '#types.generated.ts';
import { dnsSubdomainFaults, pathSegmentFaults } from '#validation/names.ts';
import {
  checkObjectMeta,
  checkObjectMetaUpdate,
  type MetaRules,
  type NameRule,
} from '#validation/object-meta.ts';

/** `KindStrategy` for authors of one kind, on its own type instead of `AnyObject`. */
export interface TypedStrategy<T extends KubeObject> {
  setDefaults?(object: T): void;
  /** Of the object by itself, on create; and on update where `validateUpdate` says nothing else. */
  validate?(object: T): FieldError[];
  /** Of a change of the object itself: all that is to be told, what `validate` says included where it holds. */
  validateUpdate?(object: T, old: T): FieldError[];
  /** Of a change of the status. */
  validateStatus?(object: T, old: T): FieldError[];
  /** Of a change through another door: `resize`, `approval`. */
  validateSubresource?(object: T, old: T, subresource: string): FieldError[];
  warnings?(object: T, old?: T): string[];
  prepareForCreate?(object: T): void;
  prepareForUpdate?(object: T, old: T, now?: string): void;
  prepareForStatus?(object: T, old: T, now: string): void;
  deletionGraceSeconds?(object: T, requested: number | undefined): number | undefined;
  fieldValue?(object: T, field: string): string | undefined;
}

/** What a kind's file adds to its generated facts. */
export interface KindBehaviour {
  readonly columns: readonly ColumnInfo[];
  readonly rowOrder?: KindInfo['rowOrder'];
  readonly strategy: KindStrategy;
  readonly storage?: KindInfo['storage'];
  readonly conversion?: KindInfo['conversion'];
}

export interface BehaviourOptions<T extends KubeObject> {
  readonly columns: readonly ColumnInfo[];
  readonly rowOrder?: (a: T, b: T) => number;
  readonly strategy?: TypedStrategy<T>;
  /** RFC 1123 subdomain unless said otherwise. */
  readonly nameRule?: NameRule;
  /** Whether finalizers without a domain must be well-known ones; yes unless said otherwise. */
  readonly knownFinalizers?: boolean;
  /**
   * How often the kind's own rules of a change tell what is wrong with the metadata, which the rules that all kinds share
   * do too: not at all, as a change (unless said otherwise), or also by itself. Only the list of causes shows it.
   */
  readonly metaTold?: 'never' | 'once' | 'twice';
  /**
   * The kind's own rules of a new object see to its metadata themselves, or not at all. What all kinds share is then asked
   * when they have found nothing.
   */
  readonly metaLast?: boolean;
  /** The pod that the object is or makes, whose fields are dropped that no server without further features keeps. */
  readonly podOf?: (object: T) => PodSpec | undefined;
  readonly storage?: KindInfo['storage'];
  readonly conversion?: KindInfo['conversion'];
}

/**
 * Behaviour of one kind. The checks of metadata that every kind has are put before the kind's own, so that
 * `strategy.validate` and `strategy.validateUpdate` are the whole truth about an object and about a change.
 */
export function behaviour<T extends KubeObject>(options: BehaviourOptions<T>): KindBehaviour {
  const own = options.strategy ?? {};
  const rules: MetaRules = {
    name: options.nameRule ?? dnsSubdomainFaults,
    knownFinalizers: options.knownFinalizers ?? true,
  };
  const tells = { rules, told: options.metaTold ?? 'once' };
  const strategy: KindStrategy = {
    // The registry only hands objects of the kind to its strategy, decoded by the kind's schema.
    ...(own as unknown as KindStrategy),
    ...(options.podOf ? withoutUnserved(own, options.podOf) : {}),
    validate(object) {
      const faults: FieldError[] = [];
      if (!options.metaLast) checkObjectMeta(faults, object.metadata, rules);
      faults.push(...(own.validate?.(object as unknown as T) ?? []));
      if (options.metaLast && faults.length === 0)
        checkObjectMeta(faults, object.metadata, { name: pathSegmentFaults });
      return faults;
    },
    validateUpdate(object, old, subresource = '') {
      const faults = metaFaults(object, old, tells);
      faults.push(...ownUpdateFaults(own, object as unknown as T, old as unknown as T, subresource));
      return faults;
    },
  };
  return {
    columns: options.columns,
    rowOrder: options.rowOrder as unknown as KindInfo['rowOrder'],
    storage: options.storage,
    conversion: options.conversion,
    strategy,
  };
}

function withoutUnserved<T extends KubeObject>(
  own: TypedStrategy<T>,
  podOf: (object: T) => PodSpec | undefined,
): Pick<KindStrategy, 'prepareForCreate' | 'prepareForUpdate'> {
  return {
    prepareForCreate(object) {
      dropUnservedPodFields(podOf(object as unknown as T), undefined);
      own.prepareForCreate?.(object as unknown as T);
    },
    prepareForUpdate(object, old, now) {
      dropUnservedPodFields(podOf(object as unknown as T), podOf(old as unknown as T));
      own.prepareForUpdate?.(object as unknown as T, old as unknown as T, now);
    },
  };
}

function ownUpdateFaults<T extends KubeObject>(
  own: TypedStrategy<T>,
  object: T,
  old: T,
  subresource: string,
): FieldError[] {
  switch (subresource) {
    case '':
      return own.validateUpdate?.(object, old) ?? own.validate?.(object) ?? [];
    case 'status':
      return own.validateStatus?.(object, old) ?? [];
    default:
      return own.validateSubresource?.(object, old, subresource) ?? [];
  }
}

interface MetaTelling {
  readonly rules: MetaRules;
  readonly told: 'never' | 'once' | 'twice';
}

/** Of a change: nearly always there are none, and then the metadata is read once. */
function metaFaults(object: AnyObject, old: AnyObject, { rules, told }: MetaTelling): FieldError[] {
  const faults: FieldError[] = [];
  const common = { ...rules, name: pathSegmentFaults, knownFinalizers: false };
  const asChange = { knownFinalizers: rules.knownFinalizers };
  checkObjectMeta(faults, object.metadata, { ...common, knownFinalizers: rules.knownFinalizers });
  checkObjectMetaUpdate(faults, object.metadata, old.metadata);
  if (faults.length === 0) return faults;
  faults.length = 0;
  checkObjectMeta(faults, object.metadata, common);
  checkObjectMetaUpdate(faults, object.metadata, old.metadata);
  if (told !== 'never') checkObjectMetaUpdate(faults, object.metadata, old.metadata, asChange);
  if (told === 'twice') checkObjectMeta(faults, object.metadata, rules);
  return faults;
}

/** A kind that is asked and answered and never kept: reviews, bindings, evictions. */
export function transient<T extends KubeObject>(strategy: TypedStrategy<T> = {}): KindBehaviour {
  return { columns: [], strategy: strategy as unknown as KindStrategy };
}
