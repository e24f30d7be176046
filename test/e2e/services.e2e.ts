/**
 * Services of each type on real machines, from pods, machines and their neighbours; and what disturbs no traffic. The cluster
 * has addresses of both families; what isn't said to be of IPv6 is of IPv4.
 */
import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { eventually } from '@skerry/base/testing';
import type { Node, Pod, Service } from '@skerry/api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canRunContainers, leftovers, run } from '../support/cluster.ts';
import { busyboxImage, Regions } from '../support/regions.ts';

/** Of pods, and of Services. */
const bothFamilies = [
  '--cluster-cidr=10.12.0.0/16,fd00:10:12::/56',
  '--service-cidr=10.96.0.0/16,fd00:10:96::/112',
];
const patient = { timeoutMs: 60_000, everyMs: 200 };

describe.skipIf(!canRunContainers())('Services', () => {
  let regions: Regions;
  let machineAddress: string;
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    regions = await Regions.start({ a: 2, b: 1 }, { flags: bothFamilies });
    const otherTable = 'table ip other { chain c { type filter hook forward priority 5; accept; } ; }';
    await inside('a-1', 'nft', otherTable);
    machineAddress = addressOf(await regions.cluster.json<Node>('get', 'node', 'a-1'));
    await apply(
      deployment('web', { replicas: 2, machine: 'a-1' }),
      service('web', { type: 'NodePort' }),
      service('nobody'),
    );
    await regions.cluster.kubectlOk('rollout', 'status', 'deployment/web', '--timeout=120s');
    await regions.runPod('client', 'a-1', { command: ['sleep', '100000'] });
  });

  afterAll(async () => {
    if (!regions) return;
    const { cluster, instance } = regions;
    for (const child of children) child.kill('SIGKILL');
    await regions.stop();
    expect(leftovers(cluster.dataDirectory, instance)).toEqual([]);
  });

  async function apply(...objects: object[]): Promise<void> {
    const input = objects.map((object) => JSON.stringify(object)).join('\n---\n');
    const result = await regions.cluster.kubectl(['apply', '-f', '-'], { input });
    if (result.code !== 0) throw new Error(result.errors);
  }

  async function inside(machine: string, program: string, ...args: string[]): Promise<string> {
    const { code, output, errors } = await regions.inside(machine, program, ...args);
    if (code !== 0) throw new Error(errors || output);
    return output;
  }

  const getService = (name: string) => regions.cluster.json<Service>('get', 'service', name);
  /** What a machine, or the router of a region, gets from a URL; `refused` or `silent` where it gets nothing. */
  async function fetchFrom(where: string, url: string): Promise<string> {
    const result = await regions.inside(where, 'timeout', '2', 'busybox', 'wget', '-q', '-O', '-', url);
    if (result.code === 0) return result.output.trim();
    return result.errors.includes('refused') ? 'refused' : 'silent';
  }
  async function fetchFromPod(pod: string, url: string): Promise<string> {
    const result = await regions.exec(pod, 'timeout', '2', 'wget', '-q', '-O', '-', url);
    if (result.code === 0) return result.output.trim();
    return result.errors.includes('refused') ? 'refused' : 'silent';
  }
  const clusterUrl = async (name: string, port = 80) =>
    `http://${(await getService(name)).spec?.clusterIP}:${port}/`;
  const nodePortOf = async (name: string) => (await getService(name)).spec?.ports?.[0]?.nodePort;

  test('a cluster address answers pods and machines, from each of its pods', async () => {
    const url = await clusterUrl('web');
    const answers = new Set<string>();
    await eventually(async () => {
      answers.add(await fetchFromPod('client', url));
      expect([...answers].filter((one) => one.startsWith('web-'))).toHaveLength(2);
    }, patient);
    expect(await fetchFrom('a-1', url)).toMatch(/^web-/);
    expect(await fetchFrom('a-2', url)).toMatch(/^web-/);
  });

  test('a node port answers neighbours of every machine of the pool', async () => {
    const port = await nodePortOf('web');
    const other = addressOf(await regions.cluster.json<Node>('get', 'node', 'a-2'));
    await eventually(async () => {
      expect(await fetchFrom('a-nat', `http://${machineAddress}:${port}/`)).toMatch(/^web-/);
      expect(await fetchFrom('a-nat', `http://${other}:${port}/`)).toMatch(/^web-/);
      expect(await fetchFromPod('client', `http://${machineAddress}:${port}/`)).toMatch(/^web-/);
      expect(await fetchFrom('a-2', `http://${machineAddress}:${port}/`)).toMatch(/^web-/);
    }, patient);
  });

  test('a headless Service leads pods to its pods, and an external name to what it names', async () => {
    const external = { type: 'ExternalName', externalName: 'bare.default.svc.cluster.local' };
    await apply(
      service('bare', { clusterIP: 'None', selector: { app: 'web' } }),
      service('elsewhere', { ...external, selector: {} }),
    );
    for (const name of ['bare', 'elsewhere'])
      await eventually(
        async () => expect(await fetchFromPod('client', `http://${name}:8080/`)).toMatch(/^web-/),
        patient,
      );
  });

  test('a Service without endpoints refuses at once', async () => {
    const url = await clusterUrl('nobody');
    await eventually(async () => expect(await fetchFromPod('client', url)).toBe('refused'), patient);
    expect(await fetchFrom('a-1', url)).toBe('refused');
  });

  test('traffic stays in the pool: another pool has endpoints of its own, or none', async () => {
    const url = await clusterUrl('web');
    await eventually(async () => expect(await fetchFrom('b-1', url)).toBe('refused'), patient);
    await regions.runPod('web-b', 'b-1', { labels: { app: 'web' } });
    await eventually(async () => expect(await fetchFrom('b-1', url)).toBe('web-b'), patient);
    for (let call = 0; call < 6; call++) expect(await fetchFrom('a-1', url)).toMatch(/^web-.{6,}/);
    await regions.cluster.kubectlOk('delete', 'pod', 'web-b', '--wait=false');
  });

  test('traffic stays on its machine where the Service says so', async () => {
    const ofWeb = { selector: { app: 'web' } };
    await apply(
      service('on-host', ofWeb, { 'openyurt.io/topologyKeys': 'kubernetes.io/hostname' }),
      service('in-pool', ofWeb, { 'openyurt.io/topologyKeys': 'openyurt.io/nodepool' }),
      service('inside', { ...ofWeb, internalTrafficPolicy: 'Local' }),
      service('preferred', { ...ofWeb, trafficDistribution: 'PreferSameNode' }),
    );
    // All of its pods are on a-1.
    const expected = { 'on-host': 'refused', 'in-pool': 'web', inside: 'silent', preferred: 'web' };
    for (const [name, elsewhere] of Object.entries(expected)) {
      const url = await clusterUrl(name);
      await eventually(async () => expect(await fetchFrom('a-1', url)).toMatch(/^web-/), patient);
      await eventually(
        async () => expect((await fetchFrom('a-2', url)).split('-')[0]).toBe(elsewhere),
        patient,
      );
    }
  });

  test('a client with affinity stays with its pod', async () => {
    await apply(service('sticky', { sessionAffinity: 'ClientIP', selector: { app: 'web' } }));
    const url = await clusterUrl('sticky');
    const first = await eventually(async () => {
      const answer = await fetchFromPod('client', url);
      expect(answer).toMatch(/^web-/);
      return answer;
    }, patient);
    for (let call = 0; call < 6; call++) expect(await fetchFromPod('client', url)).toBe(first);
  });

  test("a load balancer's address is of the pool's range, is held by one machine, moves, and goes with the Service", async () => {
    await apply(
      service('front', { type: 'LoadBalancer', externalTrafficPolicy: 'Local', selector: { app: 'web' } }),
    );
    const range = 'network.skerry.io/load-balancer-addresses=192.168.0.200-192.168.0.201';
    await regions.cluster.kubectlOk('annotate', 'nodepool', 'a', range);
    await eventually(async () => {
      expect((await getService('front')).status?.loadBalancer?.ingress?.[0]?.ip).toBe('192.168.0.200');
      expect(await fetchFrom('a-nat', 'http://192.168.0.200/')).toMatch(/^web-/);
    }, patient);
    expect(await holdersOf('192.168.0.200')).toEqual(['a-1']);
    expect(await fetchFromPod('client', 'http://192.168.0.200/')).toMatch(/^web-/);
    for (const machine of ['a-1', 'a-2'])
      expect(await fetchFrom(machine, 'http://192.168.0.200/')).toMatch(/^web-/);
    const check = (await getService('front')).spec?.healthCheckNodePort;
    expect(await fetchFrom('a-1', `http://127.0.0.1:${check}/`)).toContain('"localEndpoints": 2');
    expect(
      (await regions.inside('a-2', 'busybox', 'wget', '-O', '-', `http://127.0.0.1:${check}/`)).errors,
    ).toContain('503');
    await regions.cluster.kubectlOk(
      'patch',
      'service',
      'front',
      '-p',
      '{"spec":{"externalTrafficPolicy":"Cluster"}}',
    );
    const excluded = 'node.kubernetes.io/exclude-from-external-load-balancers';
    await regions.cluster.kubectlOk('label', 'node', 'a-1', `${excluded}=`);
    await eventually(async () => {
      expect(await holdersOf('192.168.0.200')).toEqual(['a-2']);
      expect(await fetchFrom('a-nat', 'http://192.168.0.200/')).toMatch(/^web-/);
    }, patient);
    await regions.cluster.kubectlOk('label', 'node', 'a-1', `${excluded}-`);
    await regions.cluster.kubectlOk('delete', 'service', 'front');
    await eventually(async () => expect(await holdersOf('192.168.0.200')).toEqual([]), patient);
  });

  test('node ports listen in the pools that the Service names', async () => {
    const annotations = { 'nodeport.openyurt.io/listen': 'b' };
    await apply(service('quiet', { type: 'NodePort', selector: { app: 'web' } }, annotations));
    const port = await nodePortOf('quiet');
    const url = await clusterUrl('quiet');
    await eventually(async () => expect(await fetchFrom('a-1', url)).toMatch(/^web-/), patient);
    expect(await fetchFrom('a-nat', `http://${machineAddress}:${port}/`)).toBe('refused');
    await regions.cluster.kubectlOk(
      'annotate',
      'service',
      'quiet',
      'nodeport.openyurt.io/listen=*',
      '--overwrite',
    );
    await eventually(
      async () => expect(await fetchFrom('a-nat', `http://${machineAddress}:${port}/`)).toMatch(/^web-/),
      patient,
    );
  });

  describe('of IPv6', () => {
    /** On the network between machines and their router. */
    const routerAddress = 'fd53::1';
    const machines = { 'a-1': 'fd53::10', 'a-2': 'fd53::11' } as const;
    const addresses = new Map<string, string>();

    beforeAll(async () => {
      await inside('a-nat', 'ip', 'address', 'add', `${routerAddress}/64`, 'dev', 'lan', 'nodad');
      for (const [machine, address] of Object.entries(machines)) {
        await inside(machine, 'ip', 'address', 'add', `${address}/64`, 'dev', 'eth0', 'nodad');
        await inside(machine, 'ip', 'route', 'add', 'default', 'via', routerAddress);
      }
      await regions.runPod('six', 'a-2', { labels: { app: 'six' } });
      await apply(
        service('six', {
          type: 'NodePort',
          ipFamilyPolicy: 'RequireDualStack',
          ipFamilies: ['IPv6', 'IPv4'],
        }),
        service('nobody-six', { ipFamilies: ['IPv6'] }),
      );
      for (const pod of ['client', 'six']) {
        const { status } = await regions.cluster.json<Pod>('get', 'pod', pod);
        addresses.set(pod, status?.podIPs?.[1]?.ip ?? '');
      }
    });

    const sixUrl = async (name = 'six') => `http://[${(await getService(name)).spec?.clusterIP}]:80/`;

    test('pods and machines have addresses of both', async () => {
      for (const address of addresses.values()) expect(address).toMatch(/^fd00:10:12:/);
      await eventually(async () => {
        const { status } = await regions.cluster.json<Pod>('get', 'pod', 'six');
        expect(status?.hostIPs).toEqual([{ ip: '192.168.0.11' }, { ip: machines['a-2'] }]);
      }, patient);
    });

    test('pods reach each other over both kinds of ways, and the outside under the address of their machine', async () => {
      const url = `http://[${addresses.get('six')}]:8080/`;
      expect(await regions.fetched('client', url)).toBe('six');
      expect(await fetchFrom('a-1', url)).toBe('six');
      for (const [routing, device] of [
        ['vxlan', 'skerry-vxlan'],
        ['auto', 'eth0'],
      ] as const) {
        const annotation = `network.skerry.io/routing=${routing}`;
        await regions.cluster.kubectlOk('annotate', 'nodepool', 'a', annotation, '--overwrite');
        await eventually(async () => {
          const way = await inside('a-1', 'ip', '-6', 'route', 'get', addresses.get('six') ?? '');
          expect(way).toContain(`dev ${device}`);
          expect(await fetchFromPod('client', url)).toBe('six');
        }, patient);
      }
      const { errors } = await regions.exec(
        'client',
        'wget',
        '-q',
        '-O',
        '-',
        'http://[fd00:10:12:f::1]:80/',
      );
      expect(errors).toMatch(/unreachable|No route to host/);
      const outside = regions.spawnInside('a-nat', process.execPath, '-e', sayWhoAsks, routerAddress);
      children.push(outside);
      await eventually(
        async () =>
          expect(await fetchFromPod('client', `http://[${routerAddress}]:9000/`)).toBe(machines['a-1']),
        patient,
      );
    });

    test('a Service answers at its address and node port, and refuses without endpoints', async () => {
      const url = await sixUrl();
      expect(url).toContain('[fd00:10:96::');
      await eventually(async () => expect(await fetchFromPod('client', url)).toBe('six'), patient);
      for (const machine of ['a-1', 'a-2']) expect(await fetchFrom(machine, url)).toBe('six');
      const port = await nodePortOf('six');
      expect(await fetchFrom('a-nat', `http://[${machines['a-1']}]:${port}/`)).toBe('six');
      expect(await fetchFrom('a-nat', `http://${machineAddress}:${port}/`)).toBe('six');
      expect(await fetchFromPod('client', await sixUrl('nobody-six'))).toBe('refused');
    });

    test('a load balancer has an address of each family; neighbours learn at once where that of IPv6 has moved', async () => {
      const range = 'network.skerry.io/load-balancer-addresses=192.168.0.202,fd53::200-fd53::201';
      await regions.cluster.kubectlOk('annotate', 'nodepool', 'a', range, '--overwrite');
      const both = { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv6', 'IPv4'] };
      const stays = { externalTrafficPolicy: 'Local', selector: { app: 'six' } };
      await apply(service('front-six', { type: 'LoadBalancer', ...both, ...stays }));
      const [sixAddress, fourAddress] = ['fd53::200', '192.168.0.202'];
      const urls = { six: `http://[${sixAddress}]/`, four: `http://${fourAddress}/` };
      const patched = (spec: object) =>
        regions.cluster.kubectlOk('patch', 'service', 'front-six', '-p', JSON.stringify({ spec }));
      await eventually(async () => {
        const { ingress } = (await getService('front-six')).status?.loadBalancer ?? {};
        expect(ingress?.map(({ ip }) => ip)).toEqual([sixAddress, fourAddress]);
        for (const url of Object.values(urls)) expect(await fetchFrom('a-nat', url)).toBe('six');
      }, patient);
      for (const address of [sixAddress, fourAddress]) expect(await holdersOf(address)).toEqual(['a-2']);
      expect(await fetchFromPod('client', urls.six)).toBe('six');
      // Its own connections go out under its own address, and that one is on its Node.
      const way = await inside('a-2', 'ip', '-6', 'route', 'get', routerAddress);
      expect(way).toContain(`src ${machines['a-2']}`);

      await patched({ externalTrafficPolicy: 'Cluster' });
      const excluded = 'node.kubernetes.io/exclude-from-external-load-balancers';
      expect(await knownTo('a-nat', sixAddress)).toBe(await linkAddressOf('a-2'));
      await regions.cluster.kubectlOk('label', 'node', 'a-2', `${excluded}=`);
      await eventually(async () => {
        // Nobody has asked for it meanwhile.
        expect(await knownTo('a-nat', sixAddress)).toBe(await linkAddressOf('a-1'));
        for (const address of [sixAddress, fourAddress]) expect(await holdersOf(address)).toEqual(['a-1']);
      }, patient);
      for (const url of Object.values(urls)) expect(await fetchFrom('a-nat', url)).toBe('six');
      const { status } = await regions.cluster.json<Node>('get', 'node', 'a-1');
      expect(status?.addresses?.map(({ address }) => address)).not.toContain(sixAddress);

      for (const [ranges, expected] of [
        [['192.168.0.1/32', 'fd53::99/128'], { six: 'silent', four: 'six' }],
        [['192.168.0.99/32', `${routerAddress}/128`], { six: 'six', four: 'silent' }],
      ] as const) {
        await patched({ loadBalancerSourceRanges: ranges });
        await eventually(async () => {
          expect(await fetchFrom('a-nat', urls.six)).toBe(expected.six);
          expect(await fetchFrom('a-nat', urls.four)).toBe(expected.four);
        }, patient);
      }
      await regions.cluster.kubectlOk('label', 'node', 'a-2', `${excluded}-`);
      await regions.cluster.kubectlOk('delete', 'service', 'front-six');
      await eventually(async () => expect(await holdersOf(sixAddress)).toEqual([]), patient);
      const notify = await inside('a-1', 'sysctl', '-n', 'net.ipv6.conf.eth0.ndisc_notify');
      expect(notify.trim()).toBe('0');
    });

    test('names have AAAA records, also asked at an IPv6 address', async () => {
      const name = 'six.default.svc.cluster.local';
      const found = async (...server: string[]) =>
        (await regions.exec('client', 'nslookup', '-type=aaaa', name, ...server)).output;
      const { clusterIP = '' } = (await getService('six')).spec ?? {};
      expect(await found()).toContain(`Address: ${clusterIP}`);
      const patch = '{"spec":{"ipFamilyPolicy":"PreferDualStack"}}';
      await regions.cluster.kubectlOk('patch', 'service', '-n', 'kube-system', 'kube-dns', '-p', patch);
      const dns = await regions.cluster.json<Service>('get', 'service', '-n', 'kube-system', 'kube-dns');
      const [, six = ''] = dns.spec?.clusterIPs ?? [];
      await eventually(async () => expect(await found(six)).toContain(`Address: ${clusterIP}`), patient);
    });

    test('policies hold', async () => {
      const url = `http://[${addresses.get('six')}]:8080/`;
      const policy = (from: object) => ({
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: 'six' },
        spec: { podSelector: { matchLabels: { app: 'six' } }, ingress: [{ from: [from] }] },
      });
      await apply(
        policy({ ipBlock: { cidr: 'fd00:10:12::/56', except: [`${addresses.get('client')}/128`] } }),
      );
      await eventually(async () => expect(await fetchFromPod('client', url)).toBe('silent'), patient);
      await apply(policy({ podSelector: { matchLabels: { app: 'client' } } }));
      await eventually(async () => expect(await fetchFromPod('client', url)).toBe('six'), patient);
    });
  });

  test('the API answers a pod at the address in its environment, with the authority and token that it has', async () => {
    const folder = '/var/run/secrets/kubernetes.io/serviceaccount';
    const read = async (...command: string[]) => (await regions.exec('client', ...command)).output;
    const options = {
      host: (await read('sh', '-c', 'echo $KUBERNETES_SERVICE_HOST')).trim(),
      port: (await read('sh', '-c', 'echo $KUBERNETES_SERVICE_PORT')).trim(),
      ca: await read('cat', `${folder}/ca.crt`),
      headers: { authorization: `Bearer ${await read('cat', `${folder}/token`)}` },
      path: '/api/v1/namespaces/default',
    };
    const program = `require('https').get(${JSON.stringify(options)}, (answer) => {
      console.log(answer.statusCode); answer.pipe(process.stdout); });`;
    const pod = await regions.cluster.json<{ metadata: { uid: string } }>('get', 'pod', 'client');
    const network = `--net=/proc/${processOf(pod.metadata.uid)}/ns/net`;
    const { output, errors } = await run('nsenter', [network, process.execPath, '-e', program]);
    // Who it is was understood; that it may not is the answer.
    expect(errors).toBe('');
    expect(output).toMatch(/^403/);
    expect(output).toContain('system:serviceaccount:default:default');
  });

  test('a rolling update under load loses no request', async () => {
    await apply(deployment('rolled', { replicas: 3, machine: 'a-1', drainSeconds: 3 }), service('rolled'));
    await regions.cluster.kubectlOk('rollout', 'status', 'deployment/rolled', '--timeout=120s');
    const url = await clusterUrl('rolled');
    await eventually(async () => expect(await fetchFrom('a-1', url)).toMatch(/^rolled-/), patient);
    const load = startLoad(url);
    await regions.cluster.kubectlOk('rollout', 'restart', 'deployment/rolled');
    await regions.cluster.kubectlOk('rollout', 'status', 'deployment/rolled', '--timeout=120s');
    const { answered, failures } = await load.stop();
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(20);
  });

  test('a line that is cut and an agent that is killed reset no connection, and new ones go on', async () => {
    const echo = ['nc', '-ll', '-p', '9000', '-e', 'cat'];
    await regions.runPod('echo', 'a-1', { command: echo, labels: { app: 'echo' } });
    await apply(service('echo', { ports: [{ name: 'http', port: 9000 }] }));
    const host = (await getService('echo')).spec?.clusterIP ?? '';
    const open = await eventually(() => openConnection(host, 9000), patient);
    const url = await clusterUrl('web');
    await regions.setLine('a', 'down');
    try {
      expect(await fetchFrom('a-1', url)).toMatch(/^web-/);
      const { 'agent-a-1': pid } = await regions.cluster.processes();
      process.kill(pid ?? 0, 'SIGKILL');
      await eventually(async () => {
        const { 'agent-a-1': now } = await regions.cluster.processes();
        expect(now).not.toBe(pid);
        expect(now).toBeGreaterThan(0);
      }, patient);
      for (let call = 0; call < 5; call++) expect(await fetchFrom('a-1', url)).toMatch(/^web-/);
    } finally {
      await regions.setLine('a', 'up');
    }
    await eventually(async () => {
      const node = await regions.cluster.json<Node>('get', 'node', 'a-1');
      expect(node.status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');
    }, patient);
    expect(await open.close()).toBe('open to the end');
  });

  test('tables of others are as they were', async () => {
    expect(await inside('a-1', 'nft', 'list', 'table', 'ip', 'other')).toContain('priority filter + 5');
  });

  /** Asks one after the other, each on a connection of its own, until it is stopped. */
  function startLoad(url: string) {
    const program = `
      const { get } = require('node:http');
      const failures = []; let answered = 0; let stopped = false;
      const next = () => {
        if (stopped) { console.log(JSON.stringify({ answered, failures })); process.exit(); }
        get(${JSON.stringify(url)}, { agent: false, timeout: 5000 }, (answer) => {
          let text = '';
          answer.on('data', (chunk) => (text += chunk));
          answer.on('end', () => { answered++; setImmediate(next); });
        }).on('error', (error) => { failures.push(String(error)); setTimeout(next, 10); });
      };
      process.on('SIGTERM', () => (stopped = true));
      next(); next();`;
    return runProgram(program);
  }

  /** A connection that says something all the time, and hears it back. */
  async function openConnection(host: string, port: number) {
    const program = `
      const socket = require('node:net').connect(${port}, ${JSON.stringify(host)});
      let heard = 0; let fault = 'open to the end';
      const timer = setInterval(() => socket.write('x'), 50);
      socket.on('data', (data) => { if (heard === 0) console.error('connected'); heard += data.length; });
      socket.on('error', (error) => (fault = String(error)));
      socket.on('close', () => (fault = fault === 'open to the end' ? 'closed' : fault));
      process.on('SIGTERM', () => { console.log(JSON.stringify(heard > 0 ? fault : 'silent')); process.exit(); });`;
    const running = runProgram(program);
    try {
      await running.begun;
    } catch (error) {
      running.kill();
      throw error;
    }
    return { close: () => running.stop() };
  }

  /** Runs in the network of machine a-1; `stop` ends it and answers what it then says. */
  function runProgram(program: string) {
    const child = regions.spawnInside('a-1', process.execPath, '-e', program);
    children.push(child);
    let output = '';
    child.stdout?.on('data', (chunk: Buffer) => (output += String(chunk)));
    const begun = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('not connected')), 3_000);
      child.stderr?.once('data', () => {
        clearTimeout(timer);
        resolve();
      });
    });
    begun.catch(() => undefined);
    return {
      begun,
      kill: () => child.kill('SIGKILL'),
      async stop() {
        const ended = new Promise((resolve) => child.once('close', resolve));
        child.kill('SIGTERM');
        await ended;
        return JSON.parse(output);
      },
    };
  }

  /** Which link layer address a machine, or the router of a region, would send to. */
  async function knownTo(where: string, address: string): Promise<string | undefined> {
    const rows = JSON.parse(await inside(where, 'ip', '-j', 'neighbour', 'show', address)) as {
      lladdr?: string;
    }[];
    return rows[0]?.lladdr;
  }

  async function linkAddressOf(machine: string): Promise<string> {
    const rows = JSON.parse(await inside(machine, 'ip', '-j', 'link', 'show', 'eth0')) as {
      address: string;
    }[];
    return rows[0]?.address ?? '';
  }

  async function holdersOf(address: string): Promise<string[]> {
    const holders: string[] = [];
    for (const machine of ['a-1', 'a-2']) {
      if ((await inside(machine, 'ip', '-o', 'address')).includes(`${address}/`)) holders.push(machine);
    }
    return holders;
  }
});

