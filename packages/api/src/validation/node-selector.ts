/** Which nodes are meant: of node affinity, of volumes, of device pools. */
import type { FieldError } from '#status.ts';
import type { NodeSelector, NodeSelectorRequirement, NodeSelectorTerm } from '#types.generated.ts';
import { checkReasons, invalidValue, required } from '#validation/faults.ts';
import { checkLabelRequirement, type SelectorLeniency } from '#validation/label-selector.ts';
import { dnsSubdomainFaults } from '#validation/names.ts';

export function checkNodeSelector(
  faults: FieldError[],
  selector: NodeSelector,
  path: string,
  leniency: SelectorLeniency = {},
): void {
  const at = `${path}.nodeSelectorTerms`;
  if (!selector.nodeSelectorTerms?.length)
    faults.push(required(at, 'must have at least one node selector term'));
  for (const [index, term] of (selector.nodeSelectorTerms ?? []).entries())
    checkNodeSelectorTerm(faults, term, `${at}[${index}]`, leniency);
}

export function checkNodeSelectorTerm(
  faults: FieldError[],
  { matchExpressions, matchFields }: NodeSelectorTerm,
  path: string,
  leniency: SelectorLeniency,
): void {
  for (const [index, requirement] of (matchExpressions ?? []).entries())
    checkLabelRequirement(faults, requirement, `${path}.matchExpressions[${index}]`, {
      ...leniency,
      numbers: true,
    });
  for (const [index, requirement] of (matchFields ?? []).entries())
    checkFieldRequirement(faults, requirement, `${path}.matchFields[${index}]`);
}

function checkFieldRequirement(
  faults: FieldError[],
  { key, operator, values = [] }: NodeSelectorRequirement,
  path: string,
): void {
  if (operator !== 'In' && operator !== 'NotIn')
    faults.push(invalidValue(`${path}.operator`, operator, 'not a valid selector operator'));
  else if (values.length !== 1)
    faults.push(
      required(
        `${path}.values`,
        "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
      ),
    );
  if (key !== 'metadata.name')
    faults.push(invalidValue(`${path}.key`, key, 'not a valid field selector key'));
  else
    for (const [index, value] of values.entries())
      checkReasons(faults, `${path}.values[${index}]`, value, dnsSubdomainFaults(value));
}
