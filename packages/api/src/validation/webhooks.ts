import type { FieldError } from '#status.ts';
import type { MutatingWebhook, ValidatingWebhook } from '#types.generated.ts';
import { validateMatchConditions } from '#validation/admission-policies.ts';
import { matchPolicies, validateRule } from '#validation/admission-rules.ts';
import { duplicateValue, invalidValue, invalidValues, notSupported, required } from '#validation/faults.ts';
import { validateLabelSelector } from '#validation/label-selector.ts';
import { dnsSubdomainFaults } from '#validation/names.ts';
import { validateClientConfig } from '#validation/webhook-client.ts';

const failurePolicies = ['Fail', 'Ignore'];
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
  if (!name) faults.push(required(`${at}.name`));
  else {
    faults.push(...invalidValues(`${at}.name`, name, dnsSubdomainFaults(name)));
    if (name.split('.').length < 3)
      faults.push(
        invalidValue(`${at}.name`, name, 'should be a domain with at least three segments separated by dots'),
      );
  }
  if (failurePolicy && !failurePolicies.includes(failurePolicy))
    faults.push(notSupported(`${at}.failurePolicy`, failurePolicy, failurePolicies));
  if (matchPolicy && !matchPolicies.includes(matchPolicy))
    faults.push(notSupported(`${at}.matchPolicy`, matchPolicy, matchPolicies));
  if (!effects) faults.push(required(`${at}.sideEffects`, 'must specify one of None, NoneOnDryRun'));
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
  const versions = webhook.admissionReviewVersions ?? [];
  if (versions.length === 0)
    faults.push(
      required(`${at}.admissionReviewVersions`, `must specify one of ${reviewVersions.join(', ')}`),
    );
  else if (!versions.some((version) => reviewVersions.includes(version)))
    faults.push(
      invalidValue(
        `${at}.admissionReviewVersions`,
        versions,
        `must include at least one of ${reviewVersions.join(', ')}`,
      ),
    );
  faults.push(...validateClientConfig(clientConfig ?? {}, `${at}.clientConfig`));
  for (const [index, rule] of (webhook.rules ?? []).entries())
    faults.push(...validateRule(rule, `${at}.rules[${index}]`));
  faults.push(...validateMatchConditions(webhook.matchConditions, `${at}.matchConditions`));
  faults.push(...validateLabelSelector(webhook.namespaceSelector, `${at}.namespaceSelector`));
  faults.push(...validateLabelSelector(webhook.objectSelector, `${at}.objectSelector`));
  return faults;
}
