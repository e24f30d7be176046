import type { FieldError } from '#status.ts';
import type { MutatingWebhook, ValidatingWebhook } from '#types.generated.ts';
import { validateMatchConditions } from '#validation/admission-policies.ts';
import { matchPolicies, validateRule } from '#validation/admission-rules.ts';
import {
  checkOptionalChoice,
  checkReasons,
  duplicateValue,
  invalidValue,
  invalidValues,
  notSupported,
  required,
} from '#validation/faults.ts';
import { validateLabelSelector } from '#validation/label-selector.ts';
import { dns1035LabelFaults, dnsSubdomainFaults } from '#validation/names.ts';
import { validateClientConfig } from '#validation/webhook-client.ts';

const failurePolicies = ['Fail', 'Ignore'];
const reinvocations = ['IfNeeded', 'Never'];
const sideEffects = ['None', 'NoneOnDryRun'];
const reviewVersions = ['v1', 'v1beta1'];
const timeoutSecondsMax = 30;

/** Webhooks of a configuration, each by itself and their names together. */
export function validateWebhooks(
  webhooks: readonly (MutatingWebhook | ValidatingWebhook)[] | undefined,
): FieldError[] {
  const names = new Set<string>();
  return (webhooks ?? []).flatMap((webhook, index) => {
    const at = `webhooks[${index}]`;
    const faults = validateWebhook(webhook, at);
    if (names.has(webhook.name)) faults.push(duplicateValue(`${at}.name`, webhook.name));
    names.add(webhook.name);
    return faults;
  });
}

function validateWebhook(webhook: MutatingWebhook | ValidatingWebhook, at: string): FieldError[] {
  const faults: FieldError[] = [];
  const { name, failurePolicy, matchPolicy, sideEffects: effects, timeoutSeconds, clientConfig } = webhook;
  checkName(faults, name, `${at}.name`);
  for (const [index, rule] of (webhook.rules ?? []).entries())
    faults.push(...validateRule(rule, `${at}.rules[${index}]`));
  checkOptionalChoice(faults, `${at}.failurePolicy`, failurePolicy, failurePolicies);
  checkOptionalChoice(faults, `${at}.matchPolicy`, matchPolicy, matchPolicies);
  if (effects === undefined)
    faults.push(required(`${at}.sideEffects`, 'must specify one of None, NoneOnDryRun'));
  else if (!sideEffects.includes(effects))
    faults.push(notSupported(`${at}.sideEffects`, effects, sideEffects));
  if (timeoutSeconds !== undefined && (timeoutSeconds < 1 || timeoutSeconds > timeoutSecondsMax))
    faults.push(
      invalidValue(
        `${at}.timeoutSeconds`,
        timeoutSeconds,
        `the timeout value must be between 1 and ${timeoutSecondsMax} seconds`,
      ),
    );
  faults.push(...validateLabelSelector(webhook.namespaceSelector, `${at}.namespaceSelector`));
  faults.push(...validateLabelSelector(webhook.objectSelector, `${at}.objectSelector`));
  if ('reinvocationPolicy' in webhook)
    checkOptionalChoice(faults, `${at}.reinvocationPolicy`, webhook.reinvocationPolicy, reinvocations);
  faults.push(...validateClientConfig(clientConfig ?? {}, `${at}.clientConfig`));
  faults.push(...validateMatchConditions(webhook.matchConditions, `${at}.matchConditions`));
  checkReviewVersions(faults, webhook.admissionReviewVersions ?? [], `${at}.admissionReviewVersions`);
  return faults;
}

function checkName(faults: FieldError[], name: string, path: string): void {
  if (!name) {
    faults.push(required(path));
    return;
  }
  const why = dnsSubdomainFaults(name);
  if (why.length > 0) faults.push(...invalidValues(path, name, why));
  else if (name.split('.').length < 3)
    faults.push(
      invalidValue(path, name, 'should be a domain with at least three segments separated by dots'),
    );
}

function checkReviewVersions(faults: FieldError[], versions: readonly string[], path: string): void {
  if (versions.length === 0) {
    faults.push(required(path, `must specify one of ${reviewVersions.join(', ')}`));
    return;
  }
  const seen = new Set<string>();
  for (const [index, version] of versions.entries()) {
    const at = `${path}[${index}]`;
    if (seen.has(version)) faults.push(invalidValue(at, version, 'duplicate version'));
    else checkReasons(faults, at, version, dns1035LabelFaults(version));
    seen.add(version);
  }
  if (!versions.some((version) => reviewVersions.includes(version)))
    faults.push(invalidValue(path, versions, `must include at least one of ${reviewVersions.join(', ')}`));
}
