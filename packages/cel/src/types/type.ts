/** The types of the language: what a declaration says, what the checker infers, and what `type(x)` gives. */

export type Kind =
  | 'bool'
  | 'bytes'
  | 'double'
  | 'duration'
  | 'dyn'
  /** Of what could not be typed: fits everything, so that one mistake is reported once. */
  | 'error'
  | 'int'
  | 'list'
  | 'map'
  | 'null'
  /** A type of a library, by name: `optional_type`, `net.IP`. */
  | 'opaque'
  | 'string'
  /** Named fields. */
  | 'struct'
  | 'timestamp'
  | 'type'
  | 'uint'
  /** Stands for any type, the same one wherever its name occurs. */
  | 'variable';

export class Type {
  readonly kind: Kind;
  /** As `type(x)` shows it. */
  readonly name: string;
  readonly params: readonly Type[];
  /** Of a struct, by name. Asked for late, since types may hold themselves. */
  readonly fields: ((name: string) => Type | undefined) | undefined;

  constructor(
    kind: Kind,
    name: string,
    params: readonly Type[] = [],
    fields?: (name: string) => Type | undefined,
  ) {
    this.kind = kind;
    this.name = name;
    this.params = params;
    this.fields = fields;
  }

  /** As error texts show it: `map(string, list(int))`. */
  toString(): string {
    const shown = shownNames[this.kind] ?? this.name;
    return this.params.length === 0 ? shown : `${shown}(${this.params.join(', ')})`;
  }
}

const shownNames: Readonly<Partial<Record<Kind, string>>> = {
  null: 'null',
  timestamp: 'timestamp',
  duration: 'duration',
  error: '!error!',
};

export const boolType = new Type('bool', 'bool');
export const bytesType = new Type('bytes', 'bytes');
export const doubleType = new Type('double', 'double');
export const durationType = new Type('duration', 'google.protobuf.Duration');
export const dynType = new Type('dyn', 'dyn');
export const errorType = new Type('error', 'error');
export const intType = new Type('int', 'int');
export const nullType = new Type('null', 'null_type');
export const stringType = new Type('string', 'string');
export const timestampType = new Type('timestamp', 'google.protobuf.Timestamp');
export const uintType = new Type('uint', 'uint');
/** What `type(x)` is of. */
export const typeType = new Type('type', 'type');

export function listOf(element: Type): Type {
  return new Type('list', 'list', [element]);
}

export function mapOf(key: Type, value: Type): Type {
  return new Type('map', 'map', [key, value]);
}

export function optionalOf(value: Type): Type {
  return new Type('opaque', 'optional_type', [value]);
}

export function typeOf(type: Type): Type {
  return new Type('type', 'type', [type]);
}

export function variableType(name: string): Type {
  return new Type('variable', name);
}

export function opaqueType(name: string, params: readonly Type[] = []): Type {
  return new Type('opaque', name, params);
}

export function structType(
  name: string,
  fields: Readonly<Record<string, Type>> | ((name: string) => Type | undefined),
): Type {
  const find =
    typeof fields === 'function'
      ? fields
      : (field: string): Type | undefined => (Object.hasOwn(fields, field) ? fields[field] : undefined);
  return new Type('struct', name, [], find);
}

/** What `list` and `map` are, when they are named as types. */
export const listType = listOf(dynType);
export const mapType = mapOf(dynType, dynType);

export function sameType(a: Type, b: Type): boolean {
  if (a === b) return true;
  if (a.kind !== b.kind || a.params.length !== b.params.length) return false;
  if ((a.kind === 'struct' || a.kind === 'opaque' || a.kind === 'variable') && a.name !== b.name)
    return false;
  return a.params.every((param, index) => sameType(param, b.params[index]!));
}

export function isOptionalType(type: Type): boolean {
  return type.kind === 'opaque' && type.name === 'optional_type';
}

/** The type within an optional, or the type itself. */
export function withinOptional(type: Type): { readonly type: Type; readonly optional: boolean } {
  return isOptionalType(type)
    ? { type: type.params[0] ?? dynType, optional: true }
    : { type, optional: false };
}

export function isDyn(type: Type): boolean {
  return type.kind === 'dyn' || type.kind === 'error';
}
