import type { FieldError } from '#status.ts';
import type { CustomResourceConversion } from '#types.generated.ts';
import { forbiddenField, invalidValue, invalidValues, notSupported, required } from '#validation/faults.ts';
import { dns1035LabelFaults } from '#validation/names.ts';
import { validateAuthorities, validateClientConfig } from '#validation/webhook-client.ts';

const at = 'spec.conversion';
const strategies = ['None', 'Webhook'];
const reviewVersions = ['v1', 'v1beta1'];

/** How a definition's versions become each other. Paths are those that stock servers name. */
export function validateConversion(conversion: CustomResourceConversion | undefined): FieldError[] {
  if (!conversion) return [];
  const { strategy, webhook } = conversion;
  const faults: FieldError[] = [];
  if (!strategy) faults.push(required(`${at}.strategy`));
  else if (!strategies.includes(strategy)) faults.push(notSupported(`${at}.strategy`, strategy, strategies));
  if (strategy !== 'Webhook') {
    const why = 'should not be set when strategy is not set to Webhook';
    if (webhook?.clientConfig) faults.push(forbiddenField(`${at}.webhookClientConfig`, why));
    if (webhook?.conversionReviewVersions?.length) {
      faults.push(forbiddenField(`${at}.conversionReviewVersions`, why));
    }
    return faults;
  }
  if (!webhook?.clientConfig) {
    faults.push(required(`${at}.webhookClientConfig`, 'required when strategy is set to Webhook'));
  } else {
    faults.push(
      ...validateClientConfig(webhook.clientConfig, `${at}.webhookClientConfig`),
      ...validateAuthorities(webhook.clientConfig.caBundle, `${at}.webhookClientConfig.caBundle`),
    );
  }
  return [...faults, ...reviewVersionFaults(webhook?.conversionReviewVersions ?? [])];
}

function reviewVersionFaults(versions: readonly string[]): FieldError[] {
  const path = `${at}.conversionReviewVersions`;
  if (versions.length === 0) return [required(path)];
  const faults = versions.flatMap((version, index) =>
    versions.indexOf(version) < index
      ? [invalidValue(`${path}[${index}]`, version, 'duplicate version')]
      : invalidValues(`${path}[${index}]`, version, dns1035LabelFaults(version)),
  );
  if (!versions.some((version) => reviewVersions.includes(version))) {
    faults.push(invalidValue(path, versions, `must include at least one of ${reviewVersions.join(', ')}`));
  }
  return faults;
}
