/** Names and network policies of one machine, asked by its pods; also while its line is cut. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { eventually } from '@skerry/base/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canRunContainers, root } from '../support/cluster.ts';
import { busyboxImage, Regions } from '../support/regions.ts';

interface DnsReply {
  readonly rcode: string;
  readonly flag_tc: boolean;
  readonly flag_aa: boolean;
  readonly answers: readonly { readonly type: string; readonly data: unknown }[];
  readonly authorities: readonly { readonly type: string }[];
}

const server = '10.96.0.10';
const domain = 'default.svc.cluster.local';
/** Its name at port 8080, and at 9000 an echo. */
const serving = [
  'sh',
  '-c',
  'mkdir /tmp/www; echo web > /tmp/www/index.html; nc -ll -p 9000 -e cat & exec httpd -f -p 8080 -h /tmp/www',
];
/** Speaks to the echo all the time, and keeps what it hears. */
const talking = [
  'sh',
  '-c',
  'while :; do (while echo tick; do sleep 0.05; done) | nc web-0.db 9000 >> /tmp/heard; sleep 1; done',
];

describe.skipIf(!canRunContainers())('names and policies', () => {
  let regions: Regions;
  let web: string;
  let upstream: ChildProcess | undefined;
  const patient = { timeoutMs: 90_000, everyMs: 300 };

  beforeAll(async () => {
    regions = await Regions.start({ a: 1 });
    await apply(
      service('web', { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] }),
      service('db', {
        clusterIP: 'None',
        selector: { app: 'web' },
        ports: [{ name: 'http', port: 8080 }],
      }),
      service('early', {
        clusterIP: 'None',
        publishNotReadyAddresses: true,
        selector: { app: 'shy' },
        ports: [{ name: 'http', port: 8080 }],
      }),
      service('shy', { clusterIP: 'None', selector: { app: 'shy' }, ports: [{ port: 8080 }] }),
      service('elsewhere', { type: 'ExternalName', externalName: `web.${domain}` }),
      service('many', { clusterIP: 'None', ports: [{ name: 'http', port: 80 }] }),
      {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { name: 'many-1', labels: { 'kubernetes.io/service-name': 'many' } },
        addressType: 'IPv4',
        ports: [{ name: 'http', port: 80 }],
        endpoints: Array.from({ length: 100 }, (_, n) => ({ addresses: [`192.0.2.${n + 1}`] })),
      },
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'shy', labels: { app: 'shy' } },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [
            {
              name: 'main',
              image: busyboxImage,
              command: ['sleep', '100000'],
              readinessProbe: { exec: { command: ['false'] } },
            },
          ],
        },
      },
    );
    const idle = { command: ['sleep', '100000'] };
    const [pod] = await Promise.all([
      regions.runPod('web', 'a-1', { command: serving, spec: { hostname: 'web-0', subdomain: 'db' } }),
      regions.runPod('friend', 'a-1', idle),
      regions.runPod('stranger', 'a-1', { command: talking }),
    ]);
    web = pod.address;
  });

  afterAll(async () => {
    upstream?.kill();
    await regions?.stop();
  });

  describe('names', () => {
    test.each([
      [`web.${domain}`, 'A', /^Address: 10\.96\.\d+\.\d+$/m],
      ['web', 'A', /^Name:\s+web\.default\.svc\.cluster\.local$/m],
      ['kubernetes.default.svc.cluster.local', 'A', /^Address: 10\.96\.0\.1$/m],
      [`web-0.db.${domain}`, 'A', /^Address: 10\.12\.0\.\d+$/m],
      [`early.${domain}`, 'A', /^Address: 10\.12\.0\.\d+$/m],
      [`elsewhere.${domain}`, 'A', /canonical name = web\.default\.svc\.cluster\.local/],
      [`_http._tcp.db.${domain}`, 'SRV', /service = 0 100 8080 web-0\.db\.default\.svc\.cluster\.local/],
      ['10.0.96.10.in-addr.arpa', 'PTR', /name = kube-dns\.kube-system\.svc\.cluster\.local/],
      ['10-1-2-3.default.pod.cluster.local', 'A', /^Address: 10\.1\.2\.3$/m],
      ['dns-version.cluster.local', 'TXT', /"1\.1\.0"/],
    ])('a pod finds %s %s', async (name, type, expected) => {
      await eventually(async () => {
        const { output } = await regions.exec('friend', 'nslookup', `-type=${type.toLowerCase()}`, name);
        expect(output).toMatch(expected);
      }, patient);
    });

    test('a raw client gets the same over UDP and TCP, and is told when there is more', async () => {
      expect(await ask(`web-0.db.${domain}`)).toMatchObject({
        rcode: 'NOERROR',
        flag_aa: true,
        answers: [{ type: 'A', data: web }],
      });
      expect(await ask(`WEB-0.db.${domain}`, 'A', 'tcp')).toMatchObject({ answers: [{ data: web }] });
      const short = await ask(`many.${domain}`);
      expect(short.flag_tc).toBe(true);
      expect((await ask(`many.${domain}`, 'A', 'tcp')).answers).toHaveLength(100);
    });

    test.each([
      [`shy.${domain}`, 'A', 'NXDOMAIN'],
      [`nothing.${domain}`, 'A', 'NXDOMAIN'],
      [`web.${domain}`, 'AAAA', 'NOERROR'],
    ])('of %s there is no %s', async (name, type, rcode) => {
      expect(await ask(name, type)).toMatchObject({ rcode, answers: [], authorities: [{ type: 'SOA' }] });
    });

    test('a stub domain is asked of its own servers', async () => {
      const script = join(root, 'test/support/dns-upstream.ts');
      upstream = regions.spawnInside('a-1', process.execPath, script, '5353', '192.0.2.53');
      if (upstream.stdout) await once(upstream.stdout, 'data');
      await apply({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'kube-dns', namespace: 'kube-system' },
        data: { stubDomains: JSON.stringify({ 'acme.test': ['127.0.0.1:5353'] }) },
      });
      await eventually(async () => {
        expect(await ask('shop.acme.test')).toMatchObject({ answers: [{ type: 'A', data: '192.0.2.53' }] });
      }, patient);
      expect((await regions.exec('friend', 'nslookup', 'www.acme.test')).output).toContain('192.0.2.53');
    });
  });

  describe('policies', () => {
    const url = (port = 8080) => `http://${web}:${port}/`;
    const reaches = async (pod: string, target: string, expected: boolean) => {
      await eventually(async () => {
        expect((await regions.fetch(pod, target, 2)) !== undefined).toBe(expected);
      }, patient);
    };

    test('without one everyone reaches everyone', async () => {
      await reaches('stranger', url(), true);
      await reaches('friend', 'http://web/', true);
      await reaches('friend', 'http://web.default/', true);
    });

    test('a connection that a new policy forbids ends, and only those it allows are made', async () => {
      const heard = async () =>
        Number((await regions.exec('stranger', 'wc', '-c', '/tmp/heard')).output.split(' ')[0]);
      const before = await heard();
      await eventually(async () => expect(await heard()).toBeGreaterThan(before), patient);

      await apply(
        policy('web', {
          podSelector: { matchLabels: { app: 'web' } },
          ingress: [{ from: [{ podSelector: { matchLabels: { app: 'friend' } } }], ports: [{ port: 8080 }] }],
        }),
      );
      await reaches('stranger', url(), false);
      await reaches('stranger', 'http://web/', false);
      await reaches('friend', url(), true);
      await reaches('friend', 'http://web/', true);
      await eventually(async () => expect(await heard()).toBe(await heard()), patient);
      // Probes and what else comes from the machine itself.
      const own = await regions.inside('a-1', 'busybox', 'wget', '-q', '-O', '-', url());
      expect(own.output.trim()).toBe('web');
    });

    test('a pod that gets the label is let in, and one that loses it is not', async () => {
      await regions.cluster.kubectlOk('label', 'pod', 'stranger', 'app=friend', '--overwrite');
      await reaches('stranger', url(), true);
      await regions.cluster.kubectlOk('label', 'pod', 'stranger', 'app=stranger', '--overwrite');
      await reaches('stranger', url(), false);
    });

    test.each<[string, object, boolean]>([
      ['nobody', { ingress: [] }, false],
      ['all of a namespace', { ingress: [{ from: [{ namespaceSelector: {} }] }] }, true],
      [
        'namespaces by label',
        {
          ingress: [
            { from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'default' } } }] },
          ],
        },
        true,
      ],
      [
        'other namespaces',
        {
          ingress: [
            {
              from: [
                { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } } },
              ],
            },
          ],
        },
        false,
      ],
      ['a block', { ingress: [{ from: [{ ipBlock: { cidr: '10.12.0.0/16' } }] }] }, true],
      [
        'a block without this part of it',
        { ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.12.0.0/16'] } }] }] },
        false,
      ],
      ['a range of ports', { ingress: [{ ports: [{ port: 8000, endPort: 8100 }] }] }, true],
      ['other ports', { ingress: [{ ports: [{ port: 8081, endPort: 8100 }] }] }, false],
      ['another protocol', { ingress: [{ ports: [{ protocol: 'UDP', port: 8080 }] }] }, false],
    ])('allowed from %s', async (_, spec, expected) => {
      await apply(policy('web', { podSelector: { matchLabels: { app: 'web' } }, ...spec }));
      await reaches('friend', url(), expected);
    });

    test('what a pod may send is limited the same way, names excepted', async () => {
      await apply(
        policy('web', { podSelector: { matchLabels: { app: 'web' } }, ingress: [{}] }),
        policy('quiet', { podSelector: { matchLabels: { app: 'stranger' } }, policyTypes: ['Egress'] }),
      );
      await reaches('friend', url(), true);
      await reaches('stranger', url(), false);
      expect((await regions.exec('stranger', 'nslookup', `web.${domain}`)).output).toContain(
        'Address: 10.96.',
      );
      await apply(
        policy('quiet', {
          podSelector: { matchLabels: { app: 'stranger' } },
          policyTypes: ['Egress'],
          egress: [{ to: [{ podSelector: { matchLabels: { app: 'web' } } }], ports: [{ port: 8080 }] }],
        }),
      );
      await reaches('stranger', url(), true);
    });
  });

  test('while the line is cut names and policies stay, also when the agent starts again', async () => {
    await apply(policy('web', { podSelector: { matchLabels: { app: 'web' } }, ingress: [] }));
    const closed = async () => {
      const listing = await regions.inside(
        'a-1',
        'nft',
        'list',
        'map',
        'ip',
        'skerry_policies',
        'arriving-pods',
      );
      expect(listing.output).toContain(`${web} : jump`);
    };
    await eventually(closed, patient);
    await regions.setLine('a', 'down');
    try {
      expect(await ask(`web-0.db.${domain}`)).toMatchObject({ answers: [{ data: web }] });
      const { 'agent-a-1': pid } = await regions.cluster.processes();
      process.kill(pid ?? 0, 'SIGKILL');
      await eventually(async () => {
        const { 'agent-a-1': now } = await regions.cluster.processes();
        expect(now).toBeGreaterThan(0);
        expect(now).not.toBe(pid);
        expect(await ask(`web-0.db.${domain}`)).toMatchObject({ answers: [{ data: web }] });
      }, patient);
      expect((await ask(`nothing.${domain}`)).rcode).toBe('NXDOMAIN');
      await closed();
    } finally {
      await regions.setLine('a', 'up');
    }
  });

  function service(name: string, spec: object) {
    return { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec };
  }

  function policy(name: string, spec: object) {
    return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name }, spec };
  }

  async function apply(...items: object[]): Promise<void> {
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
    const { code, errors } = await regions.cluster.kubectl(['apply', '-f', '-'], { input });
    if (code !== 0) throw new Error(errors);
  }

  async function ask(name: string, type = 'A', transport = 'udp'): Promise<DnsReply> {
    const script = join(root, 'test/support/dns-query.ts');
    const { code, output } = await regions.inside(
      'a-1',
      process.execPath,
      script,
      server,
      name,
      type,
      transport,
    );
    if (code !== 0) throw new Error(`${server} does not answer ${name}`);
    return JSON.parse(output) as DnsReply;
  }
});
