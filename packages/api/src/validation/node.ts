import type { FieldError } from '#status.ts';
import type { Node } from '#types.generated.ts';
import { duplicateValue, forbiddenField, invalidValues } from '#validation/faults.ts';
import { cidrFaults } from '#validation/names.ts';
import { validateTaints } from '#validation/pod-spec.ts';
import { validateResourceList } from '#validation/resources.ts';

export function validateNode(node: Node): FieldError[] {
  const faults = validateTaints(node.spec?.taints, 'metadata.taints');
  for (const [index, cidr] of (node.spec?.podCIDRs ?? []).entries())
    faults.push(...invalidValues(`spec.podCIDRs[${index}]`, cidr, cidrFaults(cidr)));
  const seen = new Set<string>();
  for (const [index, address] of (node.status?.addresses ?? []).entries()) {
    const identity = `${address.type} ${address.address}`;
    if (seen.has(identity)) faults.push(duplicateValue(`status.addresses[${index}]`, address));
    seen.add(identity);
  }
  const { capacity, allocatable } = node.status ?? {};
  faults.push(...validateResourceList(capacity ?? {}, 'status.capacity', { anyName: true }));
  faults.push(...validateResourceList(allocatable ?? {}, 'status.allocatable', { anyName: true }));
  return faults;
}

/** What is given to a node once stays with it. */
export function validateNodeUpdate(node: Node, old: Node): FieldError[] {
  const faults: FieldError[] = [];
  const before = old.spec?.podCIDRs ?? [];
  if (before.length > 0 && before.join() !== (node.spec?.podCIDRs ?? []).join())
    faults.push(
      forbiddenField('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid'),
    );
  if (old.spec?.providerID && old.spec.providerID !== node.spec?.providerID)
    faults.push(
      forbiddenField('spec.providerID', 'node updates may not change providerID except from "" to valid'),
    );
  return faults;
}
