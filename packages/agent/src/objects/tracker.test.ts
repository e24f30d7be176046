import { afterEach, expect, test } from 'vitest';
import type { ConfigMap, PodSpec } from '@skerry/api';
import { silentLogger } from '@skerry/base';
import { FakeClock } from '@skerry/base/testing';
import { resources } from '@skerry/client';
import { FakeApiClient } from '@skerry/client/testing';
import { configMapNames, ObjectTracker, secretNames } from '#objects/tracker.ts';
import { testContainer, testPod } from '#testing/pods.ts';

let tracker: ObjectTracker | undefined;
afterEach(() => tracker?.close());

const withMap = (name: string): Partial<PodSpec> => ({ volumes: [{ name: 'v', configMap: { name } }] });

function setUp() {
  const clock = new FakeClock();
  const client = new FakeApiClient({ clock });
  const changed: string[] = [];
  tracker = new ObjectTracker({
    client,
    clock,
    log: silentLogger,
    random: () => 0,
    volumes: true,
    changed: (uid) => void changed.push(uid),
  });
  const put = (name: string, data: Record<string, string>) =>
    client.seed<ConfigMap>(resources.configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace: 'default' },
      data,
    });
  return { clock, client, changed, put, tracker };
}

test('what a pod holds is read as it is now, and its changes are told', async () => {
  const { clock, client, changed, put, tracker } = setUp();
  put('a', { k: '1' });
  tracker.hold(testPod(withMap('a')));
  await clock.advance(100);
  expect((await tracker.configMap('default', 'a'))?.data).toEqual({ k: '1' });
  changed.length = 0;
  client.edit<ConfigMap>(resources.configMaps, { namespace: 'default', name: 'a' }, (object) => {
    object.data = { k: '2' };
  });
  await clock.advance(100);
  expect(changed).toEqual(['u1']);
  expect((await tracker.configMap('default', 'a'))?.data).toEqual({ k: '2' });
});

test('what is not there is undefined, not an error, and its coming is told', async () => {
  const { clock, changed, put, tracker } = setUp();
  tracker.hold(testPod(withMap('late')));
  await clock.advance(100);
  expect(await tracker.configMap('default', 'late')).toBeUndefined();
  put('late', {});
  await clock.advance(100);
  expect(changed).toContain('u1');
});

test('what no pod holds is not followed', async () => {
  const { clock, put, tracker } = setUp();
  put('a', {});
  tracker.hold(testPod(withMap('a')));
  await clock.advance(100);
  tracker.hold(testPod(withMap('b')));
  await expect(tracker.configMap('default', 'a')).rejects.toThrow('object "default"/"a" not registered');
  tracker.release('u1');
  await expect(tracker.configMap('default', 'b')).rejects.toThrow('not registered');
});

test('names are found wherever a pod may name them', () => {
  const pod = testPod({
    imagePullSecrets: [{ name: 'pull' }],
    volumes: [
      { name: 'a', configMap: { name: 'volume' } },
      { name: 'b', secret: { secretName: 'volume' } },
      {
        name: 'c',
        projected: { sources: [{ configMap: { name: 'projected' } }, { secret: { name: 'projected' } }] },
      },
    ],
    initContainers: [
      testContainer('init', {
        envFrom: [{ configMapRef: { name: 'whole' } }, { secretRef: { name: 'whole' } }],
      }),
    ],
    containers: [
      testContainer('main', {
        env: [
          { name: 'A', valueFrom: { configMapKeyRef: { name: 'key', key: 'k' } } },
          { name: 'B', valueFrom: { secretKeyRef: { name: 'key', key: 'k' } } },
        ],
      }),
    ],
  });
  expect(configMapNames(pod)).toEqual(['whole', 'key', 'volume', 'projected']);
  expect(secretNames(pod)).toEqual(['pull', 'whole', 'key', 'volume', 'projected']);
  expect(configMapNames(pod, { volumes: false })).toEqual(['whole', 'key']);
});
