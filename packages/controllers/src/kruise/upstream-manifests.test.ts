/** Manifests of the shapes that OpenKruise's users have, taken as they are. */
import type { KubeObject } from '@skerry/api';
import { eventually } from '@skerry/base/testing';
import type { ResourceRef } from '@skerry/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kruiseResources } from '#kruise/kinds/refs.ts';
import { openKruiseManifests } from '#kruise/manifests/manifests.ts';
import { applyManifests } from '#kruise/testing/apply-manifests.ts';
import { startKruiseCluster } from '#kruise/testing/kruise-cluster.ts';
import type { KruiseCluster } from '#kruise/testing/kruise-cluster.ts';

let cluster: KruiseCluster;

beforeAll(async () => {
  cluster = await startKruiseCluster(['openkruise-component']);
  await applyManifests(cluster.client, openKruiseManifests());
  await eventually(() =>
    apply(byKind.DaemonSet, { kind: 'DaemonSet', metadata: { name: 'probe' }, ...daemonSet() }),
  );
});

afterAll(() => cluster.stop());

const byKind: Readonly<Record<string, ResourceRef>> = Object.fromEntries(
  Object.values(kruiseResources).map((ref) => [ref.kind, ref]),
);

const daemonSet = (spec: object = {}, template: object = {}) => ({
  spec: {
    selector: { matchLabels: { app: 'nginx' } },
    template: {
      metadata: { labels: { app: 'nginx' } },
      spec: { containers: [{ name: 'main', image: 'nginx:1.19.4' }], ...template },
    },
    ...spec,
  },
});
const endingPod = {
  spec: { containers: [{ name: 'pi', image: 'perl', command: ['perl'] }], restartPolicy: 'Never' },
};

async function apply(
  ref: ResourceRef | undefined,
  object: KubeObject,
  version = 'v1alpha1',
): Promise<KubeObject> {
  if (!ref) throw new Error(`no kind ${object.kind}`);
  const manifest = {
    ...object,
    apiVersion: `apps.kruise.io/${version}`,
    metadata: { ...object.metadata, ...(ref.namespaced ? { namespace: 'default' } : {}) },
  };
  const name = object.metadata?.name ?? '';
  return cluster.client
    .resource({ ...ref, version })
    .patch(name, manifest, { type: 'apply', namespace: 'default', fieldManager: 'kubectl', force: true });
}

test.each<[string, string, object, string?]>([
  [
    'a canary by node label',
    'DaemonSet',
    daemonSet({
      updateStrategy: {
        type: 'RollingUpdate',
        rollingUpdate: { selector: { matchLabels: { canary: 'true' } } },
      },
    }),
  ],
  [
    'a part of the nodes that stays',
    'DaemonSet',
    daemonSet({ updateStrategy: { rollingUpdate: { partition: '80%', maxUnavailable: '20%' } } }),
  ],
  ['a pause', 'DaemonSet', daemonSet({ updateStrategy: { rollingUpdate: { paused: true } } })],
  [
    'the old type Surging',
    'DaemonSet',
    daemonSet({ updateStrategy: { rollingUpdate: { rollingUpdateType: 'Surging', maxSurge: '30%' } } }),
  ],
  [
    'updates in place with all its settings',
    'DaemonSet',
    daemonSet(
      {
        burstReplicas: '50%',
        minReadySeconds: 10,
        revisionHistoryLimit: 3,
        updateStrategy: {
          type: 'RollingUpdate',
          rollingUpdate: { rollingUpdateType: 'InPlaceIfPossible', maxUnavailable: 5 },
        },
      },
      { priorityClassName: 'system-node-critical', hostNetwork: true, tolerations: [{ operator: 'Exists' }] },
    ),
  ],
  [
    'a hook',
    'DaemonSet',
    daemonSet({ lifecycle: { preDelete: { labelsHandler: { 'example.io/block-deleting': 'true' } } } }),
  ],
  ['OnDelete', 'DaemonSet', daemonSet({ updateStrategy: { type: 'OnDelete' } })],
  [
    'what only the newer version has',
    'DaemonSet',
    daemonSet({ scaleStrategy: { partitionedScaling: true } }),
    'v1beta1',
  ],
  [
    'a deadline',
    'BroadcastJob',
    { spec: { template: endingPod, completionPolicy: { type: 'Always', activeDeadlineSeconds: 10 } } },
  ],
  [
    'a job that stays',
    'BroadcastJob',
    { spec: { template: endingPod, completionPolicy: { type: 'Never' }, parallelism: 10 } },
  ],
  [
    'a time to live',
    'BroadcastJob',
    {
      spec: {
        template: endingPod,
        completionPolicy: { type: 'Always', ttlSecondsAfterFinished: 30 },
        paused: false,
      },
    },
    'v1beta1',
  ],
  [
    'a policy for failures',
    'BroadcastJob',
    { spec: { template: endingPod, failurePolicy: { type: 'Continue', restartLimit: 3 } } },
  ],
  [
    'all nodes',
    'ImagePullJob',
    {
      spec: {
        image: 'nginx:1.9.1',
        parallelism: 10,
        completionPolicy: { type: 'Always', activeDeadlineSeconds: 1200, ttlSecondsAfterFinished: 300 },
        pullPolicy: { backoffLimit: 3, timeoutSeconds: 300 },
      },
    },
  ],
  [
    'nodes by name and label',
    'ImagePullJob',
    {
      spec: {
        image: 'nginx',
        selector: { names: ['a', 'b'] },
        pullSecrets: ['s'],
        completionPolicy: { type: 'Never' },
        sandboxConfig: { annotations: { a: 'b' }, labels: { c: 'd' } },
      },
    },
  ],
  [
    'nodes of pods',
    'ImagePullJob',
    {
      spec: {
        image: `a.io/b@sha256:${'0'.repeat(64)}`,
        podSelector: { matchLabels: { a: 'b' } },
        imagePullPolicy: 'Always',
        completionPolicy: {},
      },
    },
    'v1beta1',
  ],
  [
    'several images',
    'ImageListPullJob',
    { spec: { images: ['nginx:1', 'busybox:1'], parallelism: 10, completionPolicy: { type: 'Always' } } },
  ],
])('with %s: a %s', async (what, kind, fields, version) => {
  const name = what.replaceAll(/[^a-z]+/gi, '-').toLowerCase();
  const made = await apply(byKind[kind], { kind, metadata: { name }, ...fields }, version);
  expect(made).toMatchObject(
    kind === 'DaemonSet' && JSON.stringify(fields).includes('Surging') ? {} : fields,
  );
  // Applied again, nothing changes: no write, hence no new version.
  const again = await apply(byKind[kind], { kind, metadata: { name }, ...fields }, version);
  expect(again.metadata?.generation).toBe(1);
});
