/**
 * What is wrong with the rules of a definition: texts that can't be read, and costs that are too high even for the largest
 * object that the schema allows. Asked only of schemas that are otherwise right.
 */
import { type FieldError, forbiddenField, invalidValue } from '@skerry/api';
import { declaredOf } from '@skerry/cel';
import { type CompiledExpression, compileRules, type RawRule } from '#crd/rules/compiled-rule.ts';
import { itemsOf, type RawSchema, valuesOf } from '#crd/schema/nodes.ts';
import { schemaFrom } from '#crd/structural-schema.ts';

/** Of one rule, times how often it may run on one object. */
const ruleCostMax = 10_000_000;
/** Of all rules of a schema. */
const totalCostMax = 100_000_000;
const requestBytesMax = 3 * 1024 * 1024;
const listedMax = 4;

export interface RuleFaultOptions {
  /** Rules of a schema that is as it was may cost what they cost. */
  readonly unchanged: boolean;
}

export function ruleFaults(raw: RawSchema, path: string, options: RuleFaultOptions): FieldError[] {
  const total = new TotalCost();
  const faults = nodeFaults(raw, path, {
    cardinality: 1,
    uncorrelatable: undefined,
    isRoot: true,
    total,
    ...options,
  });
  return [...faults, ...total.faults(path)];
}

/** Where a node stands. */
interface Place extends RuleFaultOptions {
  /** How often its values may occur in one object; undefined without bound. */
  readonly cardinality: number | undefined;
  /** The first part above whose elements can't be told which was which before. */
  readonly uncorrelatable: string | undefined;
  readonly isRoot: boolean;
  readonly total: TotalCost;
}

class TotalCost {
  #total = 0;
  readonly #expensive: { readonly path: string; readonly cost: number }[] = [];

  add(path: string, cost: number): void {
    this.#total += cost;
    if (cost >= totalCostMax / 100) this.#expensive.push({ path, cost });
  }

  faults(path: string): FieldError[] {
    if (this.#total <= totalCostMax) return [];
    const listed = this.#expensive.toSorted((a, b) => b.cost - a.cost).slice(0, listedMax);
    return [
      ...listed.map((expensive) =>
        forbiddenField(
          expensive.path,
          'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema',
        ),
      ),
      forbiddenField(
        path,
        tooCostly(
          'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema',
          this.#total,
          totalCostMax,
        ),
      ),
    ];
  }
}

function tooCostly(what: string, cost: number, limit: number): string {
  const factor = cost / limit;
  const shown = factor > 100 ? 'more than 100x' : `${factor < 1.5 ? factor.toFixed(6) : factor.toFixed(1)}x`;
  return `${what} exceeds budget by factor of ${shown} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
}

function nodeFaults(raw: RawSchema, path: string, place: Place): FieldError[] {
  const below: Place = { ...place, isRoot: false, cardinality: cardinalityBelow(raw, place) };
  const faults: FieldError[] = [];
  const values = valuesOf(raw);
  if (values) faults.push(...nodeFaults(values, `${path}.additionalProperties`, below));
  for (const [name, property] of Object.entries(raw.properties ?? {}))
    faults.push(...nodeFaults(property, `${path}.properties[${name}]`, below));
  const items = itemsOf(raw);
  if (items) {
    const correlatable = raw['x-kubernetes-list-type'] === 'map';
    const uncorrelatable = place.uncorrelatable ?? (correlatable ? undefined : path);
    faults.push(...nodeFaults(items, `${path}.items`, { ...below, uncorrelatable }));
  }
  return [...faults, ...ownFaults(raw, path, place)];
}

function cardinalityBelow(raw: RawSchema, { cardinality }: Place): number | undefined {
  if (cardinality === undefined) return undefined;
  if (raw.type === 'array')
    return raw.maxItems === undefined ? undefined : cardinality * Math.max(0, raw.maxItems);
  if (raw.type !== 'object' || raw.additionalProperties === undefined) return cardinality;
  return raw.maxProperties === undefined ? undefined : cardinality * Math.max(0, raw.maxProperties);
}

function ownFaults(raw: RawSchema, path: string, place: Place): FieldError[] {
  if (!raw['x-kubernetes-validations']?.length) return [];
  const at = `${path}.x-kubernetes-validations`;
  const declared = declaredOf({ schemas: {} }, schemaFrom(raw), {
    name: 'selfType',
    root: place.isRoot || raw['x-kubernetes-embedded-resource'] === true,
  });
  if (!declared)
    return [
      {
        reason: 'InternalError',
        path: at,
        message:
          'Internal error: internal error: failed to construct type information for x-kubernetes-validations rules: unable to convert structural schema to CEL declarations',
      },
    ];
  const occurrences = place.cardinality ?? Math.floor(requestBytesMax / (declared.minSize + 1));
  return compileRules(raw, declared).flatMap(({ rule, expression, messageExpression }, index) => [
    ...expressionFaults(`${at}[${index}]`, rule, expression, occurrences, place),
    ...messageFaults(`${at}[${index}].messageExpression`, rule, messageExpression, place),
  ]);
}

function expressionFaults(
  at: string,
  rule: RawRule,
  expression: CompiledExpression | undefined,
  occurrences: number,
  place: Place,
): FieldError[] {
  if (!expression) return [];
  if ('fault' in expression) return [invalidRule(`${at}.rule`, rule, expression.fault)];
  const faults: FieldError[] = [];
  const cost = expression.maxCost * occurrences;
  if (!place.unchanged && cost > ruleCostMax)
    faults.push(forbiddenField(`${at}.rule`, tooCostly('estimated rule cost', cost, ruleCostMax)));
  place.total.add(`${at}.rule`, cost);
  if (expression.usesOldSelf && place.uncorrelatable !== undefined)
    faults.push(
      invalidValue(
        `${at}.rule`,
        rule.rule,
        `oldSelf cannot be used on the uncorrelatable portion of the schema within ${place.uncorrelatable}`,
      ),
    );
  if (!expression.usesOldSelf && rule.optionalOldSelf !== undefined)
    faults.push(
      invalidValue(
        `${at}.optionalOldSelf`,
        rule.optionalOldSelf,
        'may not be set if oldSelf is not used in rule',
      ),
    );
  return faults;
}

function messageFaults(
  at: string,
  rule: RawRule,
  expression: CompiledExpression | undefined,
  place: Place,
): FieldError[] {
  if (!expression) return [];
  if ('fault' in expression) return [invalidRule(at, rule, expression.fault)];
  place.total.add(at, expression.maxCost);
  if (place.unchanged || expression.maxCost <= ruleCostMax) return [];
  return [forbiddenField(at, tooCostly('estimated messageExpression cost', expression.maxCost, ruleCostMax))];
}

/** The whole rule is shown, as stock servers show their own form of it. */
function invalidRule(path: string, rule: RawRule, why: string): FieldError {
  const shown = JSON.stringify({
    Rule: rule.rule,
    Message: rule.message ?? '',
    MessageExpression: rule.messageExpression ?? '',
    Reason: rule.reason ?? null,
    FieldPath: rule.fieldPath ?? '',
    OptionalOldSelf: rule.optionalOldSelf ?? null,
  }).replace(/[<>&\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return { reason: 'FieldValueInvalid', path, message: `Invalid value: ${shown}: ${why}` };
}
