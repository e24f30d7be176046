import { readdir, readFile, stat, symlink, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConfigMap, Pod, Secret, ServiceAccount, TokenRequest } from '@skerry/api';
import { eventually } from '@skerry/base/testing';
import { resources } from '@skerry/client';
import { runCommand } from '#machine/command.ts';
import { mountsUnder } from '#machine/mounts.ts';
import { AgentNode, script, testImages } from '#testing/agent-node.ts';
import { canRunContainers } from '#testing/containerd-node.ts';

const { first: image } = testImages;

describe.skipIf(!(await canRunContainers()))('volumes of pods', () => {
  let node: AgentNode;

  beforeAll(async () => {
    node = await AgentNode.start();
  });

  afterAll(async () => {
    expect(await node.close()).toEqual([]);
  });

  test('environment and files come from config maps, secrets and the pod itself, and files follow changes', async () => {
    const data = { color: 'blue' };
    node.client.seed<ConfigMap>(resources.configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'settings', namespace: 'default' },
      data,
    });
    node.client.seed<Secret>(resources.secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'keys', namespace: 'default' },
      data: { token: Buffer.from('s3cret').toString('base64') },
    });
    node.create('configured', {
      volumes: [
        { name: 'settings', configMap: { name: 'settings' } },
        { name: 'keys', secret: { secretName: 'keys', defaultMode: 0o400 } },
        {
          name: 'about',
          downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] },
        },
      ],
      containers: [
        {
          name: 'main',
          image,
          command: script(
            'echo "$COLOR $TOKEN $NAME $ADDRESS $(cat /etc/keys/token) $(cat /about/labels) $(cat /part)"; exec sleep 1000',
          ),
          env: [
            { name: 'COLOR', valueFrom: { configMapKeyRef: { name: 'settings', key: 'color' } } },
            { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'keys', key: 'token' } } },
            { name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
            { name: 'ADDRESS', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
          ],
          volumeMounts: [
            { name: 'settings', mountPath: '/etc/settings' },
            { name: 'keys', mountPath: '/etc/keys', readOnly: true },
            { name: 'about', mountPath: '/about' },
            { name: 'settings', mountPath: '/part', subPath: 'color' },
          ],
        },
      ],
    });
    const pod = await node.podReady('configured');
    const address = pod.status?.podIP;
    await eventually(async () =>
      expect(await node.logOf('configured', 'main')).toContain(
        `blue s3cret configured ${address} s3cret app="configured" blue\n`,
      ),
    );
    const read = (path: string) => node.execIn('configured', ['cat', path]);
    for (const folder of ['/etc/settings', '/etc/keys', '/about']) {
      const said = await node.execIn('configured', ['sh', '-c', `ln -s / ${folder}/planted 2>&1; true`]);
      expect(said).toContain('Read-only file system');
    }
    node.client.edit<ConfigMap>(
      resources.configMaps,
      { namespace: 'default', name: 'settings' },
      (object) => {
        object.data = { color: 'green' };
      },
    );
    await eventually(async () => expect(await read('/etc/settings/color')).toBe('green'));
    node.client.edit<Pod>(resources.pods, { namespace: 'default', name: 'configured' }, (object) => {
      object.metadata.labels = { app: 'renamed' };
    });
    await eventually(async () => expect(await read('/about/labels')).toBe('app="renamed"'));
    await node.remove('configured');
  });

  test('a pod waits for what its volume is made from, says so, and starts when it comes', async () => {
    node.create('patient', {
      volumes: [{ name: 'settings', configMap: { name: 'not-yet' } }],
      containers: [
        {
          name: 'main',
          image,
          command: ['sleep', '1000'],
          volumeMounts: [{ name: 'settings', mountPath: '/s' }],
        },
      ],
    });
    await eventually(() =>
      expect(node.events.lines).toContain(
        'Warning FailedMount: MountVolume.SetUp failed for volume "settings" : configmap "not-yet" not found',
      ),
    );
    node.client.seed<ConfigMap>(resources.configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'not-yet', namespace: 'default' },
      data: { a: '1' },
    });
    await node.podReady('patient');
    await node.remove('patient');
  });

  test('tokens are asked for the pod alone, lie in memory, and go with it', async () => {
    const asked: TokenRequest[] = [];
    node.client.seed<ServiceAccount>(resources.serviceAccounts, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'default', namespace: 'default' },
    });
    const forget = node.client.react(({ subresource }, body) => {
      if (subresource !== 'token') return;
      const request = body as TokenRequest;
      asked.push(structuredClone(request));
      request.status = {
        token: 'made-token',
        expirationTimestamp: new Date(Date.now() + 3_600_000).toISOString(),
      };
    });
    const pod = node.create('trusted', {
      volumes: [
        {
          name: 'access',
          projected: {
            sources: [
              { serviceAccountToken: { path: 'token', expirationSeconds: 3607 } },
              {
                downwardAPI: {
                  items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }],
                },
              },
            ],
          },
        },
      ],
      containers: [
        {
          name: 'main',
          image,
          command: ['sleep', '1000'],
          volumeMounts: [{ name: 'access', mountPath: '/access' }],
        },
      ],
    });
    await node.podReady('trusted');
    expect(await node.execIn('trusted', ['cat', '/access/token', '/access/namespace'])).toBe(
      'made-tokendefault',
    );
    expect(asked).toMatchObject([
      {
        spec: {
          expirationSeconds: 3607,
          boundObjectRef: { kind: 'Pod', name: 'trusted', uid: pod.metadata.uid },
        },
      },
    ]);
    const directory = join(node.dataDirectory, 'pods', pod.metadata.uid ?? '');
    expect((await mountsUnder(directory)).map(({ type }) => type)).toEqual(['tmpfs']);
    await node.remove('trusted');
    expect(await mountsUnder(directory)).toEqual([]);
    await expect(stat(directory)).rejects.toThrow('ENOENT');
    forget();
  });

  test('memory volumes are bounded, and groups own what they are to share', async () => {
    node.create('shared', {
      securityContext: { fsGroup: 4242, runAsUser: 1000 },
      volumes: [
        { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
        { name: 'disk', emptyDir: {} },
      ],
      containers: [
        {
          name: 'main',
          image,
          command: ['sleep', '1000'],
          volumeMounts: [
            { name: 'memory', mountPath: '/memory' },
            { name: 'disk', mountPath: '/disk' },
          ],
        },
      ],
    });
    await node.podReady('shared');
    expect(
      await node.execIn('shared', script('id -u; stat -c %g /disk; touch /disk/x; stat -c %g /disk/x')),
    ).toBe('1000\n4242\n4242\n');
    expect(await node.execIn('shared', script('df -k /memory | tail -1'))).toMatch(/^tmpfs +1024 /);
    await node.remove('shared');
  });

  test('a sub-path stays inside its volume', async () => {
    const outside = join(node.node.directory, 'outside');
    const volume = join(node.node.directory, 'volume');
    await mkdir(outside);
    await mkdir(volume);
    await symlink(outside, join(volume, 'escape'));
    const mounting = (name: string, subPath: string) =>
      node.create(name, {
        volumes: [{ name: 'host', hostPath: { path: volume, type: 'Directory' } }],
        containers: [
          {
            name: 'main',
            image,
            command: script('echo here > /part/file; exec sleep 1000'),
            volumeMounts: [{ name: 'host', mountPath: '/part', subPath }],
          },
        ],
      });
    mounting('inside', 'sub/dir');
    await node.podReady('inside');
    await eventually(async () => expect(await readFile(join(volume, 'sub/dir/file'), 'utf8')).toBe('here\n'));
    mounting('escaping', 'escape');
    await node.podWith('escaping', ({ status }) =>
      expect(status?.containerStatuses?.[0]?.state?.waiting).toEqual({
        reason: 'CreateContainerConfigError',
        message: 'subPath "escape" leads out of its volume',
      }),
    );
    expect(await readdir(outside)).toEqual([]);
    await node.remove('inside');
    await node.remove('escaping');
  });

  test('the files of an image are a volume, for reading only, and go with the pod', async () => {
    const pod = node.create('bearer', {
      volumes: [{ name: 'files', image: { reference: testImages.second, pullPolicy: 'IfNotPresent' } }],
      containers: [
        {
          name: 'main',
          image,
          command: ['sleep', '1000'],
          volumeMounts: [
            { name: 'files', mountPath: '/files' },
            { name: 'files', mountPath: '/part', subPath: 'etc' },
          ],
        },
      ],
    });
    await node.podReady('bearer');
    expect(await node.execIn('bearer', script('cat /files/etc/passwd /part/group'))).toMatch(/root:x:0/);
    expect(await node.execIn('bearer', script('touch /files/x 2>&1; true'))).toContain(
      'Read-only file system',
    );
    const directory = join(node.dataDirectory, 'pods', pod.metadata.uid ?? '');
    const snapshots = () =>
      runCommand('ctr', [
        '--address',
        node.node.containerd.socket,
        '--namespace',
        'k8s.io',
        'snapshots',
        'ls',
      ]);
    expect(await snapshots()).toContain(directory);
    await node.remove('bearer');
    expect(await mountsUnder(directory)).toEqual([]);
    expect(await snapshots()).not.toContain(directory);
  });

  test('a pod whose volume is of an image that is not there says so as for its own image', async () => {
    node.create('wanting', {
      volumes: [{ name: 'files', image: { reference: 'registry.example/absent:1', pullPolicy: 'Never' } }],
      containers: [
        {
          name: 'main',
          image,
          command: ['sleep', '1000'],
          volumeMounts: [{ name: 'files', mountPath: '/files' }],
        },
      ],
    });
    await node.podWith('wanting', ({ status }) =>
      expect(status?.containerStatuses?.[0]?.state?.waiting).toEqual({
        reason: 'ErrImageNeverPull',
        message: 'Container image "registry.example/absent:1" is not present with pull policy of Never',
      }),
    );
    await node.remove('wanting');
  });
});
