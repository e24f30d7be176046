import { expect, test } from 'vitest';
import type { APIServiceSpec } from '#types.generated.ts';
import { validateApiService } from '#validation/api-service.ts';

const local: APIServiceSpec = {
  group: 'example.com',
  version: 'v1',
  groupPriorityMinimum: 1000,
  versionPriority: 10,
};
const service = { namespace: 'a', name: 'b' };

test.each<[string, Partial<APIServiceSpec>, string[]]>([
  ['v1.example.com', {}, []],
  ['v1.example.com', { service, caBundle: 'eA==' }, []],
  ['v1.', { group: '' }, []],
  [
    'v2.',
    { group: '', version: 'v2' },
    ['spec.group: Required value: only v1 may have an empty group and it better be legacy kube'],
  ],
  [
    'other',
    {},
    ['metadata.name: Invalid value: "other": must be `spec.version+"."+spec.group`: "v1.example.com"'],
  ],
  [
    'v1.example.com',
    { groupPriorityMinimum: 0, versionPriority: 1001 },
    [
      'spec.groupPriorityMinimum: Invalid value: 0: must be positive and less than 20000',
      'spec.versionPriority: Invalid value: 1001: must be positive and less than 1000',
    ],
  ],
  [
    'v1.example.com',
    { caBundle: 'eHl6', insecureSkipTLSVerify: true },
    [
      'spec.caBundle: Invalid value: "3 bytes": local APIServices may not have a caBundle',
      'spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have insecureSkipTLSVerify',
    ],
  ],
  [
    'v1.example.com',
    { service: {}, caBundle: 'eA==', insecureSkipTLSVerify: true },
    [
      'spec.service.namespace: Required value',
      'spec.service.name: Required value',
      'spec.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present',
    ],
  ],
])('an APIService %s with %j has the faults %j', (name, spec, expected) => {
  const faults = validateApiService({ metadata: { name }, spec: { ...local, ...spec } });
  expect(faults.map(({ path, message }) => `${path}: ${message}`)).toEqual(expected);
});
