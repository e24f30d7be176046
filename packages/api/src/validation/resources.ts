/**
 * Names and amounts of resources: which names mean something where, and which amounts can be counted.
 * Rules: https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
 */
import { canonicalQuantity, compareQuantities, isQuantity, parseQuantity, type Quantity } from '#quantity.ts';
import { labelKeyFaults } from '#selector.ts';
import type { FieldError } from '#status.ts';
import type { CoreResourceClaim, ResourceRequirements } from '#types.generated.ts';
import {
  checkReasons,
  duplicateValue,
  forbiddenField,
  invalidValue,
  negativeFault,
  notFoundValue,
  notSupported,
  required,
} from '#validation/faults.ts';
import { dnsLabelFaults } from '#validation/names.ts';

const nano = 1_000_000_000n;
const hugePagesPrefix = 'hugepages-';
const requestsPrefix = 'requests.';
const nativeDomain = 'kubernetes.io/';

const computeResources = ['cpu', 'memory', 'ephemeral-storage'];
const countedObjects = [
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
];
const containerResources: ReadonlySet<string> = new Set(computeResources);
const integerResources: ReadonlySet<string> = new Set(countedObjects);
const quotaResources: ReadonlySet<string> = new Set([
  ...computeResources,
  ...computeResources.map((name) => `requests.${name}`),
  ...computeResources.map((name) => `limits.${name}`),
  'requests.storage',
  ...countedObjects,
]);

export function isHugePages(name: string): boolean {
  return name.startsWith(hugePagesPrefix);
}

function isQuotaHugePages(name: string): boolean {
  return isHugePages(name) || name.startsWith(`${requestsPrefix}${hugePagesPrefix}`);
}

export function isStandardQuotaResource(name: string): boolean {
  return quotaResources.has(name) || isQuotaHugePages(name);
}

function isStandardResource(name: string): boolean {
  return name === 'storage' || isStandardQuotaResource(name);
}

export function isNativeResource(name: string): boolean {
  return !name.includes('/') || name.includes(nativeDomain);
}

/** `domain/name` outside of kubernetes.io: integers only, request equals limit, no overcommit. */
export function isExtendedResource(name: string): boolean {
  if (isNativeResource(name) || name.startsWith(requestsPrefix)) return false;
  return labelKeyFaults(`${requestsPrefix}${name}`).length === 0;
}

/** Whether more of it may be promised than there is. */
export function allowsOvercommit(name: string): boolean {
  return isNativeResource(name) && !isHugePages(name);
}

/** What can be limited for a pod as a whole. */
export function isPodLevelResource(name: string): boolean {
  return name === 'cpu' || name === 'memory' || isHugePages(name);
}

type NameCheck = (faults: FieldError[], name: string, path: string) => void;

export function checkResourceName(faults: FieldError[], name: string, path: string): void {
  const reasons = labelKeyFaults(name);
  checkReasons(faults, path, name, reasons);
  if (reasons.length === 0 && !name.includes('/') && !isStandardResource(name))
    faults.push(invalidValue(path, name, 'must be a standard resource type or fully qualified'));
}

export function checkContainerResourceName(faults: FieldError[], name: string, path: string): void {
  if (containerResources.has(name)) return;
  checkResourceName(faults, name, path);
  if (!name.includes('/')) {
    if (!isHugePages(name))
      faults.push(invalidValue(path, name, 'must be a standard resource for containers'));
  } else if (!isNativeResource(name) && !isExtendedResource(name))
    faults.push(invalidValue(path, name, "doesn't follow extended resource name standard"));
}

function checkPodResourceName(faults: FieldError[], name: string, path: string): void {
  const before = faults.length;
  checkResourceName(faults, name, path);
  if (faults.length === before && !isPodLevelResource(name))
    faults.push(notSupported(path, name, ['cpu', 'hugepages-', 'memory']));
}

export function checkQuotaResourceName(faults: FieldError[], name: string, path: string): void {
  checkResourceName(faults, name, path);
  if (!name.includes('/') && !isStandardQuotaResource(name))
    faults.push(invalidValue(path, name, 'must be a standard resource for quota'));
}

/** An amount that can be read; what can't is refused when an object is decoded. */
export function quantityIn(text: string | number | undefined): Quantity | undefined {
  return isQuantity(text) ? parseQuantity(text) : undefined;
}

const smallest = 1_000_000n;

/** Whether an amount has a fraction, down to thousandths. */
export function hasFraction({ nanos }: Quantity): boolean {
  const thousandths = nanos % smallest === 0n ? nanos / smallest : nanos / smallest + 1n;
  return thousandths % 1000n !== 0n;
}

/** An amount of `name`: not negative, and whole where parts make no sense. */
export function checkAmount(faults: FieldError[], name: string, text: string, path: string): void {
  const amount = quantityIn(text);
  if (!amount) return;
  if (amount.nanos < 0n) faults.push(invalidValue(path, canonicalQuantity(text), negativeFault));
  if (hasFraction(amount) && (integerResources.has(name) || isExtendedResource(name)))
    faults.push(invalidValue(path, canonicalQuantity(text), 'must be an integer'));
}

