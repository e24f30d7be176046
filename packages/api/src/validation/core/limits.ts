/** LimitRanges and ResourceQuotas. */
import {
  canonicalQuantity,
  compareQuantities,
  quantityMilliValue,
  quantityOf,
  quantityValue,
  type Quantity,
} from '#quantity.ts';
import { labelKeyFaults } from '#selector.ts';
import type { FieldError } from '#status.ts';
import type { LimitRange, LimitRangeItem, ResourceQuota, ResourceQuotaSpec } from '#types.generated.ts';
import { checkReasons, duplicateValue, forbiddenField, invalidValue, required } from '#validation/faults.ts';
import {
  allowsOvercommit,
  checkAmount,
  checkContainerResourceName,
  checkQuotaResourceName,
  checkResourceName,
  isStandardQuotaResource,
  quantityIn,
} from '#validation/resources.ts';
import { typedForm } from '#validation/typed-form.ts';

const limitTypes: ReadonlySet<string> = new Set(['Pod', 'Container', 'PersistentVolumeClaim']);

export function validateLimitRange({ spec }: LimitRange): FieldError[] {
  const faults: FieldError[] = [];
  const types = new Set<string>();
  for (const [index, item] of (spec?.limits ?? []).entries()) {
    const at = `spec.limits[${index}]`;
    const { type } = item;
    const reasons = labelKeyFaults(type);
    checkReasons(faults, `${at}.type`, type, reasons);
    if (reasons.length === 0 && !type.includes('/') && !limitTypes.has(type))
      faults.push(invalidValue(`${at}.type`, type, 'must be a standard limit type or fully qualified'));
    if (types.has(type)) faults.push(duplicateValue(`${at}.type`, type));
    types.add(type);
    checkLimitNames(faults, item, at);
    const names = new Set(
      (['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const).flatMap((field) =>
        Object.keys(item[field] ?? {}),
      ),
    );
    for (const name of names) checkOrder(faults, item, at, name);
  }
  return faults;
}

function checkLimitNames(faults: FieldError[], item: LimitRangeItem, at: string): void {
  const check =
    item.type === 'Pod' || item.type === 'Container' ? checkContainerResourceName : checkResourceName;
  const checkAll = (field: 'max' | 'min' | 'default' | 'defaultRequest' | 'maxLimitRequestRatio'): void => {
    for (const name in item[field]) check(faults, name, `${at}.${field}[${name}]`);
  };
  checkAll('max');
  checkAll('min');
  for (const field of ['default', 'defaultRequest'] as const)
    if (item.type !== 'Pod') checkAll(field);
    else if (Object.keys(item[field] ?? {}).length > 0)
      faults.push(forbiddenField(`${at}.${field}`, "may not be specified when `type` is 'Pod'"));
  if (item.type === 'PersistentVolumeClaim' && !item.min?.['storage'] && !item.max?.['storage'])
    faults.push(
      required(
        `${at}.limits`,
        'either minimum or maximum storage value is required, but neither was provided',
      ),
    );
  checkAll('maxLimitRequestRatio');
}

interface Amount {
  readonly text: string;
  readonly quantity: Quantity;
}

function amountIn(list: Record<string, string> | undefined, name: string): Amount | undefined {
  const text = list?.[name];
  const quantity = quantityIn(text);
  return text !== undefined && quantity ? { text: canonicalQuantity(text), quantity } : undefined;
}

/** Each of minimum, default request, default limit and maximum must not be above the next. */
function checkOrder(faults: FieldError[], item: LimitRangeItem, at: string, name: string): void {
  const isPod = item.type === 'Pod';
  const min = amountIn(item.min, name);
  const max = amountIn(item.max, name);
  const limit = isPod ? undefined : amountIn(item.default, name);
  const request = isPod ? undefined : amountIn(item.defaultRequest, name);
  const ratio = amountIn(item.maxLimitRequestRatio, name);
  const above = (a: Amount | undefined, b: Amount | undefined): boolean =>
    a !== undefined && b !== undefined && compareQuantities(a.quantity, b.quantity) > 0;
  const tell = (field: string, value: Amount | undefined, why: string): void => {
    faults.push(invalidValue(`${at}.${field}[${name}]`, value?.text, why));
  };
  if (above(min, max)) tell('min', min, `min value ${min?.text} is greater than max value ${max?.text}`);
  if (above(min, request))
    tell(
      'defaultRequest',
      request,
      `min value ${min?.text} is greater than default request value ${request?.text}`,
    );
  if (above(request, max))
    tell(
      'defaultRequest',
      request,
      `default request value ${request?.text} is greater than max value ${max?.text}`,
    );
  if (above(request, limit))
    tell(
      'defaultRequest',
      request,
      `default request value ${request?.text} is greater than default limit value ${limit?.text}`,
    );
  if (above(min, limit))
    tell('default', min, `min value ${min?.text} is greater than default value ${limit?.text}`);
  if (above(limit, max))
    tell('default', max, `default value ${limit?.text} is greater than max value ${max?.text}`);
  if (ratio && compareQuantities(ratio.quantity, quantityOf(1)) < 0)
    tell('maxLimitRequestRatio', ratio, `ratio ${ratio.text} is less than 1`);
  if (ratio && min && max) {
    const most = ratioOf(max.quantity, min.quantity);
    if (quantityMilliValue(ratio.quantity) / 1000 > most)
      tell('maxLimitRequestRatio', ratio, `ratio ${ratio.text} is greater than max/min = ${most.toFixed(6)}`);
  }
  if (
    !allowsOvercommit(name) &&
    limit &&
    request &&
    compareQuantities(limit.quantity, request.quantity) !== 0
  )
    tell(
      'defaultRequest',
      request,
      `default value ${limit.text} must equal to defaultRequest value ${request.text} in ${name}`,
    );
}

/** In thousandths where those can be counted. */
function ratioOf(a: Quantity, b: Quantity): number {
  const milliMax = 2 ** 63 / 1000;
  const small = quantityValue(a) < milliMax && quantityValue(b) < milliMax;
  return small ? quantityMilliValue(a) / quantityMilliValue(b) : quantityValue(a) / quantityValue(b);
}

const podResources = ['cpu', 'memory', 'limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory'];

/** Which of the counted things a scope can tell apart. */
const scopedResources: Readonly<Record<string, readonly string[]>> = {
  Terminating: ['pods', ...podResources],
  NotTerminating: ['pods', ...podResources],
  NotBestEffort: ['pods', ...podResources],
  PriorityClass: ['pods', ...podResources],
  CrossNamespacePodAffinity: ['pods', ...podResources],
  BestEffort: ['pods'],
  VolumeAttributesClass: ['persistentvolumeclaims', 'requests.storage'],
};
const existenceScopes: ReadonlySet<string> = new Set([
  'BestEffort',
  'NotBestEffort',
  'Terminating',
  'NotTerminating',
  'CrossNamespacePodAffinity',
]);
const opposites = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
] as const;

