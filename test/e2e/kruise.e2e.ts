/** OpenKruise on real containers in three regions: installed, used as its own examples do, and removed. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeObject, Node, NodeImage, Pod } from '@skerry/api';
import { eventually } from '@skerry/base/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canRunContainers, Cluster, root, soonSilent } from '../support/cluster.ts';

const example = (name: string) => join(root, 'examples', name);
const machines = ['beijing-1', 'shanghai-1', 'zhangjiakou-1'];
const patient = { timeoutMs: 120_000, everyMs: 300 };

interface Listed<T> {
  readonly items: T[];
}

/** A pod's life on its node: all that an update in place leaves alone, and what it changes. */
interface Facts {
  readonly name: string | undefined;
  readonly uid: string | undefined;
  readonly address: string | undefined;
  /** Of its sandbox. */
  readonly network: string;
  readonly image: string | undefined;
  readonly restarts: number | undefined;
}

describe.skipIf(!canRunContainers())('OpenKruise in three regions', () => {
  let cluster: Cluster;

  const apply = async (objects: readonly KubeObject[]) => {
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
    const result = await cluster.kubectl(['apply', '--server-side', '-f', '-'], { input: list });
    if (result.code !== 0) throw new Error(result.errors);
  };

  const component = (verb: string) =>
    cluster.skerry(['component', verb, 'openkruise', '--data-dir', cluster.dataDirectory]);

  beforeAll(async () => {
    cluster = await Cluster.start({ runtime: 'containerd', flags: soonSilent });
    expect((await component('install')).errors).toBe('');
  });

  afterAll(async () => {
    await cluster?.stop();
  });

  const ready = async (count = 3) => {
    const { items } = await cluster.json<Listed<Pod>>('get', 'pods', '-l', 'app=edge-agent');
    expect(items).toHaveLength(count);
    for (const { status } of items) {
      expect(status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');
    }
    return items;
  };

  /** By machine. */
  const facts = async (): Promise<Record<string, Facts>> => {
    const found: Record<string, Facts> = {};
    for (const { metadata, spec, status } of await ready()) {
      const network = await cluster.kubectlOk(
        'exec',
        metadata.name ?? '',
        '--',
        'readlink',
        '/proc/self/ns/net',
      );
      found[spec?.nodeName ?? ''] = {
        name: metadata.name,
        uid: metadata.uid,
        address: status?.podIP,
        network,
        image: spec?.containers[0]?.image,
        restarts: status?.containerStatuses?.[0]?.restartCount,
      };
    }
    return found;
  };

  const patchSet = (rollingUpdate: object, image: string) => {
    const operations = [
      { op: 'replace', path: '/spec/template/spec/containers/0/image', value: image },
      ...Object.entries(rollingUpdate).map(([field, value]: [string, unknown]) => ({
        op: 'replace',
        path: `/spec/updateStrategy/rollingUpdate/${field}`,
        value,
      })),
    ];
    return cluster.kubectlOk('patch', 'ads', 'edge-agent', '--type=json', '-p', JSON.stringify(operations));
  };

  const updated = (count: number) =>
    eventually(async () => {
      const set = await cluster.json<{
        metadata: { generation: number };
        status: Record<string, number>;
      }>('get', 'ads', 'edge-agent');
      expect(set.status).toMatchObject({
        observedGeneration: set.metadata.generation,
        desiredNumberScheduled: 3,
        updatedNumberScheduled: count,
        numberAvailable: 3,
      });
    }, patient);

  let before: Record<string, Facts>;

  test('a DaemonSet runs one pod in each region', async () => {
    expect(await cluster.kubectlOk('apply', '-f', example('kruise-daemonset.yaml'))).toBe(
      'daemonset.apps.kruise.io/edge-agent created\n',
    );
    await eventually(() => ready(), patient);
    before = await facts();
    expect(Object.keys(before).toSorted()).toEqual(machines);
    expect(await cluster.kubectlOk('get', 'ads')).toMatch(
      /^NAME +DESIRED +CURRENT +READY +UP-TO-DATE +AVAILABLE +AGE\nedge-agent +3 +3 +3 +3 +3 /,
    );
  });

  test('an update in place stops at the partition and keeps name, address and sandbox', async () => {
    await patchSet({}, 'skerry.io/stand-in/fleet-agent:1.1');
    await updated(1);
    const now = await facts();
    expect(now['zhangjiakou-1']).toEqual({
      ...before['zhangjiakou-1'],
      image: 'skerry.io/stand-in/fleet-agent:1.1',
      restarts: 1,
    });
    expect({ ...now, 'zhangjiakou-1': undefined }).toEqual({ ...before, 'zhangjiakou-1': undefined });
    const pod = now['zhangjiakou-1']?.name ?? '';
    expect(await cluster.kubectlOk('logs', pod)).toContain('agent 1.1 (stand-in) starts');
  });

  test('with no partition it reaches every machine', async () => {
    await patchSet({ partition: 0 }, 'skerry.io/stand-in/fleet-agent:1.1');
    await updated(3);
    const now = await facts();
    for (const machine of machines) {
      expect(now[machine]).toEqual({
        ...before[machine],
        image: 'skerry.io/stand-in/fleet-agent:1.1',
        restarts: 1,
      });
    }
  });

  test('a machine that is offline is left out of an upgrade, and follows when it is back', async () => {
    const image = 'skerry.io/stand-in/fleet-agent:1.2';
    const setLine = (state: 'up' | 'down') => {
      const file = readFileSync(join(cluster.dataDirectory, 'up.json'), 'utf8');
      const { id, regions } = JSON.parse(file) as { id: string; regions: string[] };
      const link = `sk${id}u${regions.indexOf('shanghai')}`;
      expect(spawnSync('ip', ['link', 'set', link, state]).status).toBe(0);
    };
    const images = async () => {
      const { items } = await cluster.json<Listed<Pod>>('get', 'pods', '-l', 'app=edge-agent');
      return Object.fromEntries(
        items.map(({ spec }) => [spec?.nodeName ?? '', spec?.containers[0]?.image?.split(':')[1]]),
      );
    };
    setLine('down');
    try {
      await eventually(async () => {
        const { status } = await cluster.json<Node>('get', 'node', 'shanghai-1');
        expect(status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('Unknown');
      }, patient);
      await patchSet({}, image);
      await eventually(async () => {
        const reached = { 'beijing-1': '1.2', 'shanghai-1': '1.1', 'zhangjiakou-1': '1.2' };
        expect(await images()).toEqual(reached);
      }, patient);
    } finally {
      setLine('up');
    }
    await updated(3);
    const now = await facts();
    for (const machine of machines) expect(now[machine]).toMatchObject({ uid: before[machine]?.uid, image });
  });

  test('a container that reads a label is started anew with its new value, in the same pod', async () => {
    const patchTemplate = (...operations: object[]) =>
      cluster.kubectlOk('patch', 'ads', 'edge-agent', '--type=json', '-p', JSON.stringify(operations));
    const labels = '/spec/template/metadata/labels/tier';
    const tier = { name: 'TIER', valueFrom: { fieldRef: { fieldPath: "metadata.labels['tier']" } } };
    await patchTemplate(
      { op: 'add', path: labels, value: 'near' },
      { op: 'add', path: '/spec/template/spec/containers/0/env/-', value: tier },
      { op: 'replace', path: '/spec/updateStrategy/rollingUpdate/maxUnavailable', value: '100%' },
    );
    await updated(3);
    const made = await facts();
    await patchTemplate({ op: 'replace', path: labels, value: 'far' });
    await updated(3);
    const now = await facts();
    for (const machine of machines) {
      expect(now[machine]).toEqual({ ...made[machine], restarts: 1 });
      const pod = now[machine]?.name ?? '';
      expect(await cluster.kubectlOk('exec', pod, '--', 'sh', '-c', 'echo $TIER')).toBe('far\n');
    }
  });

  test('what is written in one version can be read in the other', async () => {
    const newer = await cluster.json<{ spec: object; status: { updateRevision: string } }>(
      'get',
      'daemonsets.v1beta1.apps.kruise.io',
      'edge-agent',
    );
    const older = await cluster.json<{ status: { daemonSetHash: string } }>(
      'get',
      'daemonsets.v1alpha1.apps.kruise.io',
      'edge-agent',
    );
    expect(older.status.daemonSetHash).toBe(newer.status.updateRevision);
    const refused = await cluster.kubectl([
      'patch',
      'ads',
      'edge-agent',
      '--type=merge',
      '-p',
      '{"spec":{"updateStrategy":{"rollingUpdate":{"maxSurge":1}}}}',
    ]);
    expect(refused.errors).toContain('may not be set when maxUnavailable is non-zero');
  });

  test('an ImagePullJob sees to an image on every machine', async () => {
    await cluster.kubectlOk('apply', '-f', example('image-pull-job.yaml'));
    await eventually(async () => {
      expect(await cluster.kubectlOk('get', 'imagepulljob', 'next-agent')).toMatch(
        /next-agent +3 +0 +3 +0 +\S+ +job has completed/,
      );
    }, patient);
    const { items } = await cluster.json<Listed<NodeImage>>('get', 'nodeimages');
    expect(items.map(({ metadata }) => metadata.name ?? '').toSorted()).toEqual(machines);
    for (const { status } of items) {
      expect(status?.imageStatuses?.['skerry.io/stand-in/fleet-agent']?.tags).toMatchObject([
        { tag: '1.2', phase: 'Succeeded', imageID: expect.stringContaining('@sha256:') as string },
      ]);
    }
  });

  test('and says where it could not be had', async () => {
    const job = {
      apiVersion: 'apps.kruise.io/v1beta1',
      kind: 'ImagePullJob',
      metadata: { name: 'nowhere', namespace: 'default' },
      spec: {
        image: '127.0.0.1:9/no/such:1',
        parallelism: 10,
        selector: { names: ['shanghai-1'] },
        completionPolicy: {},
        pullPolicy: { backoffLimit: 0 },
      },
    };
    await apply([job as KubeObject]);
    await eventually(async () => {
      const { status } = await cluster.json<{ status: object }>('get', 'imagepulljob', 'nowhere');
      expect(status).toMatchObject({ failed: 1, failedNodes: ['shanghai-1'] });
    }, patient);
  });

  test('a BroadcastJob runs on every machine and completes', async () => {
    await cluster.kubectlOk('apply', '-f', example('broadcast-job.yaml'));
    await eventually(async () => {
      const { status } = await cluster.json<{ status: object }>('get', 'bcj', 'disk-report');
      expect(status).toMatchObject({ phase: 'completed', desired: 3, succeeded: 3, failed: 0 });
    }, patient);
    const pods = await cluster.json<Listed<Pod>>('get', 'pods', '-l', 'broadcastjob-name=disk-report');
    expect(pods.items.map(({ spec }) => spec?.nodeName ?? '').toSorted()).toEqual(machines);
    expect(await cluster.kubectlOk('logs', pods.items[0]?.metadata.name ?? '')).toContain('Filesystem');
  });

  test('a machine reports on itself alone, and reads no credentials that it was not given', async () => {
    const asMachine = (...args: string[]) =>
      cluster.kubectl([...args, '--as', 'system:node:beijing-1', '--as-group', 'system:nodes']);
    const report = (node: string) =>
      asMachine(
        'patch',
        'nodeimage',
        node,
        '--subresource=status',
        '--type=merge',
        '-p',
        '{"status":{"desired":1}}',
      );
    expect((await report('shanghai-1')).errors).toContain(
      'can only access an object with the same name as the requesting node',
    );
    expect((await report('beijing-1')).errors).toBe('');
    const mayRead = await asMachine('auth', 'can-i', 'get', 'secrets/x', '-n', 'kruise-daemon-config');
    expect(mayRead.output).toMatch(/^no\b/);
  });

  test('people with the role edit may use it in their namespace', async () => {
    await cluster.kubectlOk('create', 'rolebinding', 'ann', '--clusterrole=edit', '--user=ann');
    const may = async (verb: string, kind: string) =>
      (await cluster.kubectl(['auth', 'can-i', verb, kind, '--as', 'ann'])).output.trim();
    await eventually(
      async () => expect(await may('create', 'daemonsets.apps.kruise.io')).toBe('yes'),
      patient,
    );
    expect(await may('list', 'imagepulljobs')).toBe('yes');
    expect(await may('patch', 'nodeimages')).toBe('no');
  });

  test('a machine that joins gets its pod', async () => {
    const added = await cluster.skerry([
      'up',
      'machine',
      'add',
      'shanghai-2',
      '--region',
      'shanghai',
      '--data-dir',
      cluster.dataDirectory,
    ]);
    expect(added.errors).toBe('');
    await eventually(() => ready(4), patient);
  });

  test('it is not removed while it is used, and leaves nothing when it is', async () => {
    const refused = await component('remove');
    expect(refused.code).toBe(1);
    expect(refused.errors).toMatch(/is still there/);
    await cluster.kubectlOk('delete', 'ads,bcj,imagepulljobs', '--all');
    expect((await component('remove')).errors).toBe('');
    await eventually(async () => {
      expect((await cluster.json<Listed<Pod>>('get', 'pods')).items).toEqual([]);
    }, patient);
    expect(await cluster.kubectlOk('get', 'crd')).not.toContain('kruise');
  });
});
