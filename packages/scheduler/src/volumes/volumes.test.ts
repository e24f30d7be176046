import type { Node, PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from '@skerry/api';
import { systemClock } from '@skerry/base';
import { eventually, recordingLogger } from '@skerry/base/testing';
import { resources } from '@skerry/client';
import { FakeApiClient, recordingEvents } from '@skerry/client/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { Cluster } from '#cluster.ts';
import { podInfoOf } from '#pod-info.ts';
import { scheduleOne } from '#schedule-one.ts';
import { runScheduler } from '#scheduler.ts';
import { node, pod } from '#testing/objects.ts';
import { noVolumes, type VolumeLookup } from '#volumes/lookup.ts';

const bindCompleted = { 'pv.kubernetes.io/bind-completed': 'yes' };
const selectedNode = 'volume.kubernetes.io/selected-node';

function claim(
  name: string,
  {
    volumeName,
    storageClassName = 'late',
    accessModes = ['ReadWriteOnce'],
    size = '1Gi',
    annotations = {},
    ...rest
  }: {
    volumeName?: string;
    storageClassName?: string;
    accessModes?: string[];
    size?: string;
    annotations?: Record<string, string>;
    deletionTimestamp?: string;
    phase?: string;
  } = {},
): PersistentVolumeClaim {
  return {
    metadata: {
      name,
      namespace: 'default',
      uid: `uid-${name}`,
      annotations: volumeName ? { ...bindCompleted, ...annotations } : annotations,
      deletionTimestamp: rest.deletionTimestamp,
    },
    spec: { storageClassName, accessModes, volumeName, resources: { requests: { storage: size } } },
    status: { phase: rest.phase ?? (volumeName ? 'Bound' : 'Pending') },
  };
}

function volume(
  name: string,
  {
    at,
    size = '1Gi',
    storageClassName = 'late',
    labels,
    spec = {},
  }: {
    at?: string;
    size?: string;
    storageClassName?: string;
    labels?: Record<string, string>;
    spec?: PersistentVolume['spec'];
  } = {},
): PersistentVolume {
  const required = {
    nodeSelectorTerms: [
      { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [at ?? ''] }] },
    ],
  };
  return {
    metadata: { name, labels },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: size },
      storageClassName,
      ...(at ? { nodeAffinity: { required } } : {}),
      ...spec,
    },
    status: { phase: 'Available' },
  };
}

const late = (fields: Partial<StorageClass> = {}): StorageClass => ({
  metadata: { name: 'late' },
  provisioner: 'example.com/disk',
  volumeBindingMode: 'WaitForFirstConsumer',
  ...fields,
});
const using = (...names: string[]) => ({
  volumes: names.map((name) => ({ name, persistentVolumeClaim: { claimName: name } })),
});

