import { expect, test } from 'vitest';
import { validateConversion } from '#validation/crd-conversion.ts';

const url = 'https://convert.example.com/x';
const conversionReviewVersions = ['v1'];
const service = { namespace: 'a', name: 'b' };

test.each([
  [{ strategy: 'None' }, []],
  [{ strategy: 'Webhook', webhook: { clientConfig: { url }, conversionReviewVersions } }, []],
  [{ strategy: 'Webhook', webhook: { clientConfig: { service }, conversionReviewVersions } }, []],
  [
    { strategy: 'Other' },
    ['spec.conversion.strategy: Unsupported value: "Other": supported values: "None", "Webhook"'],
  ],
  [
    { strategy: 'None', webhook: { clientConfig: { url }, conversionReviewVersions } },
    [
      'spec.conversion.webhookClientConfig: Forbidden: should not be set when strategy is not set to Webhook',
      'spec.conversion.conversionReviewVersions: Forbidden: should not be set when strategy is not set to Webhook',
    ],
  ],
  [
    { strategy: 'Webhook' },
    [
      'spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook',
      'spec.conversion.conversionReviewVersions: Required value',
    ],
  ],
  [
    { strategy: 'Webhook', webhook: { clientConfig: {}, conversionReviewVersions } },
    ['spec.conversion.webhookClientConfig: Required value: exactly one of url or service is required'],
  ],
  [
    {
      strategy: 'Webhook',
      webhook: { clientConfig: { url: 'http://me:you@a.example.com/?x=1#y' }, conversionReviewVersions },
    },
    [
      `spec.conversion.webhookClientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme; desired format: https://host[/path]`,
      'spec.conversion.webhookClientConfig.url: Invalid value: "me:you": user information is not permitted in the URL',
      'spec.conversion.webhookClientConfig.url: Invalid value: "y": fragments are not permitted in the URL',
      'spec.conversion.webhookClientConfig.url: Invalid value: "x=1": query parameters are not permitted in the URL',
    ],
  ],
  [
    {
      strategy: 'Webhook',
      webhook: {
        clientConfig: { service: { ...service, path: 'a//b', port: 70_000 } },
        conversionReviewVersions,
      },
    },
    [
      'spec.conversion.webhookClientConfig.service.port: Invalid value: 70000: port is not valid: must be between 1 and 65535, inclusive',
      `spec.conversion.webhookClientConfig.service.path: Invalid value: "a//b": must start with a '/'`,
      'spec.conversion.webhookClientConfig.service.path: Invalid value: "a//b": segment[0] may not be empty',
      'spec.conversion.webhookClientConfig.service.path: Invalid value: "a//b": segment[1] may not be empty',
    ],
  ],
  [
    { strategy: 'Webhook', webhook: { clientConfig: { url }, conversionReviewVersions: ['v2', 'v2'] } },
    [
      'spec.conversion.conversionReviewVersions[1]: Invalid value: "v2": duplicate version',
      'spec.conversion.conversionReviewVersions: Invalid value: ["v2","v2"]: must include at least one of v1, v1beta1',
    ],
  ],
])('a conversion of %j has the faults %j', (conversion, expected) => {
  expect(validateConversion(conversion).map(({ path, message }) => `${path}: ${message}`)).toEqual(expected);
});
