import type { FieldError } from '#status.ts';
import type { Node, NodeConfigSource } from '#types.generated.ts';
import { checkLegacyCIDR, isDualStack } from '#validation/addresses.ts';
import {
  checkPositive,
  checkReasons,
  duplicateValue,
  forbiddenField,
  invalidValue,
  quoted,
  required,
} from '#validation/faults.ts';
import { dataKeyFaults, dnsLabelFaults, dnsSubdomainFaults } from '#validation/names.ts';
import { checkAmount } from '#validation/resources.ts';
import { checkTaints } from '#validation/taints.ts';
import { typedForm } from '#validation/typed-form.ts';

export function validateNode(node: Node): FieldError[] {
  const faults: FieldError[] = [];
  checkTaints(faults, node.spec?.taints, 'metadata.taints');
  checkResources(faults, node);
  const swap = node.status?.nodeInfo?.swap?.capacity;
  if (swap !== undefined) checkPositive(faults, 'metadata.nodeSwapStatus.capacity', swap);
  checkFeatures(faults, node);
  const cidrs = node.spec?.podCIDRs ?? [];
  const path = 'spec.podCIDRs';
  for (const [index, cidr] of cidrs.entries()) checkLegacyCIDR(faults, `${path}[${index}]`, cidr);
  if (cidrs.length > 1 && (!isDualStack(cidrs) || cidrs.length > 2))
    faults.push(invalidValue(path, cidrs, 'may specify no more than one CIDR for each IP family'));
  return faults;
}

function checkResources(faults: FieldError[], { status }: Node): void {
  for (const field of ['capacity', 'allocatable'] as const)
    for (const [name, amount] of Object.entries(status?.[field] ?? {}))
      checkAmount(faults, name, amount, `status.${field}.${name}`);
}

const featurePattern = /^[A-Z][a-zA-Z0-9]*(\/[a-zA-Z][a-zA-Z0-9]*)*$/;
const featureLengthMax = 253;

function checkFeatures(faults: FieldError[], { status }: Node): void {
  const features = status?.declaredFeatures ?? [];
  for (const [index, feature] of features.entries()) {
    const at = `status.declaredFeatures[${index}]`;
    const why = featureFault(feature);
    if (why !== undefined)
      faults.push(invalidValue(at, feature, `invalid feature name ${quoted(feature)}: ${why}`));
    const next = features[index + 1];
    if (next === undefined) continue;
    const nextAt = `status.declaredFeatures[${index + 1}]`;
    if (feature === next) faults.push(duplicateValue(nextAt, next));
    else if (feature > next) faults.push(invalidValue(nextAt, next, 'list must be sorted alphabetically'));
  }
}

function featureFault(feature: string): string | undefined {
  if (feature.length > featureLengthMax) return `must be no more than ${featureLengthMax} characters`;
  return featurePattern.test(feature)
    ? undefined
    : "must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes";
}

/** What is given to a node once stays with it. Holds for its status too. */
export function validateNodeUpdate(node: Node, old: Node): FieldError[] {
  return [...validateNode(node), ...validateNodeStatus(node, old)];
}

/** Also what a change of the whole node is asked. */
export function validateNodeStatus(node: Node, old: Node): FieldError[] {
  const faults: FieldError[] = [];
  checkResources(faults, node);
  checkFeatures(faults, node);
  checkAddresses(faults, node);
  checkCidrsKept(faults, node.spec?.podCIDRs ?? [], old.spec?.podCIDRs ?? []);
  if (old.spec?.providerID && old.spec.providerID !== node.spec?.providerID)
    faults.push(
      forbiddenField('spec.providerID', 'node updates may not change providerID except from "" to valid'),
    );
  const source = node.spec?.configSource;
  if (source) checkConfigSource(faults, source, 'spec.configSource', { reported: false });
  const config = node.status?.config;
  for (const field of ['assigned', 'active', 'lastKnownGood'] as const) {
    const reported = config?.[field];
    if (reported) checkConfigSource(faults, reported, `status.config.${field}`, { reported: true });
  }
  checkTaints(faults, node.spec?.taints, 'metadata.taints');
  if ((node.spec?.externalID ?? '') !== (old.spec?.externalID ?? ''))
    faults.push(forbiddenField('spec.externalID', 'may not be updated'));
  return faults;
}

function checkAddresses(faults: FieldError[], { status }: Node): void {
  const seen = new Set<string>();
  for (const [index, address] of (status?.addresses ?? []).entries()) {
    const identity = `${address.type} ${address.address}`;
    if (seen.has(identity))
      faults.push(duplicateValue(`status.addresses[${index}]`, typedForm('NodeAddress', address)));
    seen.add(identity);
  }
}

function checkCidrsKept(faults: FieldError[], next: readonly string[], old: readonly string[]): void {
  if (old.length === 0) return;
  const fault = forbiddenField(
    'spec.podCIDRs',
    'node updates may not change podCIDR except from "" to valid',
  );
  if (old.length !== next.length) faults.push(fault);
  else for (const [index, cidr] of old.entries()) if (cidr !== next[index]) faults.push(fault);
}

function checkConfigSource(
  faults: FieldError[],
  source: NodeConfigSource,
  path: string,
  { reported }: { readonly reported: boolean },
): void {
  const { configMap } = source;
  if (!configMap) {
    faults.push(
      invalidValue(
        path,
        typedForm('NodeConfigSource', source),
        'exactly one reference subfield must be non-nil',
      ),
    );
    return;
  }
  const at = `${path}.configMap`;
  for (const field of ['uid', 'resourceVersion'] as const) {
    if (reported && !configMap[field]) faults.push(required(`${at}.${field}`));
    if (!reported && configMap[field])
      faults.push(forbiddenField(`${at}.${field}`, `${field} must not be set in spec`));
  }
  const { namespace, name, kubeletConfigKey: key } = configMap;
  if (!namespace) faults.push(required(`${at}.namespace`));
  else checkReasons(faults, `${at}.namespace`, namespace, dnsLabelFaults(namespace));
  if (!name) faults.push(required(`${at}.name`));
  else checkReasons(faults, `${at}.name`, name, dnsSubdomainFaults(name));
  if (!key) faults.push(required(`${at}.kubeletConfigKey`));
  else checkReasons(faults, `${at}.kubeletConfigKey`, key, dataKeyFaults(key));
}
