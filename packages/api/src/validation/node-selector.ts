/** Which nodes are meant: of node affinity, of volumes, of device pools. */
import { labelKeyFaults, labelValueFaults } from '#selector.ts';
import type { FieldError } from '#status.ts';
import type { NodeSelector, NodeSelectorRequirement, NodeSelectorTerm } from '#types.generated.ts';
import { checkReasons, forbiddenField, invalidValue, required } from '#validation/faults.ts';
import { dnsSubdomainFaults } from '#validation/names.ts';

export interface NodeSelectorLeniency {
  readonly anyValues?: boolean;
}

export function checkNodeSelector(
  faults: FieldError[],
  selector: NodeSelector,
  path: string,
  leniency: NodeSelectorLeniency = {},
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
  leniency: NodeSelectorLeniency,
): void {
  for (const [index, requirement] of (matchExpressions ?? []).entries())
    checkLabelRequirement(faults, requirement, `${path}.matchExpressions[${index}]`, leniency);
  for (const [index, requirement] of (matchFields ?? []).entries())
    checkFieldRequirement(faults, requirement, `${path}.matchFields[${index}]`);
}

function checkLabelRequirement(
  faults: FieldError[],
  { key, operator, values = [] }: NodeSelectorRequirement,
  path: string,
  { anyValues = false }: NodeSelectorLeniency,
): void {
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0)
        faults.push(required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0)
        faults.push(
          forbiddenField(
            `${path}.values`,
            "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
          ),
        );
      break;
    case 'Gt':
    case 'Lt':
      if (values.length !== 1)
        faults.push(
          required(`${path}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"),
        );
      break;
    default:
      faults.push(invalidValue(`${path}.operator`, operator, 'not a valid selector operator'));
  }
  checkReasons(faults, `${path}.key`, key, labelKeyFaults(key));
  if (anyValues) return;
  for (const [index, value] of values.entries())
    checkReasons(faults, `${path}.values[${index}]`, value, labelValueFaults(value));
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
