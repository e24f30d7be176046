import type { AnyObject, ConfigMap, CustomResourceDefinition } from '@skerry/api';
import { eventually } from '@skerry/base/testing';
import { resources } from '@skerry/client';
import type { ResourceRef } from '@skerry/client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AdvancedDaemonSet } from '#kruise/kinds/daemon-set.ts';
import { kruiseResources } from '#kruise/kinds/refs.ts';
import { openKruiseManifests } from '#kruise/manifests/manifests.ts';
import { applyManifests } from '#kruise/testing/apply-manifests.ts';
import { startKruiseCluster } from '#kruise/testing/kruise-cluster.ts';
import type { KruiseCluster } from '#kruise/testing/kruise-cluster.ts';

let cluster: KruiseCluster;

beforeEach(async () => {
  cluster = await startKruiseCluster(['openkruise-component']);
  await applyManifests(cluster.client, openKruiseManifests());
  await works();
});

afterEach(() => cluster.stop());

const older: ResourceRef = { ...kruiseResources.daemonSets, version: 'v1alpha1' };
const inDefault = { namespace: 'default' };
const containers = [{ name: 'a', image: 'a:1' }];

function daemonSet(name: string, spec: object = {}): AnyObject {
  return {
    metadata: { name, namespace: 'default' },
    spec: {
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers } },
      ...spec,
    },
  };
}

const create = (object: AnyObject, ref: ResourceRef = kruiseResources.daemonSets) =>
  cluster.client.resource(ref).create(object, inDefault) as Promise<AnyObject>;

/** Both the webhooks and the conversion have been told to the API server. */
async function works(): Promise<void> {
  await eventually(async () => {
    await create(daemonSet('probe'), older);
    await cluster.client.resource(kruiseResources.daemonSets).delete('probe', inDefault);
  });
}

const rolling = (fields: object) => ({ updateStrategy: { rollingUpdate: fields } });

describe('a DaemonSet', () => {
  test('is completed, in both versions', async () => {
    const expected = {
      burstReplicas: 250,
      revisionHistoryLimit: 10,
      updateStrategy: {
        type: 'RollingUpdate',
        rollingUpdate: { rollingUpdateType: 'Standard', maxUnavailable: 1, maxSurge: 0 },
      },
    };
    expect(await create(daemonSet('new'))).toMatchObject({ spec: expected });
    expect(await create(daemonSet('old'), older)).toMatchObject({ spec: expected });
  });

  test('is read in either version, whichever it was written in', async () => {
    await create(
      {
        ...daemonSet('x', rolling({ rollingUpdateType: 'Surging' })),
        metadata: {
          name: 'x',
          namespace: 'default',
          annotations: { 'daemonset.kruise.io/progressive-create-pod': 'true' },
        },
      },
      older,
    );
    expect(await cluster.client.resource(kruiseResources.daemonSets).get('x', inDefault)).toMatchObject({
      spec: {
        scaleStrategy: { partitionedScaling: true },
        updateStrategy: {
          rollingUpdate: { rollingUpdateType: 'Standard', maxSurge: 1, maxUnavailable: 0 },
        },
      },
    });
    const { items } = await cluster.client.resource(older).list(inDefault);
    expect(items).toMatchObject([
      { metadata: { annotations: { 'daemonset.kruise.io/progressive-create-pod': 'true' } } },
    ]);
    expect(items[0]).not.toHaveProperty('spec.scaleStrategy');
  });

  const at = 'spec.updateStrategy.rollingUpdate';
  test.each([
    [{ selector: { matchLabels: { app: 'other' } } }, '`selector` does not match template `labels`'],
    [{ selector: {} }, 'spec.selector: Invalid value: {}: empty selector is invalid for daemonset'],
    [
      rolling({ maxUnavailable: 1, maxSurge: 1 }),
      `${at}.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero`,
    ],
    [
      rolling({ maxUnavailable: 0, maxSurge: 0 }),
      `${at}.maxUnavailable: Required value: cannot be 0 when maxSurge is 0`,
    ],
    [
      rolling({ rollingUpdateType: 'InPlaceIfPossible', maxSurge: 1 }),
      `${at}.maxSurge: Required value: must be 0 for InPlaceIfPossible type`,
    ],
    [rolling({ maxUnavailable: '5' }), `${at}.maxUnavailable: Invalid value: "5": a valid percent string`],
    [rolling({ partition: '101%' }), `${at}.partition: Invalid value: "101%": must not be greater than 100%`],
    [rolling({ rollingUpdateType: 'Fast' }), `${at}.rollingUpdateType: Unsupported value: "Fast"`],
    [{ updateStrategy: { type: 'Never' } }, 'spec.updateStrategy.type: Unsupported value: "Never"'],
    [
      { lifecycle: { inPlaceUpdate: { labelsHandler: { a: 'b' } } } },
      'spec.lifecycle.inPlaceUpdate: Forbidden: inPlaceUpdate hook has not supported yet',
    ],
    [
      { template: { metadata: { labels: { app: 'x' } }, spec: { containers, restartPolicy: 'Never' } } },
      'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
    ],
    [
      { template: { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'a' }] } } },
      'spec.template.spec.containers[0].image: Required value',
    ],
  ])('with %j is refused', async (spec, message) => {
    await expect(create(daemonSet('x', spec))).rejects.toMatchObject({
      message: expect.stringContaining('admission webhook "vdaemonset.kb.io" denied the request: ') as string,
    });
    await expect(create(daemonSet('x', spec))).rejects.toThrow(message);
  });

  test('keeps its selector', async () => {
    await create(daemonSet('x'));
    const patch = {
      spec: {
        selector: { matchLabels: { app: 'y' } },
        template: { metadata: { labels: { app: 'y' } } },
      },
    };
    await expect(
      cluster.client
        .resource(kruiseResources.daemonSets)
        .patch('x', patch, { type: 'merge', namespace: 'default' }),
    ).rejects.toThrow("spec: Forbidden: updates to daemonset spec for fields other than 'BurstReplicas'");
  });
});

