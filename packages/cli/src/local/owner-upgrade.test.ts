import type { Pod } from '@skerry/api';
import { silentLogger } from '@skerry/base';
import { eventually, FakeClock } from '@skerry/base/testing';
import { resources } from '@skerry/client';
import { FakeApiClient } from '@skerry/client/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { needsUpgrade, ownerUpgrade } from './owner-upgrade.ts';

const base = '/openyurt.io/v1/namespaces/default/pods/agent-x';
const next = 'controllerrevision: new';

let clock: FakeClock;
let client: FakeApiClient;
let isLinked: boolean;
let pulled: string[];
let pulling: Promise<void>;

beforeEach(() => {
  clock = new FakeClock();
  client = new FakeApiClient({ clock });
  isLinked = true;
  pulled = [];
  pulling = Promise.resolve();
});

function seed(change: { metadata?: Pod['metadata']; conditions?: object[] } = {}): void {
  const { metadata, conditions = [{ type: 'PodNeedUpgrade', status: 'True', message: next }] } = change;
  client.seed<Pod>(resources.pods, {
    metadata: {
      name: 'agent-x',
      namespace: 'default',
      uid: 'x',
      annotations: { 'apps.skerry.io/next-images': '["agent:2"]' },
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'agent', uid: 'd', controller: true },
      ],
      ...metadata,
    },
    spec: { nodeName: 'n1', containers: [] },
    status: { conditions: conditions as never },
  });
}

const pod = () => client.all<Pod>(resources.pods)[0];
const imageReady = () => pod()?.status?.conditions?.find(({ type }) => type === 'PodImageReady');

function ask(pathname: string, method = 'POST') {
  return ownerUpgrade(
    {
      agent: {
        pods: { find: (_, name) => (name === 'agent-x' ? ({} as never) : undefined), list: () => [] },
        async pullImages(_, images) {
          pulled.push(...images);
          await pulling;
        },
      },
      client,
      isLinked: () => isLinked,
      clock,
      log: silentLogger,
    },
    { method, pathname },
  );
}

describe('a pod that its machine’s owner has replaced', () => {
  test('is deleted, for its set to make it anew', async () => {
    seed();
    expect(needsUpgrade(pod()!)).toBe(true);
    expect(await ask(`${base}/upgrade`)).toBe('Start updating pod default/agent-x');
    expect(pod()?.metadata.deletionTimestamp).toBeDefined();
  });

  const refusals: readonly (readonly [string, Parameters<typeof seed>[0], RegExp])[] = [
    ['is of the newest template', { conditions: [] }, /update status is False/],
    ['is of no DaemonSet', { metadata: { ownerReferences: [] } }, /of no DaemonSet/],
    ['is being deleted', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }, /is deleting/],
    [
      'waits for its images',
      {
        conditions: [
          { type: 'PodNeedUpgrade', status: 'True', message: next },
          { type: 'PodImageReady', status: 'False', reason: 'WaitPullImage', message: next },
        ],
      },
      /image is not ready, reason: WaitPullImage/,
    ],
    [
      'has the images of an older template',
      {
        conditions: [
          { type: 'PodNeedUpgrade', status: 'True', message: next },
          {
            type: 'PodImageReady',
            status: 'True',
            reason: 'PullImageSuccess',
            message: 'controllerrevision: old',
          },
        ],
      },
      /image is not ready/,
    ],
  ];
  test.each(refusals)('stays where it %s', async (_, change, why) => {
    seed(change);
    await expect(ask(`${base}/upgrade`)).rejects.toThrow(why);
    expect(client.all(resources.pods)).toHaveLength(1);
  });

  test('is not touched while the machine is cut off, nor one that does not run here', async () => {
    seed();
    await expect(ask(base.replace('agent-x', 'other') + '/upgrade')).rejects.toThrow(/no pod default\/other/);
    isLinked = false;
    await expect(ask(`${base}/upgrade`)).rejects.toThrow(/not allowed when node is disconnected/);
    expect(client.all(resources.pods)).toHaveLength(1);
  });
});

describe('images of a pod to come', () => {
  test('are brought in, and the pod’s condition says how that went', async () => {
    let done = () => undefined as void;
    pulling = new Promise((resolve) => (done = resolve));
    seed();
    expect(await ask(`${base}/imagepull`)).toBe('Image pre-pull requested for pod default/agent-x');
    expect(pulled).toEqual(['agent:2']);
    expect(imageReady()).toMatchObject({ status: 'False', reason: 'WaitPullImage', message: next });
    done();
    await eventually(() =>
      expect(imageReady()).toMatchObject({ status: 'True', reason: 'PullImageSuccess', message: next }),
    );
    expect(await ask(`${base}/upgrade`)).toContain('Start updating');
  });

  test('that can’t be had are told of', async () => {
    pulling = Promise.reject(new Error('no such image'));
    seed();
    await ask(`${base}/imagepull`);
    await eventually(() => expect(imageReady()).toMatchObject({ status: 'False', reason: 'PullImageFail' }));
  });
});

test('other requests are none of its business', async () => {
  for (const [pathname, method] of [
    ['/openyurt.io/v1/namespaces/default/pods/agent-x/upgrade', 'GET'],
    ['/openyurt.io/v1/namespaces/default/pods/agent-x/delete', 'POST'],
    ['/local/pods', 'POST'],
  ] as const)
    expect(await ask(pathname, method)).toBeUndefined();
});
