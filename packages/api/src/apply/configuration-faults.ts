import { isJsonMap } from '../patch/json-value.ts';
import { resolveSchema, type Schema, type SchemaSet } from '../schema.ts';
import { fieldPathText } from './field-set.ts';
import { itemElement, Shapes } from './typed-value.ts';

/** Reports beyond this many help nobody. */
const faultsMax = 100;

/**
 * Why a configuration can't be applied: fields that the schema doesn't name, values of another type, items of a list without
 * any of its keys, doubles. Whatever `fieldValidation` says: what has no place in the schema can't be owned. Wordings are
 * those that clients show: `.spec.ports[port=80,protocol="TCP"].bogus: field not declared in schema`.
 */
export function configurationFaults(set: SchemaSet, schema: Schema, value: unknown): string[] {
  const walker = new Walker(set);
  walker.walk(schema, value, []);
  return walker.faults;
}

class Walker {
  readonly faults: string[] = [];
  readonly #set: SchemaSet;
  readonly #shapes: Shapes;

  constructor(set: SchemaSet) {
    this.#set = set;
    this.#shapes = Shapes.over(set);
  }

  walk(given: Schema | undefined, value: unknown, path: readonly string[]): void {
    if (!given || value === null || this.faults.length >= faultsMax) return;
    const schema = resolveSchema(this.#set, given);
    if (schema.intOrString || (schema.type === 'string' && hasLooseFormat(schema))) {
      if (isContainer(value)) this.#fault(path, `expected any scalar, got ${wrapped(value)}`);
      return;
    }
    switch (schema.type) {
      case 'object':
        if (isJsonMap(value)) this.#map(schema, value, path);
        else this.#fault(path, `expected map, got ${wrapped(value)}`);
        return;
      case 'array':
        if (Array.isArray(value)) this.#list(given, schema, value, path);
        else this.#fault(path, `expected list, got ${wrapped(value)}`);
        return;
      case 'string':
        if (typeof value !== 'string')
          this.#fault(path, `expected string, got &value.valueUnstructured{Value:${goText(value)}}`);
        return;
      case 'boolean':
        if (typeof value !== 'boolean') this.#fault(path, `expected boolean, got ${wrapped(value)}`);
        return;
      case 'integer':
      case 'number':
        if (typeof value !== 'number')
          this.#fault(path, `expected numeric (int or float), got ${goType(value)}`);
        return;
      case undefined:
        return;
    }
  }

  #map(schema: Schema, value: object, path: readonly string[]): void {
    for (const [key, held] of Object.entries(value)) {
      const below = [...path, `f:${key}`];
      if (this.#shapes.knows(schema, key)) this.walk(this.#shapes.field(schema, key), held, below);
      else this.#fault(below, 'field not declared in schema');
    }
  }

  #list(given: Schema, schema: Schema, items: readonly unknown[], path: readonly string[]): void {
    const shape = this.#shapes.of(given, items);
    const seen = new Set<string>();
    for (const [index, item] of items.entries()) {
      if (shape.kind !== 'list') {
        this.walk(schema.items, item, [...path, `i:${index}`]);
        continue;
      }
      const element = itemElement(shape, item);
      if (element === undefined) {
        const names = shape.keys?.map(({ name }) => JSON.stringify(name)).join(' ');
        // What lies deeper can't be named.
        return this.#fault(
          path,
          `element ${index}: associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`,
        );
      }
      if (seen.has(element)) this.#fault(path, `duplicate entries for key ${fieldPathText([element])}`);
      seen.add(element);
      this.walk(shape.items, item, [...path, element]);
    }
  }

  #fault(path: readonly string[], text: string): void {
    if (this.faults.length < faultsMax)
      this.faults.push(path.length === 0 ? text : `${fieldPathText(path)}: ${text}`);
  }
}

/** Times and the like are texts that may be written otherwise. */
function hasLooseFormat({ format }: Schema): boolean {
  return format !== undefined && format !== '' && format !== 'byte';
}

function isContainer(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

/** Values as the server that set the wordings prints them. */
function wrapped(value: unknown): string {
  return `&{${goText(value)}}`;
}

function goText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (!isJsonMap(value)) return value === null ? '<nil>' : String(value as string | number | boolean);
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `map[${fields.map(([key, held]) => `${key}:${goText(held)}`).join(' ')}]`;
}

function goType(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}';
  if (isJsonMap(value)) return 'map[string]interface {}';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}
