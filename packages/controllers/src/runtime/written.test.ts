import type { ConfigMap } from '@skerry/api';
import { expect, test } from 'vitest';
import { Written } from '#runtime/written.ts';

const at = (resourceVersion: string): ConfigMap => ({ metadata: { name: 'a', uid: 'u', resourceVersion } });

test('what was written stands in for a copy that lags, until the copy shows it or something later', () => {
  const written = new Written<ConfigMap>();
  written.note(at('10'));
  expect(written.latest(at('9')).metadata.resourceVersion).toBe('10');
  expect(written.latest(at('12')).metadata.resourceVersion).toBe('12');
  // It was let go of: the copy is right from here on.
  expect(written.latest(at('9')).metadata.resourceVersion).toBe('9');
});

test('of another object under the same name it says nothing', () => {
  const written = new Written<ConfigMap>();
  written.note(at('10'));
  const successor: ConfigMap = { metadata: { name: 'a', uid: 'v', resourceVersion: '5' } };
  expect(written.latest(successor)).toBe(successor);
});
