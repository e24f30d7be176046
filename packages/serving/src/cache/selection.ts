import type { AnyObject, FieldSelector, Selector } from '@skerry/api';
import type { CachedObject, Scope, SelectableObject } from '#contract.ts';

/** Value of a selectable field as text; '' when it is not set. */
export type FieldValue = (object: AnyObject, field: string) => string;

const placeFields = new Set(['metadata.name', 'metadata.namespace']);

/** Which objects a request sees: scope and both selectors in one predicate, with what indexes can use of it. */
export class Selection {
  /** Unset: all namespaces. */
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  /** No selector narrows the scope, so counting needs no looking. */
  readonly whole: boolean;
  readonly #labels: Selector | undefined;
  readonly #fields: FieldSelector | undefined;
  readonly #shown: ((item: CachedObject) => AnyObject) | undefined;

  /** `shown`: the form that selectors see; that of the cache unless told. */
  constructor(
    scope: Scope,
    selectors: { labelSelector?: Selector; fieldSelector?: FieldSelector },
    shown?: (item: CachedObject) => AnyObject,
  ) {
    const { labelSelector, fieldSelector } = selectors;
    this.#labels = labelSelector?.empty ? undefined : labelSelector;
    this.#fields = fieldSelector?.empty ? undefined : fieldSelector;
    this.namespace = scope.namespace || this.#fields?.exact('metadata.namespace');
    this.name = scope.name ?? this.#fields?.exact('metadata.name');
    this.#shown = shown;
    this.whole = !this.#labels && !this.#fields && scope.name === undefined;
  }

  /** Whether a selector looks at more than where the object is. */
  get looks(): boolean {
    const beyond = this.#fields?.requirements.some(({ field }) => !placeFields.has(field)) ?? false;
    return this.#labels !== undefined || beyond;
  }

  /** Everything at the same place. */
  get place(): Scope {
    return {
      ...(this.namespace === undefined ? {} : { namespace: this.namespace }),
      ...(this.name === undefined ? {} : { name: this.name }),
    };
  }

  /** The value that every selected object has in `field`, where that is known. */
  exact(field: string): string | undefined {
    return this.#fields?.exact(field);
  }

  matches(item: SelectableObject): boolean {
    if (this.namespace !== undefined && item.namespace !== this.namespace) return false;
    if (this.name !== undefined && item.name !== this.name) return false;
    const shown = this.#shown && (this.#labels ?? this.#fields) ? this.#shown(item) : undefined;
    if (this.#labels && !this.#labels.matches(shown ? shown.metadata?.labels : item.labels)) return false;
    if (!this.#fields) return true;
    return this.#fields.matches((field) => {
      if (field === 'metadata.name') return item.name;
      if (field === 'metadata.namespace') return item.namespace;
      return shown ? fieldByPath(shown, field) : item.field(field);
    });
  }
}

/** The value at a dotted path, as field selectors compare it. */
export const fieldByPath: FieldValue = (object, field) => {
  let value: unknown = object;
  for (const part of field.split('.')) {
    if (typeof value !== 'object' || value === null) return '';
    value = (value as Record<string, unknown>)[part];
  }
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
};
