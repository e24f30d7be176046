import { expect, test } from 'vitest';
import { parseResource } from './use-kind.ts';

test.each([
  ['pods', { plural: 'pods', group: '' }],
  ['daemonsets.apps', { plural: 'daemonsets', group: 'apps' }],
  ['daemonsets.apps.kruise.io', { plural: 'daemonsets', group: 'apps.kruise.io' }],
  [
    'daemonsets.v1alpha1.apps.kruise.io',
    { plural: 'daemonsets', group: 'apps.kruise.io', version: 'v1alpha1' },
  ],
  ['pods.v1', { plural: 'pods', group: '', version: 'v1' }],
  ['things.v.example.com', { plural: 'things', group: 'v.example.com' }],
])('%s is taken apart', (resource, expected) => {
  expect(parseResource(resource)).toEqual(expected);
});