describe('where the claims of a pod let it go', () => {
  function decide(
    wanted: Pod,
    {
      nodes = [node('a'), node('b')],
      running = [],
      claims = [],
      volumes = [],
      storageClass = late(),
      limits = {},
    }: {
      nodes?: Node[];
      running?: Pod[];
      claims?: PersistentVolumeClaim[];
      volumes?: PersistentVolume[];
      storageClass?: StorageClass;
      limits?: Record<string, number>;
    },
  ): string {
    const lookup: VolumeLookup = {
      ...noVolumes,
      claim: (_, name) => claims.find(({ metadata }) => metadata.name === name),
      volume: (name) => volumes.find(({ metadata }) => metadata.name === name),
      storageClass: (name) => (storageClass.metadata.name === name ? storageClass : undefined),
      candidates: () => volumes,
      csiNode: (name) => ({
        metadata: { name },
        spec: {
          drivers: Object.entries(limits).map(([driver, count]) => ({
            name: driver,
            nodeID: name,
            allocatable: { count },
          })),
        },
      }),
    };
    const cluster = new Cluster({ volumes: lookup });
    for (const each of nodes) cluster.setNode(each);
    for (const each of running) cluster.placePod(podInfoOf(each), each.spec!.nodeName!);
    const decision = scheduleOne(cluster, podInfoOf(wanted));
    return 'node' in decision ? decision.node : decision.unschedulable;
  }
  const all = (reason: string) => `0/2 nodes are available: ${reason}.`;
  const p = (...names: string[]) => pod('p', using(...names));

  it('says what is wrong with a claim that no node can mend', () => {
    expect(decide(p('x'), {})).toBe(all('persistentvolumeclaim "x" not found'));
    expect(decide(p('x'), { claims: [claim('x', { storageClassName: 'now' })] })).toBe(
      all('pod has unbound immediate PersistentVolumeClaims'),
    );
    expect(decide(p('x'), { claims: [claim('x', { deletionTimestamp: 'now' })] })).toBe(
      all('persistentvolumeclaim "x" is being deleted'),
    );
    expect(decide(p('x'), { claims: [claim('x', { volumeName: 'v', phase: 'Lost' })] })).toBe(
      all('persistentvolumeclaim "x" bound to non-existent persistentvolume "v"'),
    );
    const ephemeral = pod('p', { volumes: [{ name: 's', ephemeral: {} }] });
    expect(decide(ephemeral, {})).toBe(
      all('waiting for ephemeral volume controller to create the persistentvolumeclaim "p-s"'),
    );
    expect(decide(ephemeral, { claims: [claim('p-s')] })).toBe(
      all('PVC default/p-s was not created for pod default/p (pod is not owner)'),
    );
  });

  it('goes where a bound volume is, and says so when it cannot', () => {
    const claims = [claim('x', { volumeName: 'v' })];
    expect(decide(p('x'), { claims, volumes: [volume('v', { at: 'b' })] })).toBe('b');
    expect(decide(p('x'), { claims })).toBe(all('persistentvolume "v" not found'));
    const nodes = [node('a'), node('b', { unschedulable: true })];
    expect(decide(p('x'), { nodes, claims, volumes: [volume('v', { at: 'b' })] })).toBe(
      all("1 node(s) didn't match PersistentVolume's node affinity, 1 node(s) were unschedulable"),
    );
  });

  it('finds free volumes for claims that wait, the smaller claims first', () => {
    const storageClass = late({ provisioner: 'kubernetes.io/no-provisioner' });
    const claims = [claim('big', { size: '5Gi' }), claim('small')];
    const volumes = [volume('one', { at: 'b', size: '10Gi' }), volume('two', { at: 'b', size: '2Gi' })];
    expect(decide(p('big', 'small'), { storageClass, claims, volumes })).toBe('b');
    expect(decide(p('big', 'small'), { storageClass, claims, volumes: volumes.slice(1) })).toBe(
      all("2 node(s) didn't find available persistent volumes to bind"),
    );
  });

  it('has volumes made where their class allows it, and keeps to a node that was chosen before', () => {
    expect(decide(p('x'), { claims: [claim('x', { annotations: { [selectedNode]: 'b' } })] })).toBe('b');
    const allowedTopologies = [{ matchLabelExpressions: [{ key: 'disk', values: ['ssd'] }] }];
    const nodes = [node('a'), node('b', { labels: { disk: 'ssd' } })];
    expect(decide(p('x'), { nodes, claims: [claim('x')], storageClass: late({ allowedTopologies }) })).toBe(
      'b',
    );
  });

  it('keeps a claim of mode ReadWriteOncePod to one pod', () => {
    const claims = [claim('x', { volumeName: 'v', accessModes: ['ReadWriteOncePod'] })];
    const running = [pod('first', { ...using('x'), nodeName: 'a' })];
    expect(decide(p('x'), { claims, running, volumes: [volume('v')] })).toBe(
      all(
        '2 node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod',
      ),
    );
  });

  it('keeps volumes to their zones', () => {
    const labels = { 'topology.kubernetes.io/zone': 'z1__z2' };
    const inZone = (name: string, zone: string) =>
      node(name, { labels: { 'topology.kubernetes.io/zone': zone } });
    const claims = [claim('x', { volumeName: 'v' })];
    const volumes = [volume('v', { labels })];
    expect(decide(p('x'), { nodes: [inZone('a', 'z3'), inZone('b', 'z2')], claims, volumes })).toBe('b');
    expect(decide(p('x'), { nodes: [inZone('a', 'z3'), inZone('b', 'z4')], claims, volumes })).toBe(
      all('2 node(s) had no available volume zone'),
    );
  });

  it('counts the volumes of a driver against what a node can have', () => {
    const csi = (handle: string) => ({ spec: { csi: { driver: 'd', volumeHandle: handle } } });
    const claims = [claim('x', { volumeName: 'vx' }), claim('y', { volumeName: 'vy' })];
    const volumes = [volume('vx', csi('hx')), volume('vy', csi('hy'))];
    const running = [pod('first', { ...using('y'), nodeName: 'a' })];
    expect(decide(p('x'), { claims, volumes, running, limits: { d: 1 } })).toBe('b');
    expect(decide(p('y'), { nodes: [node('a')], claims, volumes, running, limits: { d: 1 } })).toBe('a');
  });
});

