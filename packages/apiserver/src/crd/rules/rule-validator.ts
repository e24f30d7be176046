/**
 * Asks the rules of a schema about an object: top down, parts in the order of the object, until the budget of the object is
 * spent. Wordings and order are those of stock servers.
 * Rules: https://kubernetes.io/docs/reference/using-api/cel/
 */
import { isRecord } from '@skerry/base';
import { duplicateValue, type FieldError, forbiddenField, invalidValue, required } from '@skerry/api';
import { type Declared, declaredOf, Fault, Optional } from '@skerry/cel';
import { type CompiledRule, compileRules, type RawRule } from '#crd/rules/compiled-rule.ts';
import { Correlation, KeyedElements } from '#crd/rules/correlation.ts';
import { itemsOf, type RawSchema, valuesOf } from '#crd/schema/nodes.ts';
import { schemaFrom } from '#crd/structural-schema.ts';

/** What all rules together may cost for one object. */
const objectBudget = 10_000_000;
const messageBytesMax = 5120;

/** A part of a schema that has rules, or parts with rules. */
interface Node {
  readonly type: string;
  readonly rules: readonly CompiledRule[];
  readonly declared: Declared | undefined;
  readonly properties: ReadonlyMap<string, Node>;
  readonly values: Node | undefined;
  readonly items: Node | undefined;
  readonly listMapKeys: readonly string[];
}

export interface Answer {
  readonly faults: FieldError[];
  /** Broken by a part that has not changed, and so only to be warned about. */
  readonly letPass: FieldError[];
}

export class RuleValidator {
  readonly #root: Node;

  private constructor(root: Node) {
    this.#root = root;
  }

  /** Undefined for a schema without rules. `root` when it is of a whole object. */
  static of(raw: RawSchema, { root }: { readonly root: boolean }): RuleValidator | undefined {
    const node = nodeOf(raw, root);
    return node && new RuleValidator(node);
  }

  /** `old` is undefined for what is created. `path` is that of `value`. */
  faults(value: unknown, old: unknown, path = ''): FieldError[] {
    return this.ask(value, old, path).faults;
  }

  ask(value: unknown, old: unknown, path = ''): Answer {
    const check = new Check();
    const correlation = Correlation.of(old === undefined ? undefined : { value, old });
    check.node(this.#root, value, old, path, correlation);
    return check;
  }
}

function nodeOf(raw: RawSchema, root: boolean): Node | undefined {
  const embedded = (part: RawSchema): boolean => part['x-kubernetes-embedded-resource'] === true;
  const properties = new Map<string, Node>();
  for (const [name, property] of Object.entries(raw.properties ?? {})) {
    const node = nodeOf(property, embedded(property));
    if (node) properties.set(name, node);
  }
  const rawValues = valuesOf(raw);
  const rawItems = itemsOf(raw);
  const values = rawValues && nodeOf(rawValues, embedded(rawValues));
  const items = rawItems && nodeOf(rawItems, embedded(rawItems));
  const declared = raw['x-kubernetes-validations']?.length
    ? declaredOf({ schemas: {} }, schemaFrom(raw), { name: 'selfType', root })
    : undefined;
  const rules = declared ? compileRules(raw, declared) : [];
  if (rules.length === 0 && properties.size === 0 && !values && !items) return undefined;
  return {
    type: raw.type ?? '',
    rules,
    declared,
    properties,
    values,
    items,
    listMapKeys: raw['x-kubernetes-list-type'] === 'map' ? (raw['x-kubernetes-list-map-keys'] ?? []) : [],
  };
}

class Check implements Answer {
  readonly faults: FieldError[] = [];
  readonly letPass: FieldError[] = [];
  #budget = objectBudget;
  #stopped = false;

  node(node: Node, value: unknown, old: unknown, path: string, correlation: Correlation): void {
    if (value === null || value === undefined) return;
    this.#rules(node, value, old ?? undefined, path, correlation);
    if (this.#stopped) return;
    if (Array.isArray(value)) this.#list(node, value, old, path, correlation);
    else if (isRecord(value)) this.#object(node, value, old, path, correlation);
  }

  #list(node: Node, value: readonly unknown[], old: unknown, path: string, correlation: Correlation): void {
    if (!node.items) return;
    const before = new KeyedElements(old, node.listMapKeys);
    for (const [index, element] of value.entries()) {
      const oldElement = before.like(element);
      const at = `${path}[${index}]`;
      this.node(node.items, element, oldElement, at, correlation.element(element, oldElement));
      if (this.#stopped) return;
    }
  }

  #object(
    node: Node,
    value: Record<string, unknown>,
    old: unknown,
    path: string,
    correlation: Correlation,
  ): void {
    const before = isRecord(old) ? old : {};
    for (const [name, part] of Object.entries(value)) {
      const property = node.properties.get(name);
      const child = property ?? node.values;
      if (!child) continue;
      const at = property ? (path === '' ? name : `${path}.${name}`) : `${path}[${name}]`;
      const oldPart = Object.hasOwn(before, name) ? before[name] : undefined;
      this.node(child, part, oldPart, at, correlation.field(name));
      if (this.#stopped) return;
    }
  }

  #stop(fault: FieldError): void {
    this.faults.push(fault);
    this.#stopped = true;
  }