describe('other kinds', () => {
  const job = (spec: object): AnyObject => ({
    metadata: { name: 'x', namespace: 'default' },
    spec: { completionPolicy: {}, image: 'a:1', ...spec },
  });
  test.each([
    [{ image: 'A' }, 'invalid image A: invalid reference format'],
    [{ parallelism: '10%' }, 'parallelism does not support percentage value'],
    [{ selector: { names: ['a', 'a'] } }, 'duplicated name in selector names'],
    [
      { selector: { names: ['a'], matchLabels: { a: 'b' } } },
      'can not set both names and labelSelector in this spec.selector',
    ],
    [{ selector: { names: ['a'] }, podSelector: {} }, 'can not set both selector and podSelector'],
    [{ completionPolicy: { type: 'Sometimes' } }, 'unknown type of completionPolicy: Sometimes'],
    [
      { completionPolicy: { activeDeadlineSeconds: 30 } },
      'completionPolicy.activeDeadlineSeconds must be greater than pullPolicy.timeoutSeconds(default 600)',
    ],
  ])('an ImagePullJob with %j is refused', async (spec, message) => {
    await expect(create(job(spec), kruiseResources.imagePullJobs)).rejects.toThrow(message);
  });

  test('an ImagePullJob is completed and keeps its secrets', async () => {
    expect(await create(job({ pullSecrets: ['s'] }), kruiseResources.imagePullJobs)).toMatchObject({
      spec: {
        completionPolicy: { type: 'Always' },
        imagePullPolicy: 'IfNotPresent',
        pullPolicy: { timeoutSeconds: 600, backoffLimit: 3 },
      },
    });
    const patch = { spec: { pullSecrets: ['t'] } };
    await expect(
      cluster.client
        .resource(kruiseResources.imagePullJobs)
        .patch('x', patch, { type: 'merge', namespace: 'default' }),
    ).rejects.toThrow('spec.pullSecrets is immutable');
  });

  test('an ImageListPullJob has no image twice', async () => {
    const images = { ...job({}), spec: { completionPolicy: {}, images: ['a:1', 'a:1'] } };
    await expect(create(images, kruiseResources.imageListPullJobs)).rejects.toThrow(
      'images cannot have duplicate values',
    );
  });

  test('a BroadcastJob must end', async () => {
    const template = { spec: { containers } };
    await expect(create(job({ template }), kruiseResources.broadcastJobs)).rejects.toThrow(
      'spec.template.spec.restartPolicy: Invalid value: "Always": pod restartPolicy can only be Never or OnFailure',
    );
    const ending = { spec: { containers, restartPolicy: 'Never' } };
    expect(await create(job({ template: ending }), kruiseResources.broadcastJobs)).toMatchObject({
      spec: {
        completionPolicy: { type: 'Always' },
        failurePolicy: { type: 'FailFast' },
        parallelism: 2147483647,
      },
    });
  });
});

describe('the component', () => {
  const definitions = () =>
    cluster.client.resource<CustomResourceDefinition>(resources.customResourceDefinitions);
  const name = 'daemonsets.apps.kruise.io';

  test('writes where its webhooks are again when the manifests are applied again', async () => {
    await applyManifests(cluster.client, openKruiseManifests());
    await works();
  });

  test('is switched off by the label, and on again', async () => {
    const label = (value: string | null) => ({ metadata: { labels: { 'component.skerry.io/name': value } } });
    await definitions().patch(name, label(null), { type: 'merge' });
    await eventually(() => expect(create(daemonSet('x'))).rejects.toThrow('connection refused'));
    await definitions().patch(name, label('openkruise'), { type: 'merge' });
    await works();
  });

  test('follows its settings', async () => {
    const job = { metadata: { name: 'x' }, spec: { completionPolicy: {}, image: 'a:1' } };
    await cluster.client
      .resource<ConfigMap>(resources.configMaps)
      .patch(
        'kruise-manager-config',
        { data: { featureGates: 'ImagePullJobGate=false' } },
        { type: 'merge', namespace: 'kruise-system' },
      );
    await eventually(() =>
      expect(create(job, kruiseResources.imagePullJobs)).rejects.toThrow(
        'feature-gate ImagePullJobGate is not enabled',
      ),
    );
  });

  test('survives its definitions', async () => {
    await create(daemonSet('x'));
    await definitions().delete(name);
    await eventually(() => expect(definitions().get(name)).rejects.toThrow('not found'));
    await applyManifests(cluster.client, openKruiseManifests());
    await works();
    const { items } = await cluster.client.resource<AdvancedDaemonSet>(kruiseResources.daemonSets).list();
    expect(items).toEqual([]);
  });
});
