/** References from a container or a volume to the fields and resources of its own pod. */
import { labelKeyFaults } from '#selector.ts';
import { canonicalQuantity } from '#quantity.ts';
import type { FieldError } from '#status.ts';
import type { ObjectFieldSelector, ResourceFieldSelector } from '#types.generated.ts';
import { checkReasons, invalidValue, notSupported, required } from '#validation/faults.ts';
import { quantityIn } from '#validation/resources.ts';

/** For files. */
export const fileFieldPaths = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
];

/** For environment variables. */
export const envFieldPaths = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];

/** Fields that have a name at all, whatever they may be used for. */
const knownFieldPaths: ReadonlySet<string> = new Set([
  ...fileFieldPaths,
  ...envFieldPaths,
  'spec.restartPolicy',
  'spec.schedulerName',
  'status.phase',
  'spec.host',
]);

export function checkFieldRef(
  faults: FieldError[],
  { apiVersion = '', fieldPath }: ObjectFieldSelector,
  supported: readonly string[],
  path: string,
): void {
  if (!apiVersion) {
    faults.push(required(`${path}.apiVersion`));
    return;
  }
  if (!fieldPath) {
    faults.push(required(`${path}.fieldPath`));
    return;
  }
  const [, field, subscript] = /^(.+?)\['(.*)'\]$/.exec(fieldPath) ?? [];
  const unknown = unknownFieldFault(apiVersion, fieldPath, field);
  if (unknown !== undefined)
    faults.push(invalidValue(`${path}.fieldPath`, fieldPath, `error converting fieldPath: ${unknown}`));
  else if (field !== undefined && subscript !== undefined) {
    const key = field === 'metadata.annotations' ? subscript.toLowerCase() : subscript;
    checkReasons(faults, path, key, labelKeyFaults(key));
  } else {
    const meant = fieldPath === 'spec.host' ? 'spec.nodeName' : fieldPath;
    if (!supported.includes(meant)) faults.push(notSupported(`${path}.fieldPath`, meant, supported));
  }
}

function unknownFieldFault(
  apiVersion: string,
  fieldPath: string,
  subscripted: string | undefined,
): string | undefined {
  if (apiVersion !== 'v1') return `unsupported pod version: ${apiVersion}`;
  if (subscripted !== undefined)
    return subscripted === 'metadata.annotations' || subscripted === 'metadata.labels'
      ? undefined
      : `field label does not support subscript: ${fieldPath}`;
  return knownFieldPaths.has(fieldPath) ? undefined : `field label not supported: ${fieldPath}`;
}

const resourcePaths = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];
const hugePagesPath = /^(limits|requests)\.hugepages-/;

export function checkResourceFieldRef(
  faults: FieldError[],
  { containerName, resource, divisor }: ResourceFieldSelector,
  path: string,
  { needsContainer }: { readonly needsContainer: boolean },
): void {
  if (needsContainer && !containerName) faults.push(required(`${path}.containerName`));
  else if (!resource) faults.push(required(`${path}.resource`));
  else if (!resourcePaths.includes(resource) && !hugePagesPath.test(resource))
    faults.push(notSupported(`${path}.resource`, resource, resourcePaths));
  checkDivisor(faults, resource, divisor, `${path}.divisor`);
}

const byteDivisors = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'];

function checkDivisor(
  faults: FieldError[],
  resource: string,
  divisor: string | undefined,
  path: string,
): void {
  if (divisor === undefined || !quantityIn(divisor)?.nanos) return;
  const unit = canonicalQuantity(divisor);
  if (resource.endsWith('.cpu')) {
    if (unit !== '1m' && unit !== '1')
      faults.push(
        invalidValue(path, resource, "only divisor's values 1m and 1 are supported with the cpu resource"),
      );
    return;
  }
  const kind = bytesKind(resource);
  if (kind && !byteDivisors.includes(unit))
    faults.push(
      invalidValue(
        path,
        resource,
        `only divisor's values ${byteDivisors.join(', ')} are supported with the ${kind} resource`,
      ),
    );
}

function bytesKind(resource: string): string | undefined {
  if (hugePagesPath.test(resource)) return 'hugepages';
  if (!resourcePaths.includes(resource)) return undefined;
  return resource.endsWith('.memory') ? 'memory' : 'local ephemeral storage';
}