  #rules(node: Node, value: unknown, old: unknown, path: string, correlation: Correlation): void {
    const { rules, declared } = node;
    if (rules.length === 0 || !declared) return;
    const invalid = (why: string): FieldError => invalidValue(path || '<nil>', node.type, why);
    if (this.#budget <= 0) {
      this.#stop(invalid(outOfBudget));
      return;
    }
    const self = declared.toValue(value);
    const oldSelf = old === undefined ? undefined : declared.toValue(old);
    for (const compiled of rules) {
      const { rule, expression } = compiled;
      if (!expression) continue;
      if ('fault' in expression) {
        this.faults.push(invalid(`rule compile error: ${expression.fault}`));
        continue;
      }
      if (expression.usesOldSelf && oldSelf === undefined && !rule.optionalOldSelf) continue;
      const bindings = { self, ...bindingOf(rule, oldSelf) };
      const result = expression.program.evaluate(bindings);
      if (result.cost > this.#budget) {
        this.#stop(invalid(outOfBudget));
        return;
      }
      this.#budget -= result.cost;
      if ('fault' in result) {
        this.#failed(result.fault, rule, invalid);
        if (this.#stopped) return;
        continue;
      }
      if (result.value === true) continue;
      const lenient = !expression.usesOldSelf && correlation.unchanged;
      this.#broken(compiled, node, value, path, bindings, lenient);
      if (this.#stopped) return;
    }
  }

  #failed(fault: string, rule: RawRule, invalid: (why: string) => FieldError): void {
    const shown = rule.message?.trim() || rule.rule.trim();
    if (fault.startsWith('operation cancelled: actual cost limit exceeded'))
      this.#stop(
        invalid(
          `'${fault}': no further validation rules will be run due to call cost exceeds limit for rule: ${shown}`,
        ),
      );
    else if (fault.startsWith('no such overload'))
      this.faults.push(
        invalid(
          `'${fault}': call arguments did not match a supported operator, function or macro signature for rule: ${shown}`,
        ),
      );
    else this.faults.push(invalid(`${fault} evaluating rule: ${shown}`));
  }

  #broken(
    { rule, messageExpression, fieldPath }: CompiledRule,
    node: Node,
    value: unknown,
    path: string,
    bindings: Parameters<NonNullable<Program>['evaluate']>[0],
    lenient: boolean,
  ): void {
    const at = fieldPath === undefined ? path : path === '' ? fieldPath : `${path}.${fieldPath}`;
    const into = lenient ? this.letPass : this.faults;
    let detail: string | undefined;
    if (messageExpression && 'program' in messageExpression) {
      const message = this.#message(messageExpression.program, rule, bindings);
      if (typeof message === 'object') {
        into.push(invalidValue(at || '<nil>', node.type, message.fault));
        this.#stopped = true;
        return;
      }
      detail = message;
    }
    detail ??= rule.message ? rule.message.trim() : `failed rule: ${rule.rule.trim()}`;
    into.push(faultOf(rule.reason, at || '<nil>', node.type, value, detail));
  }

  /** The text; undefined when there is none that can be shown; a fault when the budget is spent. */
  #message(
    program: Program,
    { messageExpression = '' }: RawRule,
    bindings: Parameters<Program['evaluate']>[0],
  ): string | undefined | { readonly fault: string } {
    const result = program.evaluate(bindings);
    if (result.cost > this.#budget)
      return {
        fault:
          'messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run',
      };
    if ('fault' in result && result.final)
      return {
        fault: `no further validation rules will be run due to call cost exceeds limit for messageExpression: ${JSON.stringify(messageExpression)}`,
      };
    this.#budget -= result.cost;
    if ('fault' in result || typeof result.value !== 'string') return undefined;
    const text = result.value.trim();
    return text === '' || text.includes('\n') || new TextEncoder().encode(text).length > messageBytesMax
      ? undefined
      : text;
  }
}

type Program = Extract<NonNullable<CompiledRule['expression']>, { program: unknown }>['program'];

const outOfBudget =
  'validation failed due to running out of cost budget, no further validation rules will be run';

/** `oldSelf` as the rule wants it. */
function bindingOf(
  { optionalOldSelf }: RawRule,
  oldSelf: ReturnType<Declared['toValue']> | undefined,
): Parameters<Program['evaluate']>[0] {
  if (!optionalOldSelf) return oldSelf === undefined ? {} : { oldSelf };
  if (oldSelf === undefined) return { oldSelf: Optional.none };
  return { oldSelf: oldSelf instanceof Fault ? oldSelf : new Optional(oldSelf) };
}

function faultOf(
  reason: string | undefined,
  path: string,
  type: string,
  value: unknown,
  detail: string,
): FieldError {
  // Of objects and lists the value is not shown.
  const omitted = type === 'object' || type === 'array';
  switch (reason) {
    case 'FieldValueForbidden':
      return forbiddenField(path, detail);
    case 'FieldValueRequired':
      return required(path, detail);
    case 'FieldValueDuplicate':
      return omitted
        ? { reason: 'FieldValueDuplicate', path, message: 'Duplicate value' }
        : duplicateValue(path, value);
    default:
      return omitted
        ? { reason: 'FieldValueInvalid', path, message: `Invalid value: ${detail}` }
        : invalidValue(path, value, detail);
  }
}
