import { expect, test } from 'vitest';
import { normalizeImageReference, parseImageReference } from '#image-reference.ts';

const digest = `sha256:${'a'.repeat(64)}`;

test.each([
  ['busybox', 'docker.io/library/busybox:latest'],
  ['busybox:1.36', 'docker.io/library/busybox:1.36'],
  ['team/app', 'docker.io/team/app:latest'],
  ['registry.k8s.io/pause:3.10', 'registry.k8s.io/pause:3.10'],
  ['localhost:5000/a/b:x', 'localhost:5000/a/b:x'],
  ['localhost/a', 'localhost/a:latest'],
  [`nginx@${digest}`, `docker.io/library/nginx@${digest}`],
  [`a.b/c:1@${digest}`, `a.b/c:1@${digest}`],
  [
    'registry.cn-beijing.aliyuncs.com/acs/tensorflow-mnist-sample:v1.5',
    'registry.cn-beijing.aliyuncs.com/acs/tensorflow-mnist-sample:v1.5',
  ],
])('%s is %s', (text, expected) => {
  expect(normalizeImageReference(text)).toBe(expected);
});

test.each(['', 'UPPER', 'a b', 'a/:x', ':1', 'a:', 'a@sha256:1', '/a', 'a//b'])(
  '%j names no image',
  (text) => {
    expect(parseImageReference(text)).toBeUndefined();
  },
);

test.each(['a'.repeat(300_000) + '\n@', ':1/'.repeat(100_000), 'a/'.repeat(150_000) + '!'])(
  'a text of a hundred thousand characters is refused in linear time',
  (text) => expect(parseImageReference(text)).toBeUndefined(),
);
