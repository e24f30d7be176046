import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { generateApi } from './generate.ts';
import { pairNames, parseType } from './model-types.ts';
import { typeNames } from './type-names.ts';

test('the generated files are what the generator writes now', async () => {
  for (const [file, text] of Object.entries(await generateApi())) {
    const path = new URL(`../../packages/api/src/${file}`, import.meta.url);
    expect(readFileSync(path, 'utf8') === text, `${file}: run node tools/generate/api.ts`).toBe(true);
  }
});

test.each([
  ['string', { form: 'scalar', name: 'string' }],
  ['V1Pod', { form: 'model', name: 'V1Pod' }],
  ['Array<V1Container>', { form: 'array', items: { form: 'model', name: 'V1Container' } }],
  [
    '{ [key: string]: Array<string>; }',
    { form: 'map', values: { form: 'array', items: { form: 'scalar', name: 'string' } } },
  ],
])('the type %s is understood', (text, expected) => {
  expect(parseType(text)).toEqual(expected);
});

test('a name that two groups share is told apart by its group', () => {
  const paired = pairNames(
    ['V1Pod', 'CoreV1Event', 'EventsV1Event'],
    ['io.k8s.api.core.v1.Pod', 'io.k8s.api.core.v1.Event', 'io.k8s.api.events.v1.Event'],
  );
  expect(Object.fromEntries(paired)).toEqual({
    V1Pod: 'io.k8s.api.core.v1.Pod',
    CoreV1Event: 'io.k8s.api.core.v1.Event',
    EventsV1Event: 'io.k8s.api.events.v1.Event',
  });
});

test('kinds, newer versions and core get the plain name', () => {
  const names = typeNames(
    [
      'io.k8s.api.autoscaling.v1.Autoscaler',
      'io.k8s.api.autoscaling.v2.Autoscaler',
      'io.k8s.api.core.v1.ResourceClaim',
      'io.k8s.api.resource.v1.ResourceClaim',
      'io.k8s.api.core.v1.EndpointPort',
      'io.k8s.api.discovery.v1.EndpointPort',
    ],
    new Set(['io.k8s.api.resource.v1.ResourceClaim']),
  );
  expect([...names.values()].sort()).toEqual([
    'Autoscaler',
    'AutoscalerV1',
    'CoreResourceClaim',
    'DiscoveryEndpointPort',
    'EndpointPort',
    'ResourceClaim',
  ]);
});
