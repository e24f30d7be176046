/**
 * Infers the type of every node and which overloads its calls may mean, in the way and with the words of cel-go's checker,
 * since these are the errors that authors of rules see.
 */
import { unreachable } from '@skerry/base';
import type { FunctionTable, Overload } from '#check/declarations.ts';
import { qualifiedName, type Expression, type FieldInitializer } from '#syntax/expression.ts';
import type { Issue } from '#syntax/issue.ts';
import {
  boolType,
  bytesType,
  doubleType,
  dynType,
  errorType,
  intType,
  isDyn,
  listOf,
  mapOf,
  nullType,
  optionalOf,
  sameType,
  stringType,
  type Type,
  uintType,
  withinOptional,
} from '#types/type.ts';
import { mostGeneral, Unification } from '#types/unification.ts';
import { Uint } from '#values/uint.ts';

export interface Scope {
  readonly functions: FunctionTable;
  /** Types of variables, and of names that stand for types. */
  variable(name: string): Type | undefined;
  /** Types that `Name{…}` makes. */
  struct(name: string): Type | undefined;
}

export interface Checked {
  readonly type: Type;
  readonly issues: readonly Issue[];
  /** By number of the node; what could not be told is dyn. */
  typeOf(node: Expression): Type;
  overloadsOf(node: Expression): readonly Overload[];
  /** The variable that an identifier or a dotted name means; undefined for the fields of a value and for loops' variables. */
  variableOf(node: Expression): string | undefined;
  /** A call whose target is only the first part of its name: `optional.of`. */
  functionOf(node: Expression): string | undefined;
  /** Variables that the expression reads. */
  readonly reads: ReadonlySet<string>;
}

export function check(root: Expression, scope: Scope, offsetOf: (id: number) => number): Checked {
  const checker = new Checker(scope, offsetOf);
  checker.check(root);
  const typeOf = (node: Expression): Type => checker.final(node);
  return {
    type: typeOf(root),
    issues: checker.issues,
    typeOf,
    overloadsOf: (node) => checker.overloads.get(node.id) ?? [],
    variableOf: (node) => checker.variables.get(node.id),
    functionOf: (node) => checker.functions.get(node.id),
    reads: checker.reads,
  };
}

class Checker {
  readonly issues: Issue[] = [];
  readonly overloads = new Map<number, readonly Overload[]>();
  readonly variables = new Map<number, string>();
  readonly functions = new Map<number, string>();
  readonly reads = new Set<string>();
  readonly #types = new Map<number, Type>();
  readonly #scope: Scope;
  readonly #offsetOf: (id: number) => number;
  readonly #unification = new Unification();
  /** Loops' variables, innermost last. */
  readonly #locals: { readonly name: string; readonly type: Type }[] = [];

  constructor(scope: Scope, offsetOf: (id: number) => number) {
    this.#scope = scope;
    this.#offsetOf = offsetOf;
  }

  final(node: Expression): Type {
    return this.#unification.resolve(this.#types.get(node.id) ?? dynType, { dyn: true });
  }

  check(node: Expression): Type {
    const type = this.#infer(node);
    this.#types.set(node.id, type);
    return type;
  }

  #report(id: number, message: string): void {
    this.issues.push({ offset: this.#offsetOf(id), message });
  }

  #resolved(type: Type): Type {
    return this.#unification.resolve(type, { dyn: false });
  }

