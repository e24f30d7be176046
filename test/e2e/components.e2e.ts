/**
 * Components in pods on real containers in two regions, by the examples' values where no test can have their targets: those of our
 * own, and those of others with images that stand in for theirs.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pod } from '@skerry/api';
import { eventually } from '@skerry/base/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canRunContainers, Cluster, entry, root, run } from '../support/cluster.ts';
import { importStandIns } from '../support/component-stand-ins.ts';
import { busyboxImage } from '../support/regions.ts';

interface Listed<T> {
  readonly items: T[];
}

// The image is made of the bundle.
describe.skipIf(!canRunContainers() || !entry().endsWith('.mjs'))('components in two regions', () => {
  const regions = ['beijing', 'shanghai'];
  const folder = mkdtempSync(join(tmpdir(), 'skerry-components-'));
  let cluster: Cluster;
  const component = (...args: string[]) =>
    cluster.skerry(['component', ...args, '--data-dir', cluster.dataDirectory]);
  const patient = { timeoutMs: 120_000, everyMs: 500 };
  const socketOf = (region: string) =>
    join(cluster.dataDirectory, `machines/${region}-1/containerd/containerd.sock`);
  /** By the values of an example, but for the pools and targets that there are. */
  const installExample = async (name: string, file: string, changes: readonly string[] = []) => {
    const values = ['--values', join(root, 'examples', file)];
    const set = changes.flatMap((change) => ['--set', change]);
    const { code, errors } = await component('install', name, ...values, ...set);
    expect([code, errors]).toEqual([0, '']);
  };

  beforeAll(async () => {
    cluster = await Cluster.start({ runtime: 'containerd', regions });
    const image = join(folder, 'skerry.tar');
    expect((await cluster.skerry(['image', '--output', image])).errors).toBe('');
    for (const region of regions) {
      const imported = await run(
        'ctr',
        [
          '--address',
          socketOf(region),
          '--namespace',
          'k8s.io',
          'images',
          'import',
          '--snapshotter',
          'overlayfs',
          image,
        ],
        { timeoutMs: 120_000 },
      );
      expect(imported.errors).toBe('');
    }
  });

  afterAll(async () => {
    await cluster?.stop();
    rmSync(folder, { recursive: true });
  });

  test('a load begins everywhere at the agreed instant, is told by region, and leaves nothing', async () => {
    // A target that every pod has, whatever its region: a port of its own that nothing listens on.
    const startAt = new Date(Date.now() + 20_000).toISOString();
    await installExample('load-generator', 'load-generator-values.yaml', [
      'target=http://127.0.0.1:1/',
      `startAt=${startAt}`,
      'durationSeconds=3',
      'rate=20',
      'pools=[{name: beijing}, {name: shanghai, pods: 2}]',
    ]);
    await eventually(async () => {
      const { output } = await component('report', 'load-generator');
      expect(output).toMatch(/^beijing +1 +\d+ ms +60 +0 +100\.00 %/m);
      expect(output).toMatch(/^shanghai +2 +\d+ ms +120 +0 +100\.00 %/m);
      expect(output).toMatch(/^all +3 +\d+ ms/m);
    }, patient);
    expect((await component('remove', 'load-generator')).errors).toBe('');
    await eventually(async () => {
      const { items } = await cluster.json<Listed<Pod>>('get', 'pods', '--all-namespaces');
      expect(items).toEqual([]);
      const namespaces = await cluster.kubectlOk('get', 'namespaces');
      expect(namespaces).not.toContain('load-generator');
    }, patient);
  });

  test('a prober tells by region what is well and what is not', async () => {
    const probes = [
      { name: 'itself', type: 'http', target: 'http://127.0.0.1:9115/healthz', intervalSeconds: 5 },
      { name: 'nothing', type: 'tcp', target: '127.0.0.1:1', intervalSeconds: 5 },
    ];
    await installExample('prober', 'prober-values.yaml', [
      `probes=${JSON.stringify(probes)}`,
      'pools=[{name: beijing}, {name: shanghai}]',
    ]);
    await eventually(async () => {
      const { output } = await component('report', 'prober');
      for (const region of regions) {
        expect(output).toMatch(new RegExp(`^${region} +itself +100\\.000 % .* well$`, 'm'));
        expect(output).toMatch(new RegExp(`^${region} +nothing +0\\.000 % .*ECONNREFUSED`, 'm'));
      }
    }, patient);
    expect((await component('remove', 'prober')).errors).toBe('');
  });

  test('a cache, a security agent and an exporter run in every region, and clients are answered by the cache of their own', async () => {
    const sockets = regions.map(socketOf);
    await importStandIns(['http-cache', 'osquery', 'node-exporter'], { sockets });
    const clients = regions.map((region) => JSON.stringify(webPod(region))).join('\n---\n');
    expect((await cluster.kubectl(['apply', '-f', '-'], { input: clients })).errors).toBe('');
    await Promise.all([
      installExample('http-cache', 'http-cache-values.yaml', [
        'pools=[{name: beijing}, {name: shanghai, replicas: 2}]',
      ]),
      // As machines of a test have no shared root.
      installExample('osquery', 'security-agent-values.yaml', ['mountPropagation=None']),
      installExample('node-exporter', 'monitoring-values.yaml', ['mountPropagation=None']),
    ]);
    await cluster.kubectlOk('wait', '--for=condition=Ready', 'pod', '-l', 'app=web', '--timeout=120s');
    for (const region of regions) {
      await eventually(async () => {
        const ask = ['wget', '-q', '-O', '-', 'http://http-cache.http-cache.svc/'];
        const { output } = await cluster.kubectl(['exec', `web-${region}`, '--', ...ask]);
        expect(output).toMatch(
          new RegExp(`^stand-in cache of https://origin.example.com in http-cache-${region}-`),
        );
      }, patient);
      const podOf = async (namespace: string) => {
        const on = ['--field-selector', `spec.nodeName=${region}-1`, '-o', 'name'];
        const names = await cluster.kubectlOk('get', 'pods', '--namespace', namespace, ...on);
        return names.trim().replace('pod/', '');
      };
      const agent = await podOf('security-agent');
      const seen = await cluster.kubectlOk('logs', '--namespace=security-agent', agent);
      expect(seen).toBe('osqueryd (stand-in) watches "/host/etc/%%"\n');
      const exporter = `/api/v1/namespaces/node-exporter/pods/${await podOf('node-exporter')}:9100`;
      expect(await cluster.kubectlOk('get', '--raw', `${exporter}/proxy/metrics`)).toBe('node_stand_in 1\n');
    }
    await cluster.kubectlOk('delete', 'pod', '-l', 'app=web');
    const removed = ['http-cache', 'osquery', 'node-exporter'].map((name) => component('remove', name));
    for (const { errors } of await Promise.all(removed)) expect(errors).toBe('');
  });

  test('an Ingress and a Gateway lead to the pods of the own region, and without those over a Crossing', async () => {
    const installed = await component(
      'install',
      'ingress',
      '--set',
      'pools=[{name: beijing}, {name: shanghai}]',
      '--set',
      'serviceType=ClusterIP',
    );
    expect(installed.errors).toBe('');
    const objects = [
      ...regions.map((region) => webPod(region)),
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'web' },
        spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
      },
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'Ingress',
        metadata: { name: 'web' },
        spec: {
          ingressClassName: 'skerry',
          rules: [
            {
              host: 'shop.example.com',
              http: {
                paths: [
                  {
                    path: '/shop',
                    pathType: 'Prefix',
                    backend: { service: { name: 'web', port: { number: 80 } } },
                  },
                ],
              },
            },
          ],
        },
      },
      {
        apiVersion: 'gateway.networking.k8s.io/v1',
        kind: 'Gateway',
        metadata: { name: 'edge' },
        spec: { gatewayClassName: 'skerry', listeners: [{ name: 'web', port: 80, protocol: 'HTTP' }] },
      },
      {
        apiVersion: 'gateway.networking.k8s.io/v1',
        kind: 'HTTPRoute',
        metadata: { name: 'web' },
        spec: {
          parentRefs: [{ name: 'edge' }],
          hostnames: ['api.example.com'],
          rules: [
            {
              filters: [
                {
                  type: 'URLRewrite',
                  urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/shop' } },
                },
              ],
              backendRefs: [{ name: 'web', port: 80 }],
            },
          ],
        },
      },
    ];
    const input = objects.map((object) => JSON.stringify(object)).join('\n---\n');
    expect((await cluster.kubectl(['apply', '-f', '-'], { input })).errors).toBe('');
    await cluster.kubectlOk('wait', '--for=condition=Programmed', 'gateway/edge', '--timeout=60s');
    await cluster.kubectlOk('wait', '--for=condition=Ready', 'pod', '-l', 'app=web', '--timeout=120s');
    const { spec } = await cluster.json<{ spec: { clusterIP: string } }>(
      'get',
      'service',
      'ingress',
      '--namespace=skerry-ingress',
    );
    const ask = async (region: string, host: string, path: string) => {
      const command = [
        'wget',
        '-q',
        '-O',
        '-',
        '--header',
        `Host: ${host}`,
        `http://${spec.clusterIP}${path}`,
      ];
      const { output, errors } = await cluster.kubectl(['exec', `web-${region}`, '--', ...command]);
      return output + errors;
    };
    for (const region of regions) {
      await eventually(async () => {
        expect(await ask(region, 'shop.example.com', '/shop/')).toBe(`of ${region}\n`);
        expect(await ask(region, 'api.example.com', '/')).toBe(`of ${region}\n`);
        expect(await ask(region, 'shop.example.com', '/')).toContain('404');
      }, patient);
    }
    await eventually(async () => {
      const ingress = await cluster.json<{ status: unknown }>('get', 'ingress', 'web');
      expect(ingress.status).toEqual({ loadBalancer: { ingress: [{ ip: spec.clusterIP }] } });
    }, patient);
    // Without a pod of its own a region has nothing to serve, until a Crossing leads to another's.
    await cluster.kubectlOk('label', 'pod', 'web-beijing', 'app=other', '--overwrite');
    await eventually(
      async () => expect(await ask('beijing', 'shop.example.com', '/shop/')).toContain('503'),
      patient,
    );
    const crossing = {
      apiVersion: 'network.skerry.io/v1alpha1',
      kind: 'Crossing',
      metadata: { name: 'far' },
      spec: { pools: regions },
    };
    await cluster.kubectl(['create', '-f', '-'], { input: JSON.stringify(crossing) });
    await eventually(async () => {
      expect(await ask('beijing', 'shop.example.com', '/shop/')).toBe('of shanghai\n');
      expect(await ask('beijing', 'api.example.com', '/')).toBe('of shanghai\n');
    }, patient);
    await cluster.kubectlOk('delete', 'crossing', 'far');
    // What it serves by stands in the way of its definitions' end.
    expect((await component('remove', 'ingress')).code).not.toBe(0);
    await cluster.kubectlOk('delete', 'httproute/web', 'gateway/edge', 'ingress/web', 'service/web');
    await cluster.kubectlOk('delete', 'pod', 'web-beijing', 'web-shanghai', '--wait=false');
    expect((await component('remove', 'ingress')).errors).toBe('');
  });
});

function webPod(region: string): object {
  const serve = `mkdir -p /tmp/www/shop && echo of ${region} > /tmp/www/shop/index.html && exec httpd -f -p 8080 -h /tmp/www`;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `web-${region}`, labels: { app: 'web' } },
    spec: {
      nodeSelector: { 'apps.openyurt.io/nodepool': region },
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'main', image: busyboxImage, command: ['sh', '-c', serve] }],
    },
  };
}
