/**
 * What is wrong with a custom resource, told in the order of stock servers: metadata, schema, replicas, embedded objects,
 * lists, and rules last, which are not asked about an object whose shape is wrong.
 */
import {
  type AnyObject,
  checkObjectMeta,
  dnsSubdomainFaults,
  type FieldError,
  invalidValue,
  type Schema,
  type SchemaSet,
  validateListTypes,
  validateObjectMetaUpdate,
  validateStructural,
} from '@skerry/api';
import type { DefinitionVersion } from '#crd/definition.ts';
import { embeddedFaults } from '#crd/embedded-resource.ts';
import { RuleValidator } from '#crd/rules/rule-validator.ts';
import { scaleFaults } from '#crd/scale-faults.ts';
import type { RawSchema } from '#crd/schema/nodes.ts';

export class CustomValidation {
  readonly #set: SchemaSet;
  readonly #schema: Schema;
  /** Without the metadata, whose lists nobody checks. */
  readonly #own: Schema;
  readonly #raw: RawSchema;
  readonly #scale: NonNullable<DefinitionVersion['subresources']>['scale'];
  /** Made when an object is judged for the first time: reading rules takes a moment. */
  #rules: RuleValidator | undefined;
  #rulesRead = false;
  /** Rules that an object breaks as it did before, by object. */
  readonly #warnings = new WeakMap<AnyObject, string[]>();

  constructor(set: SchemaSet, schema: Schema, version: DefinitionVersion) {
    this.#set = set;
    this.#schema = schema;
    const { metadata: _, ...own } = schema.properties ?? {};
    this.#own = { ...schema, properties: own };
    this.#raw = version.schema?.openAPIV3Schema ?? {};
    this.#scale = version.subresources?.scale;
  }

  validate(object: AnyObject): FieldError[] {
    const faults: FieldError[] = [];
    checkObjectMeta(faults, object.metadata, { name: dnsSubdomainFaults, knownFinalizers: false });
    faults.push(
      ...validateStructural(this.#set, this.#schema, object),
      ...scaleFaults(this.#scale, object, 'all'),
      ...embeddedFaults(this.#raw, object, ''),
      ...validateListTypes(this.#set, this.#own, object),
    );
    return this.#withRules(faults, object, undefined);
  }

  validateChange(object: AnyObject, old: AnyObject, subresource: string): FieldError[] {
    const faults = validateObjectMetaUpdate(object.metadata ?? {}, old.metadata ?? {});
    if (subresource === 'status')
      faults.push(...this.#statusFaults(object, old), ...scaleFaults(this.#scale, object, 'status'));
    else
      faults.push(
        ...validateStructural(this.#set, this.#schema, object, '', { value: old }),
        ...scaleFaults(this.#scale, object, 'all'),
      );
    faults.push(...embeddedFaults(this.#raw, object, ''));
    // Lists that were wrong before may stay wrong.
    if (validateListTypes(this.#set, this.#own, old).length === 0)
      faults.push(...validateListTypes(this.#set, this.#own, object));
    return this.#withRules(faults, object, old);
  }

  /** Of an object that was judged. */
  warnings(object: AnyObject): string[] {
    return this.#warnings.get(object) ?? [];
  }

  /** The status alone, by its part of the schema. */
  #statusFaults(object: AnyObject, old: AnyObject): FieldError[] {
    const schema = this.#schema.properties?.['status'];
    const { status } = object as { status?: unknown };
    if (!schema || status === undefined) return [];
    const before = (old as { status?: unknown }).status;
    return validateStructural(this.#set, schema, status, '', { value: before }).map((fault) => ({
      ...fault,
      path: fault.path === '<nil>' ? fault.path : `status${fault.path === '' ? '' : `.${fault.path}`}`,
    }));
  }

  #withRules(faults: FieldError[], object: AnyObject, old: AnyObject | undefined): FieldError[] {
    if (!this.#rulesRead) {
      this.#rules = RuleValidator.of(this.#raw, { root: true });
      this.#rulesRead = true;
    }
    if (!this.#rules) return faults;
    if (faults.some(({ reason }) => blocking.has(reason))) return [...faults, notChecked];
    const asked = this.#rules.ask(object, old);
    this.#warnings.set(
      object,
      asked.letPass.map(({ path, message }) => `${path}: ${message}`),
    );
    return [...faults, ...asked.faults];
  }
}

/** Faults of the shape: an object that has one is not what rules speak of. */
const blocking: ReadonlySet<FieldError['reason']> = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
]);

const notChecked = invalidValue(
  '<nil>',
  null,
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
);
