/**
 * Which types may stand for which, while type variables are being found out. Substitutions of an attempt that fails are
 * taken back, by a trail: copying them for each attempt would make long expressions cost their square.
 */
import { dynType, isDyn, sameType, Type } from '#types/type.ts';

export class Unification {
  readonly #substitutions = new Map<string, Type>();
  readonly #trail: { readonly name: string; readonly before: Type | undefined }[] = [];
  #variables = 0;

  /** A type variable that occurs nowhere else. */
  fresh(): Type {
    return new Type('variable', `_var${this.#variables++}`);
  }

  /** Whether a value of `from` fits where `to` is wanted, each list pairwise; learns from it if so. */
  assignable(from: readonly Type[], to: readonly Type[]): boolean {
    const mark = this.#trail.length;
    if (this.#fitsAll(from, to)) return true;
    while (this.#trail.length > mark) {
      const { name, before } = this.#trail.pop()!;
      if (before) this.#substitutions.set(name, before);
      else this.#substitutions.delete(name);
    }
    return false;
  }

  /** With what is known put in; what is not becomes dyn if `dyn`. */
  resolve(type: Type, { dyn }: { readonly dyn: boolean }): Type {
    if (type.kind === 'variable') {
      const found = this.#substitutions.get(type.name);
      if (found) return this.resolve(found, { dyn });
      return dyn ? dynType : type;
    }
    if (type.params.length === 0) return type;
    const params = type.params.map((param) => this.resolve(param, { dyn }));
    return params.every((param, index) => param === type.params[index])
      ? type
      : new Type(type.kind, type.name, params, type.fields);
  }

  /** The type with its variables replaced by fresh ones, the same for the same name. */
  instantiate(types: readonly Type[]): Type[] {
    const named = new Map<string, Type>();
    const replace = (type: Type): Type => {
      if (type.kind === 'variable') {
        const known = named.get(type.name) ?? this.fresh();
        named.set(type.name, known);
        return known;
      }
      return type.params.length === 0
        ? type
        : new Type(type.kind, type.name, type.params.map(replace), type.fields);
    };
    return types.map(replace);
  }

  #learn(variable: Type, type: Type): void {
    this.#trail.push({ name: variable.name, before: this.#substitutions.get(variable.name) });
    this.#substitutions.set(variable.name, type);
  }

  #fitsAll(from: readonly Type[], to: readonly Type[]): boolean {
    return from.length === to.length && from.every((type, index) => this.#fits(type, to[index]!));
  }

  #fits(a: Type, b: Type): boolean {
    if (b.kind === 'variable') {
      const attempt = this.#substitute(a, b);
      if (attempt !== 'free') return attempt === 'fits';
    }
    if (a.kind === 'variable') return this.#substitute(b, a) === 'fits';
    if (isDyn(a) || isDyn(b)) return true;
    if (a.kind === 'null') return isNullable(b);
    if (b.kind === 'null') return isNullable(a);
    if (a.kind !== b.kind) return false;
    switch (a.kind) {
      case 'struct':
        return a.name === b.name;
      case 'type':
        return true;
      case 'opaque':
      case 'list':
      case 'map':
        return a.name === b.name && this.#fitsAll(a.params, b.params);
      default:
        return true;
    }
  }

  /** Whether `variable` may be `type`; 'free' when it may not, though nothing is known of it yet. */
  #substitute(type: Type, variable: Type): 'fits' | 'conflicts' | 'free' {
    if (sameType(type, variable)) return 'fits';
    const known = this.#substitutions.get(variable.name);
    if (known) {
      if (sameType(type, known)) return 'fits';
      if (!this.#fits(type, known)) return 'conflicts';
      const general = mostGeneral(type, known);
      if (!this.#occurs(variable, general)) this.#learn(variable, general);
      return 'fits';
    }
    if (this.#occurs(variable, type)) return 'free';
    this.#learn(variable, type);
    return 'fits';
  }

  #occurs(variable: Type, within: Type): boolean {
    if (sameType(variable, within)) return true;
    if (within.kind === 'variable') {
      const known = this.#substitutions.get(within.name);
      return known !== undefined && this.#occurs(variable, known);
    }
    return within.params.some((param) => this.#occurs(variable, param));
  }
}

/** Null stands in for messages and library types, as it did in the first checkers of the language. */
function isNullable(type: Type): boolean {
  return (
    type.kind === 'opaque' ||
    type.kind === 'struct' ||
    type.kind === 'duration' ||
    type.kind === 'timestamp' ||
    type.kind === 'null'
  );
}

export function mostGeneral(a: Type, b: Type): Type {
  return isLessSpecific(a, b) ? a : b;
}

function isLessSpecific(a: Type, b: Type): boolean {
  if (a.kind === 'dyn' || a.kind === 'variable') return true;
  if (b.kind === 'dyn' || b.kind === 'variable') return false;
  if (a.kind !== b.kind) return false;
  switch (a.kind) {
    case 'opaque':
    case 'list':
    case 'map':
      return (
        a.name === b.name &&
        a.params.length === b.params.length &&
        a.params.every((param, index) => isLessSpecific(param, b.params[index]!))
      );
    case 'type':
      return true;
    default:
      return sameType(a, b);
  }
}