describe('binding volumes with their first pod', () => {
  const stops: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
  });

  function start() {
    const client = new FakeApiClient({ clock: systemClock });
    client.seed(resources.nodes, node('a'));
    client.seed(resources.storageClasses, late());
    const events = recordingEvents();
    const controller = new AbortController();
    const { signal } = controller;
    const log = recordingLogger();
    const done = runScheduler({ client, clock: systemClock, log, random: () => 0, signal, events });
    stops.push(async () => {
      controller.abort();
      await done;
    });
    const claimNow = (name: string) =>
      client
        .all<PersistentVolumeClaim>(resources.persistentVolumeClaims)
        .find((each) => each.metadata.name === name);
    const nodeOf = (name: string) =>
      client.all<Pod>(resources.pods).find((each) => each.metadata.name === name)?.spec?.nodeName;
    return { client, events, claimNow, nodeOf };
  }
  const at = { namespace: 'default', name: 'x' };

  it('chooses the node, waits for the volume, and binds the pod only then', async () => {
    const { client, claimNow, nodeOf } = start();
    client.seed(resources.persistentVolumeClaims, claim('x'));
    client.seed(resources.pods, pod('p', using('x')));
    await eventually(() => expect(claimNow('x')?.metadata.annotations?.[selectedNode]).toBe('a'));
    expect(nodeOf('p')).toBeUndefined();
    client.seed(resources.persistentVolumes, volume('made', { at: 'a' }));
    client.edit<PersistentVolumeClaim>(resources.persistentVolumeClaims, at, (edited) => {
      edited.metadata.annotations = { ...edited.metadata.annotations, ...bindCompleted };
      edited.spec = { ...edited.spec, volumeName: 'made' };
    });
    await eventually(() => expect(nodeOf('p')).toBe('a'));
  });

  it('chooses again when the provisioner gives the node back', async () => {
    const { client, events, claimNow, nodeOf } = start();
    client.seed(resources.persistentVolumeClaims, claim('x'));
    client.seed(resources.pods, pod('p', using('x')));
    await eventually(() => expect(claimNow('x')?.metadata.annotations?.[selectedNode]).toBe('a'));
    client.edit<PersistentVolumeClaim>(resources.persistentVolumeClaims, at, (edited) => {
      edited.metadata.annotations = {};
    });
    await eventually(() =>
      expect(events.lines).toContain(
        'Warning FailedScheduling: running PreBind plugin "VolumeBinding": binding volumes: provisioning failed for PVC "x"',
      ),
    );
    await eventually(() => expect(claimNow('x')?.metadata.annotations?.[selectedNode]).toBe('a'));
    expect(nodeOf('p')).toBeUndefined();
  });

  it('promises a free volume to one pod only', async () => {
    const { client, events } = start();
    client.edit<StorageClass>(resources.storageClasses, { name: 'late' }, (edited) => {
      edited.provisioner = 'kubernetes.io/no-provisioner';
    });
    client.seed(resources.persistentVolumes, volume('only', { at: 'a' }));
    for (const name of ['x', 'y']) client.seed(resources.persistentVolumeClaims, claim(name));
    for (const name of ['x', 'y']) client.seed(resources.pods, pod(`p-${name}`, using(name)));
    await eventually(() =>
      expect(events.lines.join('\n')).toContain("1 node(s) didn't find available persistent volumes to bind"),
    );
    const [only] = client.all<PersistentVolume>(resources.persistentVolumes);
    expect(only?.spec?.claimRef?.name).toMatch(/^[xy]$/);
    expect(only?.metadata.annotations).toEqual({ 'pv.kubernetes.io/bound-by-controller': 'yes' });
  });
});
