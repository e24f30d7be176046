/** What expressions may speak of: variables with their types, functions, macros. Immutable; `extend` makes another. */
import { check, type Checked, type Scope } from '#check/checker.ts';
import { functionTable, type FunctionTable, type Library } from '#check/declarations.ts';
import { literalIssues } from '#check/literals.ts';
import { type CostRange, estimateCost } from '#cost/estimate.ts';
import { InstantiationError, plan } from '#evaluate/plan.ts';
import { Program } from '#evaluate/program.ts';
import { kubernetesLibraries, kubernetesTypes } from '#libraries/kubernetes.ts';
import type { Expression } from '#syntax/expression.ts';
import { formatIssues, type Issue } from '#syntax/issue.ts';
import { kubernetesMacros, type MacroTable } from '#syntax/macros.ts';
import { parse } from '#syntax/parser.ts';
import { Declared } from '#types/declared.ts';
import {
  boolType,
  bytesType,
  doubleType,
  durationType,
  intType,
  listType,
  mapType,
  nullType,
  sameType,
  stringType,
  timestampType,
  type Type,
  typeOf,
  typeType,
  uintType,
} from '#types/type.ts';

export interface EnvironmentOptions {
  /** Types of variables; with `Declared`, sizes that bound the estimate of costs as well. */
  readonly variables?: Readonly<Record<string, Type | Declared>>;
  /** What `Name{field: value}` may make. */
  readonly structs?: readonly Type[];
  /**
   * Bounds the sizes of what is at no place of a variable: names of types, elements of lists that the expression makes. Stock
   * servers reckon so for the rules of a schema, since they look up each place from the schema's root.
   */
  readonly sizeRoot?: Declared;
  /** The same, of more names than can be listed: `Object.spec.template`. */
  readonly structNamed?: (name: string) => Type | undefined;
  readonly libraries?: readonly Library[];
  readonly macros?: MacroTable;
}

export type Compiled =
  | {
      readonly ok: true;
      readonly program: Program;
      readonly type: Type;
      /** What an evaluation costs at least and at most. */
      readonly cost: CostRange;
      /** Names of variables that the expression reads. */
      readonly reads: ReadonlySet<string>;
    }
  | {
      readonly ok: false;
      /** `instantiation`: it can't be evaluated whatever the variables are. `type`: it has none of the expected types. */
      readonly stage: 'compilation' | 'type' | 'instantiation';
      /** As cel-go prints them, one after the other. */
      readonly issues: string;
    };

export interface CompileOptions {
  /** Types that the expression may have. Dyn is accepted where it is named only. */
  readonly expected?: readonly Type[];
}

const basicTypes: readonly Type[] = [
  boolType,
  bytesType,
  doubleType,
  durationType,
  intType,
  listType,
  mapType,
  nullType,
  stringType,
  timestampType,
  typeType,
  uintType,
];

const namedTypes: ReadonlyMap<string, Type> = new Map(
  [...basicTypes, ...kubernetesTypes].map((type) => [type.name, type]),
);

export class Environment {
  readonly #variables: ReadonlyMap<string, Type | Declared>;
  readonly #structs: readonly Type[];
  readonly #sizeRoot: Declared | undefined;
  readonly #structNamed: ((name: string) => Type | undefined) | undefined;
  readonly #functions: FunctionTable;
  readonly #macros: MacroTable;
  readonly #types: ReadonlyMap<string, Type>;

  constructor(options: EnvironmentOptions = {}, parent?: Environment) {
    const inherited = parent ? [...parent.#variables] : [];
    this.#variables = new Map([...inherited, ...Object.entries(options.variables ?? {})]);
    this.#structs = [...(parent ? parent.#structs : []), ...(options.structs ?? [])];
    this.#sizeRoot = options.sizeRoot ?? (parent ? parent.#sizeRoot : undefined);
    this.#structNamed = options.structNamed ?? (parent ? parent.#structNamed : undefined);
    this.#functions =
      parent && !options.libraries
        ? parent.#functions
        : functionTable(options.libraries ?? kubernetesLibraries);
    this.#macros = options.macros ?? (parent ? parent.#macros : kubernetesMacros);
    this.#types = parent ? parent.#types : namedTypes;
  }

  /** The same environment with more variables; of two with one name the later counts. */
  extend(options: EnvironmentOptions): Environment {
    return new Environment(options, this);
  }

  compile(expression: string, { expected }: CompileOptions = {}): Compiled {
    const refuse = (found: readonly Issue[]): Compiled => {
      return { ok: false, stage: 'compilation', issues: formatIssues(expression, found) };
    };
    const parsed = parse(expression, this.#macros);
    const root = parsed.expression;
    if (!root) return refuse(parsed.issues);
    const offsetOf = (id: number): number => parsed.offsetOf(id);
    const scope = this.#scope();
    const checked = check(root, scope, offsetOf);
    if (checked.issues.length > 0) return refuse(checked.issues);
    const unreadable = literalIssues(root, checked, offsetOf);
    if (unreadable.length > 0) return refuse(unreadable);
    const mismatch = expected && wrongType(checked, expected);
    if (mismatch) return { ok: false, stage: 'type', issues: mismatch };
    return this.#instantiate(root, checked, scope);
  }

  #instantiate(root: Expression, checked: Checked, scope: Scope): Compiled {
    try {
      const planned = plan(root, {
        checked,
        typeNamed: (name) => (this.#variables.has(name) ? undefined : this.#types.get(name)),
        struct: (name) => scope.struct(name),
      });
      return {
        ok: true,
        program: new Program(planned),
        type: checked.type,
        cost: estimateCost(root, checked, (name) => this.#declared(name)),
        reads: checked.reads,
      };
    } catch (error) {
      if (!(error instanceof InstantiationError)) throw error;
      return { ok: false, stage: 'instantiation', issues: error.message };
    }
  }

  #scope(): Scope {
    return {
      functions: this.#functions,
      variable: (name) => {
        const declared = this.#variables.get(name);
        if (declared) return declared instanceof Declared ? declared.type : declared;
        const type = this.#types.get(name) ?? this.#struct(name);
        return type && typeOf(type);
      },
      struct: (name) => this.#struct(name),
    };
  }

  #struct(name: string): Type | undefined {
    return this.#structs.find((struct) => struct.name === name) ?? this.#structNamed?.(name);
  }

  #declared(name: string): Declared | undefined {
    const declared = this.#variables.get(name);
    if (!declared) return this.#sizeRoot;
    return declared instanceof Declared ? declared : undefined;
  }
}

function wrongType({ type }: Checked, expected: readonly Type[]): string | undefined {
  if (expected.some((wanted) => sameType(wanted, type) || wanted.kind === 'dyn')) return undefined;
  const names = expected.map(String);
  return names.length === 1 ? `must evaluate to ${names[0]}` : `must evaluate to one of: ${names.join(', ')}`;
}