/** Answers each who asks at an address, port 9000, with his own. */
const sayWhoAsks = `require('node:http')
  .createServer((request, response) => response.end(request.socket.remoteAddress))
  .listen(9000, process.argv[1]);`;

/** The process that a pod's container began with: `sleep` here. */
function processOf(uid: string): number {
  const marks = [uid, uid.replaceAll('-', '_')];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const group = readFileSync(`/proc/${entry}/cgroup`, 'utf8');
      const isBeginning = readFileSync(`/proc/${entry}/cmdline`, 'utf8').startsWith('sleep');
      if (isBeginning && marks.some((mark) => group.includes(mark))) return Number(entry);
    } catch {
      // Ended meanwhile.
    }
  }
  throw new Error(`no process of pod ${uid}`);
}

function addressOf({ status }: Node): string {
  return status?.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? '';
}

function service(name: string, spec: Service['spec'] = {}, annotations: Record<string, string> = {}): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, annotations },
    spec: { selector: { app: name }, ports: [{ name: 'http', port: 80, targetPort: 8080 }], ...spec },
  };
}

function deployment(
  name: string,
  { replicas, machine, drainSeconds = 0 }: { replicas: number; machine: string; drainSeconds?: number },
): object {
  const serve = 'mkdir -p /tmp/www && hostname > /tmp/www/index.html && exec httpd -f -p 8080 -h /tmp/www';
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          nodeSelector: { 'kubernetes.io/hostname': machine },
          terminationGracePeriodSeconds: drainSeconds + 1,
          containers: [
            {
              name: 'main',
              image: busyboxImage,
              command: ['sh', '-c', serve],
              readinessProbe: { httpGet: { port: 8080, path: '/' }, periodSeconds: 1 },
              ...(drainSeconds > 0 ? { lifecycle: { preStop: { sleep: { seconds: drainSeconds } } } } : {}),
            },
          ],
        },
      },
    },
  };
}
