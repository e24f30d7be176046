import type { Container, PodTemplateSpec } from '@skerry/api';
import { expect, test } from 'vitest';
import { inPlaceChange } from '#kruise/in-place/in-place-change.ts';

const template = (
  main: Partial<Container> = {},
  { labels = {}, more = {} }: { labels?: Record<string, string>; more?: object } = {},
): PodTemplateSpec => ({
  metadata: { labels },
  spec: { containers: [{ name: 'main', image: 'a', ...main }], ...more },
});
const readsTier: Partial<Container> = {
  env: [{ name: 'TIER', valueFrom: { fieldRef: { fieldPath: "metadata.labels['tier']" } } }],
};

test.each([
  ['an image', template(), template({ image: 'b' }), { images: { main: 'b' } }],
  ['nothing', template(), template(), { images: {} }],
  [
    'labels',
    template({}, { labels: { a: '1', b: '1' } }),
    template({}, { labels: { b: '2' } }),
    { images: {}, labels: { a: null, b: '2' } },
  ],
  [
    'a label that a container has read',
    template(readsTier, { labels: { tier: '1', other: 'x' } }),
    template(readsTier, { labels: { tier: '2' } }),
    { images: {}, labels: { tier: '2', other: null }, readers: ['main'] },
  ],
  [
    'a label that none has read',
    template(readsTier, { labels: { other: '1' } }),
    template(readsTier, { labels: { other: '2' } }),
    { labels: { other: '2' }, readers: [] },
  ],
])('%s changes in place', (_what, old, next, expected) => {
  expect(inPlaceChange(old, next)).toMatchObject(expected);
});

test.each([
  ['arguments', template(), template({ image: 'b', args: ['x'] })],
  [
    'the image of an init container',
    template(),
    template({}, { more: { initContainers: [{ name: 'i', image: 'x' }] } }),
  ],
  ['another container', template(), template({ name: 'other' })],
  [
    'one more container',
    template(),
    { ...template(), spec: { containers: [{ name: 'main', image: 'a' }, { name: 'x' }] } },
  ],
  ['an image that is taken away', template(), template({ image: undefined })],
])('%s takes a new pod', (_what, old, next) => {
  expect(inPlaceChange(old, next)).toBeUndefined();
});
