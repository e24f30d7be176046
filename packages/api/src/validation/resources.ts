import { compareQuantities, isQuantity, parseQuantity } from '#quantity.ts';
import { labelKeyFaults } from '#selector.ts';
import type { FieldError } from '#status.ts';
import type { ResourceRequirements } from '#types.generated.ts';
import { invalidValue, invalidValues, required } from '#validation/faults.ts';

const standardContainerResources = new Set(['cpu', 'memory', 'ephemeral-storage']);
const hugePagesPrefix = 'hugepages-';

function isHugePages(name: string): boolean {
  return name.startsWith(hugePagesPrefix);
}

/** `domain/name` outside of kubernetes.io: integers only, request equals limit, no overcommit. */
function isExtendedResource(name: string): boolean {
  const [domain, rest] = name.split('/');
  return rest !== undefined && !(domain === 'kubernetes.io' || domain?.endsWith('.kubernetes.io'));
}

function nameFaults(name: string): string[] {
  const faults = labelKeyFaults(name);
  if (faults.length > 0) return faults;
  if (!name.includes('/') && !standardContainerResources.has(name) && !isHugePages(name))
    return [
      'must be a standard resource type or fully qualified',
      'must be a standard resource for containers',
    ];
  return [];
}

/** Resources of a container (or of a pod) as the scheduler can count them. */
export function validateResourceRequirements(
  resources: ResourceRequirements | undefined,
  path: string,
): FieldError[] {
  if (!resources) return [];
  const { limits = {}, requests = {} } = resources;
  const faults = [
    ...validateResourceList(limits, `${path}.limits`),
    ...validateResourceList(requests, `${path}.requests`),
  ];
  for (const [name, request] of Object.entries(requests)) {
    const limit = limits[name];
    const at = `${path}.requests`;
    const fixed = isExtendedResource(name) || isHugePages(name);
    if (limit === undefined) {
      if (fixed)
        faults.push(required(`${path}.limits`, 'Limit must be set for non overcommitable resources'));
      continue;
    }
    if (!isQuantity(request) || !isQuantity(limit)) continue;
    const order = compareQuantities(parseQuantity(request), parseQuantity(limit));
    if (fixed && order !== 0)
      faults.push(invalidValue(at, request, `must be equal to ${name} limit of ${limit}`));
    else if (order > 0)
      faults.push(invalidValue(at, request, `must be less than or equal to ${name} limit of ${limit}`));
  }
  return faults;
}

export function validateResourceList(
  list: Readonly<Record<string, string>>,
  path: string,
  options: { readonly anyName?: boolean } = {},
): FieldError[] {
  const faults: FieldError[] = [];
  for (const [name, text] of Object.entries(list)) {
    const at = `${path}[${name}]`;
    if (!options.anyName) faults.push(...invalidValues(at, name, nameFaults(name)));
    faults.push(...validateQuantity(text, at));
    if (isExtendedResource(name) && isQuantity(text) && parseQuantity(text).nanos % 1_000_000_000n !== 0n)
      faults.push(invalidValue(at, text, 'must be an integer'));
  }
  return faults;
}

export function validateQuantity(text: string, path: string): FieldError[] {
  if (!isQuantity(text))
    return [
      invalidValue(
        path,
        text,
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
      ),
    ];
  return parseQuantity(text).nanos < 0n
    ? [invalidValue(path, text, 'must be greater than or equal to 0')]
    : [];
}
