/**
 * Pods reach each other: in a pool by routes and by VXLAN, across pools where a Crossing says so and through gateways that
 * die; and what they talk about goes on while lines are cut, the server is down and agents start anew. Pools may have the
 * network of their host, or a CNI plugin of their users'. All regions have the same private addresses; pods have one of IPv6
 * too.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Crossing, Pod, PoolNetwork } from '@skerry/api';
import { eventually } from '@skerry/base/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canRunContainers, entry, leftovers, run } from '../support/cluster.ts';
import { JoinedMachine } from '../support/joined-machine.ts';
import { busyboxImage, Regions } from '../support/regions.ts';

type Traces = Readonly<
  Record<
    'links' | 'addresses' | 'routes' | 'tables' | 'files' | 'mounts' | 'processes' | 'groups',
    readonly string[]
  >
>;

describe.skipIf(!canRunContainers())('the pod network', () => {
  let regions: Regions;
  const pods = new Map<string, Pod & { address: string }>();
  const patient = { timeoutMs: 90_000, everyMs: 300 };
  let talks = 0;
  const farUrl = 'http://far.default.svc.cluster.local:8080/';
  const url = (machine: string) => `http://${pods.get(machine)?.address}:8080/`;
  const ipv6Url = (machine: string) => `http://[${pods.get(machine)?.status?.podIPs?.[1]?.ip}]:8080/`;

  beforeAll(async () => {
    regions = await Regions.start({ a: 3, b: 1 }, { flags: ['--cluster-cidr=10.12.0.0/16,fd00:10:12::/56'] });
    for (const machine of ['a-1', 'a-2', 'a-3', 'b-1'])
      pods.set(machine, await regions.runPod(`on-${machine}`, machine, { volume: 'talk' }));
  }, 400_000);

  afterAll(async () => {
    await regions?.stop();
  });

  test('on one node, and from the node itself', async () => {
    const neighbour = await regions.runPod('neighbour', 'a-1');
    expect(await regions.fetched('on-a-1', `http://${neighbour.address}:8080/`)).toBe('neighbour');
    const { output } = await regions.inside('a-1', 'busybox', 'wget', '-q', '-O', '-', url('a-2'));
    expect(output.trim()).toBe('on-a-2');
  });

  test('in one pool, by routes where machines share a link layer and by VXLAN where they are told to, under their own address', async () => {
    for (const routing of ['auto', 'vxlan'] as const) {
      await regions.cluster.kubectlOk(
        'annotate',
        'nodepool',
        'a',
        `network.skerry.io/routing=${routing}`,
        '--overwrite',
      );
      const device = routing === 'vxlan' ? 'skerry-vxlan' : 'eth0';
      await eventually(async () => {
        for (const machine of ['a-1', 'a-2']) expect((await routesOf(machine)).get('on-a-3')).toBe(device);
      }, patient);
      expect(await regions.fetched('on-a-1', url('a-2'))).toBe('on-a-2');
      expect(await regions.fetched('on-a-2', url('a-1'))).toBe('on-a-1');
      expect(await peerSeen('on-a-1', 'a-2')).toBe(pods.get('a-1')?.address);
    }
    expect((await regions.exec('on-a-1', 'cat', '/sys/class/net/eth0/mtu')).output.trim()).toBe('1450');
  });

  test('not across pools, and who tries is told so at once', async () => {
    const { code, errors } = await regions.exec('on-a-1', 'wget', '-q', '-O', '-', url('b-1'));
    expect(code).not.toBe(0);
    expect(errors).toContain('No route to host');
    await regions.cluster.kubectlOk('expose', 'pod', 'on-b-1', '--name=far', '--port=8080');
    expect(await regions.fetched('on-b-1', farUrl)).toBe('on-b-1');
    expect(await regions.fetch('on-a-1', farUrl)).toBeUndefined();
  });

  test('across two pools that a Crossing names, through elected gateways', async () => {
    const crossing = {
      apiVersion: 'network.skerry.io/v1alpha1',
      kind: 'Crossing',
      metadata: { name: 'a-b' },
      spec: { pools: ['a', 'b'] },
    };
    const created = await regions.cluster.kubectl(['create', '-f', '-'], { input: JSON.stringify(crossing) });
    expect(created.errors).toBe('');
    await regions.cluster.kubectlOk('wait', '--for=condition=Ready', 'crossing/a-b', '--timeout=90s');
    for (const machine of ['a-1', 'a-2', 'a-3']) {
      expect(await regions.fetched(`on-${machine}`, url('b-1'))).toBe('on-b-1');
      expect(await regions.fetched('on-b-1', url(machine))).toBe(`on-${machine}`);
    }
    expect(await peerSeen('on-a-3', 'b-1')).toBe(pods.get('a-3')?.address);
    expect(await regions.fetched('on-a-3', ipv6Url('b-1'))).toBe('on-b-1');
    expect(await regions.fetched('on-b-1', ipv6Url('a-3'))).toBe('on-a-3');
    // By its name, through its Service.
    expect(await regions.fetched('on-a-1', farUrl)).toBe('on-b-1');
    expect(gatewaysOf(await crossingNow(), 'a')).toHaveLength(2);
  });

  test('policies hold across machines and across pools, in both directions, and go again', async () => {
    const denies = async (from: string, machine: string) =>
      expect(await regions.fetch(from, url(machine), 1)).toBeUndefined();
    const policy = (name: string, spec: object) => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name },
      spec,
    });
    const of = (machine: string) => ({ podSelector: { matchLabels: { app: `on-${machine}` } } });
    const policies = [
      policy('into-a-2', { ...of('a-2'), policyTypes: ['Ingress'], ingress: [{ from: [of('a-1')] }] }),
      policy('into-b-1', { ...of('b-1'), policyTypes: ['Ingress'], ingress: [{ from: [of('a-1')] }] }),
      policy('out-of-a-3', { ...of('a-3'), policyTypes: ['Egress'], egress: [{ to: [of('a-1')] }] }),
    ];
    const input = policies.map((each) => JSON.stringify(each)).join('\n---\n');
    expect((await regions.cluster.kubectl(['create', '-f', '-'], { input })).errors).toBe('');
    await eventually(async () => {
      await denies('on-a-3', 'a-2');
      await denies('on-a-3', 'b-1');
      await denies('on-b-1', 'a-2');
    }, patient);
    expect(await regions.fetched('on-a-1', url('a-2'))).toBe('on-a-2');
    expect(await regions.fetched('on-a-1', url('b-1'))).toBe('on-b-1');
    expect(await regions.fetched('on-a-3', url('a-1'))).toBe('on-a-1');
    expect(await regions.fetched('on-b-1', url('a-3'))).toBe('on-a-3');
    await regions.cluster.kubectlOk('delete', 'networkpolicy', '--all');
    expect(await regions.fetched('on-a-3', url('b-1'))).toBe('on-b-1');
    expect(await regions.fetched('on-b-1', url('a-2'))).toBe('on-a-2');
  });

  test('a gateway that stops under traffic is replaced without anyone, and no connection breaks', async () => {
    const inA = gatewaysOf(await crossingNow(), 'a');
    const bystander = ['a-1', 'a-2', 'a-3'].find((machine) => !inA.includes(machine)) ?? '';
    const talk = await startTalk(`on-${bystander}`, 'b-1');
    const gateway = await gatewayOf(bystander);
    expect(inA).toContain(gateway);
    const pid = (await regions.cluster.processes())[`agent-${gateway}`] ?? 0;
    // Stopped and not killed: its supervisor would have another one running at once.
    process.kill(pid, 'SIGSTOP');
    try {
      await eventually(async () => {
        expect(inA).toContain(await gatewayOf(bystander));
        expect(await gatewayOf(bystander)).not.toBe(gateway);
      }, patient);
      await talk.goesOn();
      expect(await regions.fetched(`on-${bystander}`, url('b-1'))).toBe('on-b-1');
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await talk.goesOn();
    await talk.end();
  });

  test('gateways of which one can be reached speak to each other directly, and over the center when they can not', async () => {
    const links = JSON.parse((await regions.inside('b-nat', 'ip', '-j', '-4', 'address')).output) as {
      addr_info: { local: string }[];
    }[];
    const address = links.flatMap((link) => link.addr_info).find(({ local }) => local.startsWith('198.18.'));
    const filter = async (...rule: string[]) =>
      expect((await regions.inside('b-nat', 'nft', ...rule)).errors).toBe('');
    const arriving =
      'chain in { type nat hook prerouting priority -100; udp dport 8476 dnat to 192.168.0.10; }';
    await filter(`table ip direct { ${arriving} ; chain on { type filter hook forward priority -1; } ; }`);
    await filter('insert rule ip skerry forward udp dport 8476 accept');
    const endpoint = (...value: string[]) =>
      regions.cluster.kubectlOk('annotate', 'node', 'b-1', ...value, '--overwrite');
    await endpoint(`network.skerry.io/gateway-endpoint=${address?.local}:8476`);
    const listens = async () => (await regions.inside('b-1', 'ss', '-lun')).output.includes(':8476 ');
    await eventually(async () => expect(await listens()).toBe(true), patient);
    const talk = await startTalk('on-a-1', 'b-1');
    const { 'api-server': server = 0 } = await regions.cluster.processes();
    // The center needs a while between two stops.
    const atLeisure = { ...patient, everyMs: 2_000 };
    /** With the center at a stop, only those who need no center hear from each other. */
    const isDirect = async () => {
      process.kill(server, 'SIGSTOP');
      try {
        await talk.goesOn(3_000);
      } finally {
        process.kill(server, 'SIGCONT');
      }
    };
    await eventually(isDirect, atLeisure);
    await filter('add rule ip direct on udp dport 8476 drop');
    await talk.goesOn();
    await expect(isDirect()).rejects.toThrow();
    await talk.goesOn();
    await talk.end();
    await endpoint('network.skerry.io/gateway-endpoint-');
    await eventually(async () => expect(await listens()).toBe(false), patient);
    expect(await regions.fetched('on-a-1', url('b-1'))).toBe('on-b-1');
  });

  test('an agent that starts anew breaks no connection', async () => {
    const talk = await startTalk('on-a-1', 'a-2');
    const before = await regions.cluster.processes();
    for (const machine of ['a-1', 'a-2']) process.kill(before[`agent-${machine}`] ?? 0, 'SIGKILL');
    await eventually(async () => {
      const now = await regions.cluster.processes();
      for (const machine of ['a-1', 'a-2'])
        expect(now[`agent-${machine}`]).not.toBe(before[`agent-${machine}`]);
    }, patient);
    await talk.goesOn();
    await talk.end();
  });

  test('with the line cut, and with the server down, traffic in the pool goes on as it was', async () => {
    const talk = await startTalk('on-a-1', 'a-2');
    const routes = (await regions.inside('a-1', 'ip', 'route', 'show', 'protocol', '83')).output;
    await regions.setLine('a', 'down');
    try {
      await talk.goesOn();
    } finally {
      await regions.setLine('a', 'up');
    }
    const { 'api-server': server = 0 } = await regions.cluster.processes();
    process.kill(server, 'SIGSTOP');
    try {
      await talk.goesOn();
    } finally {
      process.kill(server, 'SIGCONT');
    }
    const inPool = (text: string) =>
      text.split('\n').filter((line) => line.includes('10.12.') && line.includes('skerry-vxlan'));
    expect(inPool((await regions.inside('a-1', 'ip', 'route', 'show', 'protocol', '83')).output)).toEqual(
      inPool(routes),
    );
    await talk.end();
  });

  test('from the center, pods of every machine and Services of every pool are reached by proxy', async () => {
    for (const machine of ['a-2', 'a-3', 'b-1']) {
      const path = `/api/v1/namespaces/default/pods/on-${machine}:8080/proxy/`;
      await eventually(async () => {
        expect((await regions.cluster.kubectlOk('get', '--raw', path)).trim()).toBe(`on-${machine}`);
      }, patient);
    }
    await regions.cluster.kubectlOk('expose', 'pod', 'on-a-2', '--name=near', '--port=8080');
    for (const [name, expected] of Object.entries({ near: 'on-a-2', far: 'on-b-1' })) {
      const path = `/api/v1/namespaces/default/services/${name}:8080/proxy/`;
      await eventually(async () => {
        expect((await regions.cluster.kubectlOk('get', '--raw', path)).trim()).toBe(expected);
      }, patient);
    }
  });

  test('a Crossing that is deleted parts the pools again', async () => {
    await regions.cluster.kubectlOk('delete', 'crossing', 'a-b');
    await eventually(async () => {
      const { errors } = await regions.exec('on-a-1', 'timeout', '3', 'wget', '-q', '-O', '-', url('b-1'));
      expect(errors).toContain('No route to host');
      const links = await regions.inside('a-1', 'ip', '-o', 'link');
      expect(links.output).not.toContain('skerry-cross');
    }, patient);
    expect(await regions.fetched('on-a-1', url('a-2'))).toBe('on-a-2');
  });

  test('a pool of the host network has Ready machines, and says to a pod that wants another network why there is none', async () => {
    await regions.cluster.kubectlOk(
      'patch',
      'nodepool',
      'b',
      '--type=merge',
      '-p',
      '{"spec":{"hostNetwork":true}}',
    );
    await eventually(async () => {
      expect((await regions.inside('b-1', 'ip', '-o', 'link')).output).not.toContain('skerry-vxlan');
    }, patient);
    const host = await regions.runPod('on-host', 'b-1', { spec: { hostNetwork: true } });
    expect(host.address).toBe('192.168.0.10');
    const manifest = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'nowhere' },
      spec: {
        nodeName: 'b-1',
        containers: host.spec?.containers.map(({ name, image, command }) => ({ name, image, command })),
      },
    };
    await regions.cluster.kubectl(['create', '-f', '-'], { input: JSON.stringify(manifest) });
    await eventually(async () => {
      const events = await regions.cluster.kubectlOk(
        'get',
        'events',
        '--field-selector=involvedObject.name=nowhere',
      );
      expect(events).toContain('NetworkNotReady');
      expect(events).toContain('node pool b has hostNetwork: true');
    }, patient);
    expect(await readiness('b-1')).toMatch(/^True/);
    // Without a node named, the scheduler knows where it can't run.
    const { nodeName: _named, ...anywhere } = manifest.spec;
    const elsewhere = {
      ...manifest,
      metadata: { name: 'elsewhere' },
      spec: { ...anywhere, nodeSelector: { 'kubernetes.io/hostname': 'b-1' } },
    };
    await regions.cluster.kubectl(['create', '-f', '-'], { input: JSON.stringify(elsewhere) });
    await eventually(async () => {
      const pod = await regions.cluster.json<Pod>('get', 'pod', 'elsewhere');
      expect(pod.status?.conditions?.find(({ type }) => type === 'PodScheduled')?.message).toContain(
        '1 node(s) had no pod network (node pool with hostNetwork)',
      );
    }, patient);
  });

  test("a CNI plugin that users bring along is left to itself, and what is wrong with it is said in the runtime's words", async () => {
    const folder = join(regions.cluster.dataDirectory, 'machines/b-1/cni');
    const install = (plugin: object) =>
      writeFileSync(
        join(folder, '20-user.conflist'),
        JSON.stringify({ cniVersion: '1.0.0', name: 'user', plugins: [plugin] }),
      );
    await regions.cluster.kubectlOk('annotate', 'nodepool', 'b', 'network.skerry.io/provider=external');
    const shared = '{"spec":{"hostNetwork":false}}';
    await regions.cluster.kubectlOk('patch', 'nodepool', 'b', '--type=merge', '-p', shared);
    await eventually(async () => {
      expect(existsSync(join(folder, '10-skerry.conflist'))).toBe(false);
      expect(await readiness('b-1')).toMatch(/^False .*container runtime network not ready/);
    }, patient);
    // One that does not work.
    install({ type: 'no-such-plugin' });
    await eventually(async () => expect(await readiness('b-1')).toMatch(/^True/), patient);
    const guest = regions.runPod('guest', 'b-1');
    await eventually(async () => {
      const events = await regions.cluster.kubectlOk(
        'get',
        'events',
        '--field-selector=involvedObject.name=guest,reason=FailedCreatePodSandBox',
      );
      expect(events).toContain('failed to find plugin "no-such-plugin"');
    }, patient);
    // And one that does.
    install({
      type: 'bridge',
      bridge: 'user0',
      isGateway: true,
      ipam: {
        type: 'host-local',
        dataDir: join(folder, '../user-addresses'),
        ranges: [[{ subnet: '10.99.0.0/24' }]],
        routes: [{ dst: '0.0.0.0/0' }],
      },
    });
    expect((await guest).address).toMatch(/^10\.99\.0\./);
    expect((await regions.inside('b-1', 'ip', '-o', 'link')).output).not.toMatch(/skerry-vxlan|skerry-cross/);
  });

  test('a reset takes away all that a machine had of the cluster, and nothing of others', async () => {
    const options = { name: 'a-9', region: 'a', address: '192.168.0.90' };
    const machine = await JoinedMachine.start(regions, options);
    try {
      await machine.insideOk(
        'nft',
        'table ip other { chain c { type filter hook forward priority 5; accept; } ; }',
      );
      await machine.insideOk('ip', 'link', 'add', 'user0', 'type', 'bridge');
      await machine.insideOk('ip', 'address', 'add', '10.98.0.1/24', 'dev', 'user0');
      await machine.insideOk('ip', 'route', 'add', '10.97.0.0/24', 'via', '192.168.0.1', 'protocol', '99');
      const before = await tracesOf(machine);
      await machine.join(regions, options);
      const ready = ['wait', '--for=condition=Ready', 'node/a-9', '--timeout=120s'];
      await eventually(() => regions.cluster.kubectlOk(...ready), patient);
      const pod = await regions.runPod('on-a-9', 'a-9', {
        spec: {
          volumes: [
            { name: 'memory', emptyDir: { medium: 'Memory' } },
            { name: 'disk', emptyDir: {} },
          ],
          containers: [
            {
              name: 'main',
              image: busyboxImage,
              command: ['sleep', '100000'],
              ports: [{ containerPort: 80, hostPort: 8088 }],
              volumeMounts: [
                { name: 'memory', mountPath: '/memory' },
                { name: 'disk', mountPath: '/disk' },
              ],
            },
          ],
        },
      });
      expect(pod.address).toMatch(/^10\.12\./);
      const full = await tracesOf(machine);
      for (const [kind, lines] of Object.entries(before))
        expect(full[kind as keyof Traces].length, kind).toBeGreaterThan(lines.length);

      // The agent runs still: nobody but this test started it.
      const reset = [entry(), 'reset', '--yes', '--data-dir', machine.dataDirectory];
      const { code, output } = await machine.inside(process.execPath, ...reset);
      expect(code, output).toBe(0);
      await machine.agentEnded();
      expect(await machine.sandboxes()).toBe(0);
      // A namespace's links go some time after it.
      await eventually(async () => expect(await tracesOf(machine)).toEqual(before), patient);
    } finally {
      await machine.stop();
      await regions.cluster.kubectlOk('delete', 'node', 'a-9', '--wait=false');
    }
  });

  test('nothing stays of it', async () => {
    const { dataDirectory } = regions.cluster;
    await regions.stop();
    expect(leftovers(dataDirectory, regions.instance)).toEqual([]);
  });

  /** What there is of a machine in the kernel and on disk, its runtime's own things excepted. */
  async function tracesOf(machine: JoinedMachine): Promise<Traces> {
    const lines = async (program: string, ...args: string[]) =>
      (await machine.insideOk(program, ...args))
        .split('\n')
        .map((line) => line.trim())
        // The kernel gives itself link-local addresses, when it finds the time.
        .filter((line) => line !== '' && !line.includes('fe80:'));
    const here = (text: string) => text.split('\n').filter((line) => line.includes(machine.dataDirectory));
    const { dataDirectory, cniConfDirectory, kubeletDirectory, cgroupRoot } = machine;
    const folders = [dataDirectory, cniConfDirectory, kubeletDirectory].filter((each) => existsSync(each));
    return {
      links: await lines('ip', '-br', 'link'),
      addresses: await lines('ip', '-o', 'address'),
      routes: (await lines('ip', 'route', 'show', 'table', 'all')).toSorted(),
      tables: await lines('nft', 'list', 'tables'),
      files: folders.flatMap((each) => readdirSync(each)),
      mounts: here(readFileSync('/proc/self/mountinfo', 'utf8')),
      processes: here((await run('ps', ['-eo', 'args'])).output).filter((line) => line.includes('agent')),
      groups: (await run('find', ['/sys/fs/cgroup', '-path', `*${cgroupRoot}*`])).output
        .split('\n')
        .filter((line) => line !== ''),
    };
  }

  /** `True`, or `False` with the reason. */
  function readiness(machine: string): Promise<string> {
    const condition = '.status.conditions[?(@.type=="Ready")]';
    return regions.cluster.kubectlOk(
      'get',
      'node',
      machine,
      '-o',
      `jsonpath={${condition}.status} {${condition}.message}`,
    );
  }

  /** Device by which a machine sends to the pods of others, by name of the pod. */
  async function routesOf(machine: string): Promise<Map<string, string>> {
    const { output } = await regions.inside(machine, 'ip', '-j', 'route', 'show', 'protocol', '83');
    const routes = JSON.parse(output) as { dst: string; dev?: string }[];
    return new Map(
      [...pods.values()].map((pod) => {
        const range = `${pod.address.split('.').slice(0, 3).join('.')}.0/24`;
        return [pod.metadata.name ?? '', routes.find(({ dst }) => dst === range)?.dev ?? ''];
      }),
    );
  }

  /** The machine of its pool through which a machine reaches the pod on b-1. */
  async function gatewayOf(machine: string): Promise<string> {
    const { output } = await regions.inside(machine, 'ip', '-j', 'route', 'show', 'protocol', '83');
    const routes = JSON.parse(output) as { dst: string; gateway?: string }[];
    const range = `${pods.get('b-1')?.address.split('.').slice(0, 3).join('.')}.0/24`;
    const via = routes.find(({ dst }) => dst === range)?.gateway;
    const { status } = await regions.cluster.json<PoolNetwork>('get', 'poolnetwork', 'a');
    return (
      status?.members.find(
        ({ addresses, podCIDRs }) => addresses.includes(via ?? '') || podCIDRs.includes(`${via}/24`),
      )?.node ?? ''
    );
  }

  async function crossingNow(): Promise<Crossing> {
    return regions.cluster.json<Crossing>('get', 'crossing', 'a-b');
  }

  function gatewaysOf({ status }: Crossing, pool: string): string[] {
    return status?.gateways?.find((each) => each.pool === pool)?.nodes ?? [];
  }

  /** The address that a pod sees of another one that talks to it. */
  async function peerSeen(from: string, machine: string): Promise<string | undefined> {
    const talk = await startTalk(from, machine);
    const { output } = await regions.exec(`on-${machine}`, 'netstat', '-tn');
    await talk.end();
    return new RegExp(`:${talk.port} +(\\S+):\\d+ +ESTABLISHED`).exec(output)?.[1]?.replace('::ffff:', '');
  }

  /**
   * A connection that a pod keeps to the pod on another machine, with a line on it twice a second. Neither end hangs on the
   * center: what arrives is read from the listener's volume.
   */
  async function startTalk(pod: string, machine: string) {
    const listener = pods.get(machine);
    const port = 9_100 + talks++;
    // An agent that was stopped may still be on its way back to the center.
    const inBackground = (name: string, script: string) =>
      eventually(async () => {
        const command = `(${script}) >/dev/null 2>&1 & echo $! > /talk/${port}.pid`;
        expect((await regions.exec(name, 'sh', '-c', command)).errors).toBe('');
      }, patient);
    // With its input at an end it would end the connection.
    await inBackground(`on-${machine}`, `sleep 3600 | nc -l -p ${port} > /talk/${port}`);
    await eventually(async () => {
      expect((await regions.exec(`on-${machine}`, 'netstat', '-ltn')).output).toContain(`:${port} `);
    }, patient);
    await inBackground(
      pod,
      `n=0; while :; do n=$((n+1)); echo $n; sleep 0.5; done | nc ${listener?.address} ${port}`,
    );
    const file = join(
      regions.cluster.dataDirectory,
      `machines/${machine}/node/pods/${listener?.metadata.uid}/volumes/kubernetes.io~empty-dir/talk/${port}`,
    );
    const heard = () => Number(readFileSync(file, 'utf8').trim().split('\n').at(-1));
    await eventually(() => expect(heard()).toBeGreaterThan(0), patient);
    return {
      port,
      /** Lines that were not there when it is asked come, on the same connection. */
      async goesOn(withinMs = patient.timeoutMs) {
        const before = heard();
        const within = { ...patient, timeoutMs: withinMs };
        await eventually(() => expect(heard()).toBeGreaterThan(before + 1), within);
      },
      async end() {
        for (const name of [pod, `on-${machine}`])
          await regions.exec(name, 'sh', '-c', `kill $(cat /talk/${port}.pid)`);
      },
    };
  }
});
