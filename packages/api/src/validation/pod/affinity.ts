/** Where a pod wants to be: near or far from nodes and other pods, and spread over domains. */
import { labelKeyFaults, type LabelSelectorObject } from '#selector.ts';
import type { FieldError } from '#status.ts';
import type { Affinity, PodAffinity, PodAffinityTerm, TopologySpreadConstraint } from '#types.generated.ts';
import {
  checkOptionalChoice,
  checkPositive,
  checkReasons,
  duplicateValue,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '#validation/faults.ts';
import { checkLabelSelector } from '#validation/label-selector.ts';
import { dnsLabelFaults } from '#validation/names.ts';
import { checkNodeSelector, checkNodeSelectorTerm } from '#validation/node-selector.ts';
import type { PodOptions } from '#validation/pod/options.ts';

const requiredField = 'requiredDuringSchedulingIgnoredDuringExecution';
const preferredField = 'preferredDuringSchedulingIgnoredDuringExecution';

export function checkAffinity(
  faults: FieldError[],
  { nodeAffinity, podAffinity, podAntiAffinity }: Affinity,
  path: string,
  options: PodOptions,
): void {
  if (nodeAffinity) {
    const at = `${path}.nodeAffinity`;
    if (nodeAffinity[requiredField])
      checkNodeSelector(faults, nodeAffinity[requiredField], `${at}.${requiredField}`, {
        anyValues: options.anyNodeAffinityValues,
      });
    for (const [index, term] of (nodeAffinity[preferredField] ?? []).entries()) {
      const here = `${at}.${preferredField}[${index}]`;
      checkWeight(faults, term.weight, here);
      checkNodeSelectorTerm(faults, term.preference ?? {}, `${here}.preference`, { anyValues: true });
    }
  }
  if (podAffinity) checkPodAffinity(faults, podAffinity, `${path}.podAffinity`, options);
  if (podAntiAffinity) checkPodAffinity(faults, podAntiAffinity, `${path}.podAntiAffinity`, options);
}

function checkWeight(faults: FieldError[], weight: number, path: string): void {
  if (weight <= 0 || weight > 100)
    faults.push(invalidValue(`${path}.weight`, weight, 'must be in the range 1-100'));
}

function checkPodAffinity(
  faults: FieldError[],
  affinity: PodAffinity,
  path: string,
  options: PodOptions,
): void {
  for (const [index, term] of (affinity[requiredField] ?? []).entries())
    checkTerm(faults, term, `${path}.${requiredField}[${index}]`, options);
  for (const [index, { weight, podAffinityTerm }] of (affinity[preferredField] ?? []).entries()) {
    const at = `${path}.${preferredField}[${index}]`;
    checkWeight(faults, weight, at);
    checkTerm(faults, podAffinityTerm, `${at}.podAffinityTerm`, options);
  }
}

function checkTerm(
  faults: FieldError[],
  { labelSelector, namespaceSelector, namespaces, topologyKey, ...keys }: PodAffinityTerm,
  path: string,
  { anyAffinityValues }: PodOptions,
): void {
  const leniency = { anyValues: anyAffinityValues };
  checkLabelSelector(faults, labelSelector, `${path}.labelSelector`, leniency);
  checkLabelSelector(faults, namespaceSelector, `${path}.namespaceSelector`, leniency);
  for (const name of namespaces ?? []) checkReasons(faults, `${path}.namespace`, name, dnsLabelFaults(name));
  checkLabelKeys(faults, { ...keys, labelSelector }, path);
  if (!topologyKey) faults.push(required(`${path}.topologyKey`, 'can not be empty'));
  checkReasons(faults, `${path}.topologyKey`, topologyKey, labelKeyFaults(topologyKey));
}

interface KeyedTerm {
  readonly matchLabelKeys?: readonly string[];
  readonly mismatchLabelKeys?: readonly string[];
  readonly labelSelector?: LabelSelectorObject;
}

/** Keys whose values come from the pod itself. */
function checkLabelKeys(faults: FieldError[], term: KeyedTerm, path: string): void {
  const { matchLabelKeys = [], mismatchLabelKeys = [], labelSelector } = term;
  checkKeys(faults, matchLabelKeys, labelSelector, `${path}.matchLabelKeys`);
  checkKeys(faults, mismatchLabelKeys, labelSelector, `${path}.mismatchLabelKeys`);
  const selected = new Set(Object.keys(labelSelector?.matchLabels ?? {}));
  for (const { key } of labelSelector?.matchExpressions ?? []) {
    const index = matchLabelKeys.lastIndexOf(key);
    if (index >= 0 && selected.has(key))
      faults.push(invalidValue(`${path}[${index}]`, key, 'exists in both matchLabelKeys and labelSelector'));
    selected.add(key);
  }
  for (const [index, key] of matchLabelKeys.entries())
    if (mismatchLabelKeys.includes(key))
      faults.push(
        invalidValue(
          `${path}.matchLabelKeys[${index}]`,
          key,
          'exists in both matchLabelKeys and mismatchLabelKeys',
        ),
      );
}

function checkKeys(
  faults: FieldError[],
  keys: readonly string[],
  labelSelector: LabelSelectorObject | undefined,
  path: string,
): void {
  if (keys.length === 0) return;
  if (!labelSelector) {
    faults.push(forbiddenField(path, 'must not be specified when labelSelector is not set'));
    return;
  }
  for (const [index, key] of keys.entries())
    checkReasons(faults, `${path}[${index}]`, key, labelKeyFaults(key));
}

const spreadActions = ['DoNotSchedule', 'ScheduleAnyway'];
const inclusionPolicies = ['Honor', 'Ignore'];

export function checkSpread(
  faults: FieldError[],
  constraints: readonly TopologySpreadConstraint[],
  path: string,
  options: PodOptions,
): void {
  for (const [index, constraint] of constraints.entries()) {
    const at = `${path}[${index}]`;
    const { topologyKey, whenUnsatisfiable, minDomains, labelSelector } = constraint;
    checkPositive(faults, `${at}.maxSkew`, constraint.maxSkew);
    if (!topologyKey) faults.push(required(`${at}.topologyKey`, 'can not be empty'));
    if (!spreadActions.includes(whenUnsatisfiable))
      faults.push(notSupported(`${at}.whenUnsatisfiable`, whenUnsatisfiable, spreadActions));
    const again = constraints
      .slice(index + 1)
      .some((other) => other.topologyKey === topologyKey && other.whenUnsatisfiable === whenUnsatisfiable);
    if (again)
      faults.push(
        duplicateValue(`${at}.{topologyKey, whenUnsatisfiable}`, `{${topologyKey}, ${whenUnsatisfiable}}`),
      );
    if (minDomains !== undefined) {
      checkPositive(faults, `${at}.minDomains`, minDomains);
      if (whenUnsatisfiable !== 'DoNotSchedule')
        faults.push(
          invalidValue(
            `${at}.minDomains`,
            minDomains,
            `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`,
          ),
        );
    }
    checkOptionalChoice(faults, `${at}.nodeAffinityPolicy`, constraint.nodeAffinityPolicy, inclusionPolicies);
    checkOptionalChoice(faults, `${at}.nodeTaintsPolicy`, constraint.nodeTaintsPolicy, inclusionPolicies);
    checkLabelKeys(faults, { matchLabelKeys: constraint.matchLabelKeys, labelSelector }, at);
    if (!options.anySpreadSelector) checkLabelSelector(faults, labelSelector, `${at}.labelSelector`);
  }
}