function isScopedWrongly(scope: string, resource: string): boolean {
  const known = Object.hasOwn(scopedResources, scope) ? scopedResources[scope] : undefined;
  return known !== undefined && isStandardQuotaResource(resource) && !known.includes(resource);
}

export function validateResourceQuota({ spec, status }: ResourceQuota): FieldError[] {
  const faults: FieldError[] = [];
  checkQuotaSpec(faults, spec ?? {});
  checkAmounts(faults, status?.hard, 'status.hard');
  checkAmounts(faults, status?.used, 'status.used');
  return faults;
}

function checkAmounts(faults: FieldError[], amounts: Record<string, string> | undefined, path: string): void {
  for (const name in amounts) {
    const at = `${path}[${name}]`;
    checkQuotaResourceName(faults, name, at);
    checkAmount(faults, name, amounts[name]!, at);
  }
}

function checkQuotaSpec(faults: FieldError[], spec: ResourceQuotaSpec): void {
  checkAmounts(faults, spec.hard, 'spec.hard');
  const resources = Object.keys(spec.hard ?? {}).sort();
  const { scopes = [] } = spec;
  for (const scope of scopes) {
    if (!Object.hasOwn(scopedResources, scope))
      faults.push(invalidValue('spec.scopes', scopes, 'unsupported scope'));
    for (const resource of resources)
      if (isScopedWrongly(scope, resource))
        faults.push(invalidValue('spec.scopes', scopes, 'unsupported scope applied to resource'));
  }
  checkOpposites(faults, scopes, scopes, 'spec.scopes');
  checkScopeSelector(faults, spec, resources);
}

function checkOpposites(
  faults: FieldError[],
  scopes: readonly string[],
  told: readonly string[] | undefined,
  path: string,
): void {
  for (const pair of opposites)
    if (pair.every((scope) => scopes.includes(scope)))
      faults.push(invalidValue(path, told ?? null, 'conflicting scopes'));
}

function checkScopeSelector(
  faults: FieldError[],
  { scopeSelector, scopes }: ResourceQuotaSpec,
  resources: readonly string[],
): void {
  if (!scopeSelector) return;
  const path = 'spec.scopeSelector.matchExpressions';
  const expressions = scopeSelector.matchExpressions ?? [];
  for (const { scopeName = '', operator = '', values = [] } of expressions) {
    if (!Object.hasOwn(scopedResources, scopeName))
      faults.push(invalidValue(`${path}.scopeName`, scopeName, 'unsupported scope'));
    for (const resource of resources)
      if (isScopedWrongly(scopeName, resource))
        faults.push(
          invalidValue(
            path,
            typedForm('ScopeSelector', scopeSelector),
            'unsupported scope applied to resource',
          ),
        );
    if (existenceScopes.has(scopeName) && operator !== 'Exists')
      faults.push(
        invalidValue(
          `${path}.operator`,
          operator,
          "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
        ),
      );
    checkScopeOperator(faults, operator, values, path);
  }
  checkOpposites(
    faults,
    expressions.map(({ scopeName }) => scopeName),
    scopes,
    path,
  );
}

function checkScopeOperator(
  faults: FieldError[],
  operator: string,
  values: readonly string[],
  path: string,
): void {
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0)
        faults.push(
          required(
            `${path}.values`,
            "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
          ),
        );
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0)
        faults.push(
          invalidValue(
            `${path}.values`,
            values,
            "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
          ),
        );
      break;
    default:
      faults.push(invalidValue(`${path}.operator`, operator, 'not a valid selector operator'));
  }
}

export function validateResourceQuotaUpdate(next: ResourceQuota, old: ResourceQuota): FieldError[] {
  const faults: FieldError[] = [];
  checkQuotaSpec(faults, next.spec ?? {});
  const sorted = ({ spec }: ResourceQuota): string => [...new Set(spec?.scopes)].sort().join();
  if (sorted(next) !== sorted(old))
    faults.push(invalidValue('spec.scopes', next.spec?.scopes ?? null, 'field is immutable'));
  return faults;
}

export function validateResourceQuotaStatus({ status }: ResourceQuota): FieldError[] {
  const faults: FieldError[] = [];
  checkAmounts(faults, status?.hard, 'status.hard');
  checkAmounts(faults, status?.used, 'status.used');
  return faults;
}