export function checkNotNegativeQuantity(faults: FieldError[], text: string, path: string): void {
  const amount = quantityIn(text);
  if (amount && amount.nanos < 0n) faults.push(invalidValue(path, canonicalQuantity(text), negativeFault));
}

export function checkPositiveQuantity(faults: FieldError[], text: string, path: string): void {
  const amount = quantityIn(text);
  if (amount && amount.nanos <= 0n)
    faults.push(invalidValue(path, canonicalQuantity(text), 'must be greater than zero'));
}

export interface ResourceOptions {
  /** Names of the pod's resource claims. */
  readonly claims?: ReadonlySet<string>;
  /** Whether the object already has amounts that are no whole pages. */
  readonly partialPages?: boolean;
}

/** Resources of a container. */
export function checkResources(
  faults: FieldError[],
  resources: ResourceRequirements | undefined,
  path: string,
  options: ResourceOptions = {},
): void {
  if (resources) checkRequirements(faults, resources, path, checkContainerResourceName, options);
}

/** Resources of a pod as a whole. */
export function checkPodResources(
  faults: FieldError[],
  resources: ResourceRequirements,
  path: string,
  options: ResourceOptions = {},
): void {
  checkRequirements(faults, resources, path, checkPodResourceName, options);
}

function checkRequirements(
  faults: FieldError[],
  { limits = {}, requests = {}, claims }: ResourceRequirements,
  path: string,
  checkName: NameCheck,
  options: ResourceOptions,
): void {
  let compute = false;
  let hugePages = false;
  for (const name in limits) {
    const at = `${path}.limits[${name}]`;
    checkName(faults, name, at);
    checkAmount(faults, name, limits[name]!, at);
    checkPages(faults, name, limits[name]!, at, options);
    if (name === 'cpu' || name === 'memory') compute = true;
    else if (isHugePages(name)) hugePages = true;
  }
  for (const name in requests) {
    const at = `${path}.requests[${name}]`;
    checkName(faults, name, at);
    checkAmount(faults, name, requests[name]!, at);
    checkAgainstLimit(faults, name, requests[name]!, limits[name], path);
    checkPages(faults, name, requests[name]!, at, options);
    if (name === 'cpu' || name === 'memory') compute = true;
    else if (isHugePages(name)) hugePages = true;
  }
  if (hugePages && !compute) faults.push(forbiddenField(path, 'HugePages require cpu or memory'));
  if (claims) checkClaimNames(faults, claims, options.claims ?? new Set(), `${path}.claims`);
}

function checkAgainstLimit(
  faults: FieldError[],
  name: string,
  request: string,
  limit: string | undefined,
  path: string,
): void {
  if (limit === undefined) {
    if (!allowsOvercommit(name))
      faults.push(required(`${path}.limits`, 'Limit must be set for non overcommitable resources'));
    return;
  }
  if (request === limit) return;
  const wanted = quantityIn(request);
  const allowed = quantityIn(limit);
  if (!wanted || !allowed) return;
  const order = compareQuantities(wanted, allowed);
  const told = canonicalQuantity(request);
  if (order !== 0 && !allowsOvercommit(name))
    faults.push(
      invalidValue(`${path}.requests`, told, `must be equal to ${name} limit of ${canonicalQuantity(limit)}`),
    );
  else if (order > 0)
    faults.push(
      invalidValue(
        `${path}.requests`,
        told,
        `must be less than or equal to ${name} limit of ${canonicalQuantity(limit)}`,
      ),
    );
}

function checkPages(
  faults: FieldError[],
  name: string,
  text: string,
  path: string,
  options: ResourceOptions,
): void {
  if (!isHugePages(name) || options.partialPages || isWholePages(name, text)) return;
  const told = canonicalQuantity(text);
  faults.push(invalidValue(path, told, `${told} is not positive integer multiple of ${name}`));
}

export function isWholePages(name: string, text: string): boolean {
  const page = quantityIn(name.slice(hugePagesPrefix.length));
  const amount = quantityIn(text);
  if (!page || !amount || page.nanos <= 0n || hasFraction(page)) return false;
  return (amount.nanos / nano) % (page.nanos / nano) === 0n;
}

function checkClaimNames(
  faults: FieldError[],
  claims: readonly CoreResourceClaim[],
  known: ReadonlySet<string>,
  path: string,
): void {
  const names = new Set<string>();
  for (const [index, { name, request }] of claims.entries()) {
    const at = `${path}[${index}]`;
    if (!name) {
      faults.push(required(at));
      continue;
    }
    if (names.has(name)) faults.push(duplicateValue(at, name));
    else {
      let key = name;
      if (request) {
        checkReasons(faults, `${at}.request`, request, dnsLabelFaults(request));
        key += `/${request}`;
      }
      if (names.has(key)) faults.push(duplicateValue(at, key));
      else if (!request)
        for (const other of names) if (other.startsWith(`${name}/`)) faults.push(duplicateValue(at, name));
      names.add(key);
    }
    if (!known.has(name)) {
      const listed = [...known].sort().join(', ');
      const why = `must be one of the names in pod.spec.resourceClaims${listed ? `: ${listed}` : ' which is empty'}`;
      faults.push(notFoundValue(at, name, why));
    }
  }
}