  #infer(node: Expression): Type {
    switch (node.kind) {
      case 'literal':
        return literalType(node.value);
      case 'identifier':
        return this.#identifier(node, node.name) ?? this.#undeclared(node, node.name);
      case 'select':
        return this.#select(node);
      case 'call':
        return this.#call(node);
      case 'list':
        return this.#list(node);
      case 'map':
        return this.#map(node);
      case 'struct':
        return this.#struct(node);
      case 'comprehension':
        return this.#comprehension(node);
      default:
        return unreachable(node);
    }
  }

  #identifier(node: Expression, given: string): Type | undefined {
    const name = given.replace(/^\./, '');
    if (name === given) {
      const local = this.#locals.findLast((entry) => entry.name === name);
      if (local) return local.type;
    }
    const type = this.#scope.variable(name);
    if (!type) return undefined;
    this.variables.set(node.id, name);
    this.reads.add(name);
    return type;
  }

  #undeclared(node: Expression, name: string): Type {
    this.#report(node.id, `undeclared reference to '${name}' (in container '')`);
    return errorType;
  }

  #select(node: Expression & { kind: 'select' }): Type {
    const name = node.test ? undefined : qualifiedName(node);
    if (name !== undefined && !this.#isLocal(name.split('.', 1)[0]!)) {
      const whole = this.#identifier(node, name);
      if (whole) return whole;
    }
    const type = this.#field(node, node.operand, node.field, { optional: false });
    return node.test ? boolType : this.#resolved(type);
  }

  #isLocal(name: string): boolean {
    return this.#locals.some((entry) => entry.name === name);
  }

  #field(
    node: Expression,
    operand: Expression,
    field: string,
    { optional }: { readonly optional: boolean },
  ): Type {
    const within = withinOptional(this.#resolved(this.check(operand)));
    const type = this.#fieldOf(node, within.type, field);
    return within.optional || optional ? optionalOf(type) : type;
  }

  #fieldOf(node: Expression, type: Type, field: string): Type {
    switch (type.kind) {
      case 'map':
        return type.params[1] ?? dynType;
      case 'struct': {
        if (!type.fields) {
          this.#report(node.id, `unexpected failed resolution of '${type.name}'`);
          return errorType;
        }
        const found = type.fields(field);
        if (!found) this.#report(node.id, `undefined field '${field}'`);
        return found ?? errorType;
      }
      case 'variable':
        this.#unification.assignable([dynType], [type]);
        return dynType;
      default:
        if (!isDyn(type)) this.#report(node.id, `type '${type.toString()}' does not support field selection`);
        return dynType;
    }
  }

  #call(node: Expression & { kind: 'call' }): Type {
    const { name, target, args } = node;
    if (name === '_?._') return this.#optionalField(node);
    const argTypes = args.map((arg) => this.check(arg));
    if (!target) {
      const plain = name.replace(/^\./, '');
      if (!this.#scope.functions.has(plain)) return this.#undeclared(node, name);
      this.functions.set(node.id, plain);
      return this.#resolve(node, plain, undefined, argTypes);
    }
    const prefix = qualifiedName(target);
    const qualified = prefix === undefined ? undefined : `${prefix.replace(/^\./, '')}.${name}`;
    if (qualified !== undefined && this.#scope.functions.has(qualified)) {
      this.functions.set(node.id, qualified);
      return this.#resolve(node, qualified, undefined, argTypes);
    }
    const targetType = this.check(target);
    if (!this.#scope.functions.has(name)) return this.#undeclared(node, name);
    return this.#resolve(node, name, targetType, argTypes);
  }

  #optionalField(node: Expression & { kind: 'call' }): Type {
    const [operand, field] = node.args;
    const name = field?.kind === 'literal' && typeof field.value === 'string' ? field.value : '';
    const type = this.#field(node, operand!, name, { optional: true });
    this.check(field!);
    this.overloads.set(node.id, this.#scope.functions.get('_?._') ?? []);
    return this.#resolved(type);
  }

  #resolve(
    node: Expression & { kind: 'call' },
    name: string,
    target: Type | undefined,
    args: readonly Type[],
  ): Type {
    if (name === '_&&_' || name === '_||_') return this.#logic(node, name, args);
    const given = target ? [target, ...args] : args;
    const fitting: Overload[] = [];
    let result: Type | undefined;
    for (const overload of this.#scope.functions.get(name) ?? []) {
      if (overload.member !== (target !== undefined)) continue;
      const [ofResult, ...wanted] = this.#unification.instantiate([overload.result, ...overload.args]);
      if (!this.#unification.assignable(given, wanted)) continue;
      fitting.push(overload);
      const type = this.#resolved(ofResult!);
      if (result === undefined) result = type;
      else if (!isDyn(result) && !sameType(type, result)) result = dynType;
    }
    if (result === undefined) return this.#noOverload(node, name, given, target !== undefined);
    this.overloads.set(node.id, fitting);
    return result;
  }

  #logic(node: Expression & { kind: 'call' }, name: string, args: readonly Type[]): Type {
    this.overloads.set(node.id, this.#scope.functions.get(name) ?? []);
    let wrong = false;
    for (const [index, type] of args.entries()) {
      if (this.#unification.assignable([type], [boolType])) continue;
      wrong = true;
      this.#report(node.args[index]!.id, `expected type 'bool' but found '${this.#shown(type)}'`);
    }
    return wrong ? errorType : boolType;
  }

  #shown(type: Type): string {
    return this.#unification.resolve(type, { dyn: false }).toString();
  }

  #noOverload(node: Expression, name: string, given: readonly Type[], member: boolean): Type {
    const shown = given.map((type) => this.#unification.resolve(type, { dyn: true }).toString());
    const signature = member ? `${shown[0] ?? ''}.(${shown.slice(1).join(', ')})` : `(${shown.join(', ')})`;
    this.#report(node.id, `found no matching overload for '${name}' applied to '${signature}'`);
    return errorType;
  }

  #list(node: Expression & { kind: 'list' }): Type {
    let element: Type | undefined;
    for (const [index, item] of node.elements.entries()) {
      const type = this.#maybeOptional(item, node.optional.has(index));
      element = this.#join(element, type);
    }
    return listOf(element ?? this.#unification.fresh());
  }

  /** `?x` holds what the optional x holds. */
  #maybeOptional(item: Expression, optional: boolean): Type {
    const type = this.check(item);
    if (!optional) return type;
    const within = withinOptional(this.#resolved(type));
    if (!within.optional && within.type.kind !== 'dyn')
      this.#mismatch(item, optionalOf(within.type), within.type);
    return within.type;
  }

  #mismatch(node: Expression, expected: Type, actual: Type): void {
    this.#report(node.id, `expected type '${this.#shown(expected)}' but found '${this.#shown(actual)}'`);
  }

  /** The one type of all elements; dyn when they do not agree, which a later check may refuse. */
  #join(previous: Type | undefined, current: Type): Type {
    if (previous === undefined) return current;
    return this.#unification.assignable([previous], [current]) ? mostGeneral(previous, current) : dynType;
  }

  #map(node: Expression & { kind: 'map' }): Type {
    let key: Type | undefined;
    let value: Type | undefined;
    for (const entry of node.entries) {
      key = this.#join(key, this.check(entry.key));
      value = this.#join(value, this.#maybeOptional(entry.value, entry.optional));
    }
    return mapOf(key ?? this.#unification.fresh(), value ?? this.#unification.fresh());
  }

  #struct(node: Expression & { kind: 'struct' }): Type {
    const name = node.typeName.replace(/^\./, '');
    const type = this.#scope.struct(name);
    const other = type ?? this.#scope.variable(name);
    if (!type && other) return this.#notMade(node, other);
    if (!type) return this.#undeclared(node, node.typeName);
    for (const field of node.fields) this.#initializer(field, type);
    return type;
  }

  #notMade(node: Expression & { kind: 'struct' }, type: Type): Type {
    const named = type.kind === 'type' ? type.params[0] : undefined;
    const message = named ? `'${named.name}' is not a message type` : `'${type.name}' is not a type`;
    this.#report(node.id, message);
    return errorType;
  }

  #initializer(field: FieldInitializer, type: Type): void {
    const actual = this.#maybeOptional(field.value, field.optional);
    const expected = type.fields?.(field.field);
    if (!expected) this.#report(field.id, `undefined field '${field.field}'`);
    else if (!this.#unification.assignable([expected], [actual]))
      this.#report(
        field.id,
        `expected type of field '${field.field}' is '${this.#shown(expected)}' but provided type is '${this.#shown(actual)}'`,
      );
  }

  #comprehension(node: Expression & { kind: 'comprehension' }): Type {
    const range = this.#resolved(this.check(node.range));
    const initial = this.check(node.initial);
    this.#locals.push({ name: node.accumulator, type: initial });
    const variables = this.#loopTypes(node, range);
    this.#locals.push({ name: node.variable, type: variables[0] });
    if (node.variable2 !== undefined) this.#locals.push({ name: node.variable2, type: variables[1] });
    this.#expect(node.condition, boolType);
    this.#expect(node.step, initial);
    this.#locals.length -= node.variable2 === undefined ? 1 : 2;
    const result = this.check(node.result);
    this.#locals.length -= 1;
    return this.#resolved(result);
  }

  #expect(node: Expression, type: Type): void {
    const actual = this.check(node);
    if (!this.#unification.assignable([type], [actual])) this.#mismatch(node, type, actual);
  }

  /** Of the one variable of a loop, or of its two. */
  #loopTypes(node: Expression & { kind: 'comprehension' }, range: Type): readonly [Type, Type] {
    const two = node.variable2 !== undefined;
    switch (range.kind) {
      case 'list': {
        const element = range.params[0] ?? dynType;
        return two ? [intType, element] : [element, dynType];
      }
      case 'map':
        return [range.params[0] ?? dynType, range.params[1] ?? dynType];
      case 'dyn':
      case 'error':
      case 'variable':
        this.#unification.assignable([dynType], [range]);
        return [dynType, dynType];
      default:
        this.#report(
          node.range.id,
          `expression of type '${range.toString()}' cannot be range of a comprehension (must be list, map, or dynamic)`,
        );
        return [errorType, errorType];
    }
  }
}

function literalType(value: (Expression & { kind: 'literal' })['value']): Type {
  switch (typeof value) {
    case 'boolean':
      return boolType;
    case 'bigint':
      return intType;
    case 'number':
      return doubleType;
    case 'string':
      return stringType;
    default:
      if (value === null) return nullType;
      return value instanceof Uint ? uintType : bytesType;
  }
}
