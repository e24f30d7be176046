/**
 * A region whose line is cut goes on by itself: its pods run, and come back after a reboot, from what its machines have on
 * disk; what changed in the center meanwhile is caught up with once the line is mended. And its machines tell one of them that
 * lost its power from one that lost its line alone. One cluster for all of it.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Node, Pod, Service } from '@skerry/api';
import { createCriRuntime } from '@skerry/agent';
import { eventually } from '@skerry/base/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  canRunContainers,
  type Cluster,
  type CommandResult,
  kubectlProgram,
  run,
  soonSilent,
} from '../support/cluster.ts';
import { Regions } from '../support/regions.ts';

const image = 'skerry.io/stand-in/busybox:1.35';
const patient = { timeoutMs: 120_000, everyMs: 300 };

const objects = `
apiVersion: v1
kind: ConfigMap
metadata: { name: settings }
data: { greeting: hello }
---
apiVersion: v1
kind: Secret
metadata: { name: password }
stringData: { word: open-sesame }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: reader }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: reader }
rules:
- { apiGroups: [''], resources: [configmaps], verbs: [get, list, watch, create] }
- { apiGroups: [''], resources: [pods, pods/exec], verbs: [get, create] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: reader }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader }
subjects: [{ kind: ServiceAccount, name: reader, namespace: default }]
---
${pod('full')}
---
${pod('goes')}
---
${pod('changes')}
---
${server('near', 'east-1')}
---
${server('far', 'east-2')}
---
apiVersion: v1
kind: Service
metadata: { name: both }
spec: { clusterIP: None, selector: { group: servers }, ports: [{ name: http, port: 8080 }] }
`;

/** Addresses of load balancers that the center gives to these machines, as long as all of the pool are well. */
/** Of both families; the first decides whose they are at first. */
const balanced: Readonly<Record<string, readonly [string, string]>> = {
  'east-4': ['192.168.0.212', 'fd53::212'],
  'east-5': ['192.168.0.202', 'fd53::202'],
};
const bothFamilies = [
  '--cluster-cidr=10.12.0.0/16,fd00:10:12::/56',
  '--service-cidr=10.96.0.0/16,fd00:10:96::/112',
];

/** A pod that serves its name, and a Service that leads to it. */
function server(name: string, machine: string): string {
  return `apiVersion: v1
kind: Pod
metadata: { name: ${name}, labels: { app: offline, group: servers, is: ${name} } }
spec:
  nodeName: ${machine}
  terminationGracePeriodSeconds: 1
  containers:
  - name: main
    image: ${image}
    command: [sh, -c, 'mkdir -p /tmp/www && echo ${name} > /tmp/www/index.html && exec httpd -f -p 8080 -h /tmp/www']
    readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 }
---
apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec: { selector: { is: ${name} }, ports: [{ port: 80, targetPort: 8080 }] }
`;
}

function pod(name: string): string {
  return `apiVersion: v1
kind: Pod
metadata: { name: ${name}, labels: { app: offline } }
spec:
  serviceAccountName: reader
  nodeSelector: { kubernetes.io/hostname: east-1 }
  terminationGracePeriodSeconds: 1
  containers:
  - name: main
    image: ${image}
    command: [sh, -c, ': this is ${name}; trap "exit 0" TERM; while true; do sleep 1000 & wait; done']
    env: [{ name: GREETING, valueFrom: { configMapKeyRef: { name: settings, key: greeting } } }]
    readinessProbe: { exec: { command: ['true'] }, periodSeconds: 1 }
    volumeMounts:
    - { name: settings, mountPath: /settings }
    - { name: password, mountPath: /password }
  volumes:
  - { name: settings, configMap: { name: settings } }
  - { name: password, secret: { secretName: password } }
`;
}

/** A set whose rollout leaves out machines that are out of reach. */
const rolling = (round: string) => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: {
    name: 'rolls',
    annotations: {
      'apps.openyurt.io/update-strategy': 'AdvancedRollingUpdate',
      'apps.openyurt.io/max-unavailable': '2',
    },
  },
  spec: {
    updateStrategy: { type: 'OnDelete' },
    selector: { matchLabels: { app: 'rolls' } },
    template: {
      metadata: { labels: { app: 'rolls' } },
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [
          {
            name: 'main',
            image,
            command: ['sh', '-c', 'trap "exit 0" TERM; while true; do sleep 1000 & wait; done'],
            env: [{ name: 'ROUND', value: round }],
          },
        ],
      },
    },
  },
});

/** A set whose pods are replaced at the word of their machine's owner. */
const owned = (round: string, { from = image } = {}) => {
  const set = rolling(round);
  const { template } = set.spec;
  const labels = { app: 'owned' };
  const containers = template.spec.containers.map((container) => ({ ...container, image: from }));
  return {
    ...set,
    metadata: { name: 'owned', annotations: { 'apps.openyurt.io/update-strategy': 'OTA' } },
    spec: {
      ...set.spec,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { ...template.spec, containers } },
    },
  };
};

describe.skipIf(!canRunContainers())('a region that is cut off', () => {
  let regions: Regions;
  let cluster: Cluster;
  const node = 'east-1';
  const scratch: string[] = [];

  beforeAll(async () => {
    regions = await Regions.start({ east: 5 }, { flags: [...soonSilent, ...bothFamilies] });
    ({ cluster } = regions);
    const applied = await cluster.kubectl(['apply', '-f', '-'], { input: objects });
    expect(applied.errors).toBe('');
    await cluster.kubectlOk('wait', '--for=condition=Ready', 'pod', '-l', 'app=offline', '--timeout=120s');
  });

  afterAll(async () => {
    await regions?.stop();
    for (const directory of scratch) rmSync(directory, { recursive: true, force: true });
  });

  test('keeps its pods running and the API open to them, brings them back after a reboot, and then takes over exactly what changed meanwhile', async () => {
    await isServedTo('full');
    const before = await pods();
    await areServed('full');
    await regions.setLine('east', 'down');
    try {
      const [crashed] = await containers('changes');
      await inRuntime(node, (runtime) => runtime.stopContainer(crashed?.id ?? '', 0));
      await eventually(async () => {
        const [again] = await containers('changes');
        expect(again?.id).not.toBe(crashed?.id);
        expect(again?.state).toBe('running');
      }, patient);
      expect((await containers('full'))[0]?.id).toBe(before['full']?.container);

      await cluster.kubectlOk('delete', 'pod', 'goes', '--wait=false');
      await cluster.kubectlOk('label', 'pod', 'changes', 'round=second');
      const created = await cluster.kubectl(['apply', '-f', '-'], { input: pod('comes') });
      expect(created.errors).toBe('');
      await cluster.kubectlOk('patch', 'configmap', 'settings', '-p', '{"data":{"greeting":"welcome"}}');
      await Promise.all(['east-1', 'east-2'].map(reboot));
      for (const name of ['full', 'changes', 'goes']) {
        await eventually(async () => expect((await containers(name))[0]?.state).toBe('running'), patient);
      }
      expect(await inside('full', '/settings/greeting')).toBe('hello');
      expect(await inside('full', '/password/word')).toBe('open-sesame');
      const token = '/var/run/secrets/kubernetes.io/serviceaccount/token';
      expect(await inside('full', token)).toMatch(/^[\w-]+\./);
      expect(await containers('comes')).toEqual([]);
      for (const [name, machine] of [
        ['near', 'east-1'],
        ['far', 'east-2'],
      ] as const) {
        await eventually(async () => expect(await addressOf(name, machine)).toBeDefined(), patient);
        expect(await addressOf(name, machine)).not.toBe(before[name]?.address);
      }
      await areServed('full');
      await isServedFromDiskTo('full');
      await toolsWork();
    } finally {
      await regions.setLine('east', 'up');
    }
    const [afterReboot] = await containers('full');
    await eventually(async () => {
      const now = await pods();
      expect(Object.keys(now).sort()).toEqual(['changes', 'comes', 'far', 'full', 'near']);
      for (const each of Object.values(now)) expect(each.ready).toBe('True');
      expect(now['full']).toMatchObject({ uid: before['full']?.uid, container: afterReboot?.id });
      expect(await readyOfNode()).toBe('True');
    }, patient);
    await eventually(async () => {
      expect(await inside('full', '/settings/greeting')).toBe('welcome');
      expect((await local('edit')).output).not.toContain('settings');
    }, patient);
    expect((await containers('full'))[0]?.id).toBe(afterReboot?.id);
    await isServedTo('full');
    expect((await cluster.kubectl(['get', 'configmap', 'meanwhile'])).errors).toContain('NotFound');
  });

  test('tells a machine without power from one without a line, and a rollout leaves both out until they are back', async () => {
    const cutOff = ['east-4', 'east-5'];
    await apply(rolling('first'));
    await eventually(async () => {
      const rounds = Object.values(await roundsOf());
      expect(rounds.map(({ round, isReady }) => round === 'first' && isReady)).toEqual(
        Array.from({ length: 5 }, () => true),
      );
    }, patient);
    const first = await roundsOf();
    let second: typeof first = {};
    await offerAddresses(cutOff);
    await regions.inside('east-4', 'ip', 'route', 'delete', 'default');
    await regions.inside('east-5', 'ip', 'link', 'set', 'eth0', 'down');
    const { [`agent-east-5`]: agent = 0 } = await cluster.processes();
    killAtOnce(agent);
    try {
      await eventually(async () => {
        for (const machine of cutOff) {
          expect(await conditionOf(machine, 'Ready')).toMatchObject({ status: 'Unknown' });
          expect(await conditionOf(machine, 'Disconnected')).toMatchObject({ status: 'True' });
        }
        expect(await conditionOf('east-5', 'Dead')).toMatchObject({ status: 'True', reason: 'PeersSilent' });
        expect((await conditionOf('east-4', 'Disconnected'))?.message).toContain(
          'machines of its pool hear it',
        );
      }, patient);
      await apply(rolling('second'));
      await eventually(async () => {
        for (const [machine, { round, isReady }] of Object.entries(await roundsOf()))
          if (!cutOff.includes(machine)) expect([machine, round, isReady]).toEqual([machine, 'second', true]);
      }, patient);
      second = await roundsOf();
      for (const machine of cutOff) expect(second[machine]?.uid).toBe(first[machine]?.uid);
      expect(await conditionOf('east-4', 'Dead')).toBeUndefined();
      // Of the dead machine another has it; the one that lost its line alone still answers, and nobody beside it.
      await eventually(async () => expect(await answeredBy('east-5')).toMatch(/^east-[123]$/), patient);
      await eventually(async () => expect(await electedFor('east-4')).toMatch(/^east-[123]$/), patient);
      expect(await answeredBy('east-4')).toBe('east-4');
    } finally {
      await regions.inside('east-5', 'ip', 'link', 'set', 'eth0', 'up');
      for (const machine of cutOff)
        await regions.inside(machine, 'ip', 'route', 'replace', 'default', 'via', '192.168.0.1');
    }
    await eventually(async () => {
      for (const machine of cutOff)
        expect(await conditionOf(machine, 'Ready')).toMatchObject({ status: 'True' });
      expect(await conditionOf('east-5', 'Dead')).toMatchObject({ status: 'False' });
      for (const [machine, { round, isReady, uid }] of Object.entries(await roundsOf())) {
        expect([machine, round, isReady]).toEqual([machine, 'second', true]);
        // Those that had finished are left alone.
        if (!cutOff.includes(machine)) expect(uid).toBe(second[machine]?.uid);
      }
      for (const machine of cutOff) {
        const elected = await electedFor(machine);
        expect(elected).toMatch(/^east-[123]$/);
        expect(await answeredBy(machine)).toBe(elected);
      }
    }, patient);
  });

  test('a set that waits for the word of owners is replaced where one gives it, and nowhere else', async () => {
    const all = ['east-1', 'east-2', 'east-3', 'east-4', 'east-5'];
    const waiting = async (former: string | undefined) => {
      const now = await roundsOf('owned');
      for (const machine of all) {
        const { needs } = now[machine] ?? {};
        expect([machine, needs?.status, needs?.message !== former]).toEqual([machine, 'True', true]);
      }
      return now;
    };
    await apply(owned('first'));
    await eventually(async () => {
      const now = await roundsOf('owned');
      expect(all.map((machine) => now[machine]?.isReady)).toEqual(all.map(() => true));
    }, patient);
    const first = await roundsOf('owned');
    const nameOn = (machine: string) => first[machine]?.name ?? '';

    // Nobody answers there, so that the images can't come.
    await apply(owned('nowhere', { from: '127.0.0.1:1/nowhere:1' }));
    const nowhere = await eventually(() => waiting(undefined), patient);
    expect((await local('upgrade')).output).toContain(nameOn(node));
    const asked = await localOn('east-2', 'upgrade', '--pull', nameOn('east-2'));
    expect(asked.output).toContain('Image pre-pull requested');
    await eventually(async () => {
      const { images } = (await roundsOf('owned'))['east-2'] ?? {};
      expect(images).toMatchObject({ status: 'False', reason: 'PullImageFail' });
    }, patient);
    const refused = await localOn('east-2', 'upgrade', nameOn('east-2'));
    expect([refused.code, refused.errors]).toEqual([1, expect.stringContaining('image is not ready')]);

    await apply(owned('second'));
    await eventually(() => waiting(nowhere[node]?.needs?.message), patient);
    expect((await local('upgrade', nameOn(node))).errors).toBe('');
    await eventually(async () => {
      const now = await roundsOf('owned');
      expect(now[node]).toMatchObject({ round: 'second', isReady: true });
      for (const machine of all.slice(1)) expect(now[machine]?.uid).toBe(first[machine]?.uid);
    }, patient);
  });

  /** A load balancer's addresses on each of these machines. */
  async function offerAddresses(machines: readonly string[]): Promise<void> {
    await giveIpv6();
    const annotation = 'network.skerry.io/load-balancer-addresses';
    const range = `${annotation}=${Object.values(balanced).flat().join(',')}`;
    await cluster.kubectlOk('annotate', 'nodepool', 'east', range);
    for (const machine of machines)
      await apply({
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: `on-${machine}`, annotations: { [annotation]: balanced[machine]?.join(',') } },
        spec: {
          type: 'LoadBalancer',
          ipFamilyPolicy: 'RequireDualStack',
          ipFamilies: ['IPv4', 'IPv6'],
          selector: { is: 'near' },
          ports: [{ port: 80, targetPort: 8080 }],
        },
      });
    await eventually(async () => {
      for (const machine of machines) expect(await answeredBy(machine)).toBe(machine);
    }, patient);
  }

  async function electedFor(machine: string): Promise<string | undefined> {
    const { metadata } = await cluster.json<Service>('get', 'service', `on-${machine}`);
    const text = metadata.annotations?.['network.skerry.io/load-balancer'] ?? '[]';
    return (JSON.parse(text) as { node?: string }[])[0]?.node;
  }

  /** On the network between the machines and their router, and on their Nodes. */
  async function giveIpv6(): Promise<void> {
    const machines = Object.keys(await roundsOf());
    const add = (where: string, address: string, device: string) =>
      regions.inside(where, 'ip', 'address', 'add', `${address}/64`, 'dev', device, 'nodad');
    await add('east-nat', 'fd53::1', 'lan');
    for (const [index, machine] of machines.entries()) await add(machine, `fd53::${10 + index}`, 'eth0');
    await eventually(async () => {
      const { items } = await cluster.json<{ items: Node[] }>('get', 'nodes');
      for (const { status } of items)
        expect(status?.addresses?.some(({ address }) => address.startsWith('fd53:'))).toBe(true);
    }, patient);
  }

  /** The one machine that has the addresses which were a machine's, and is on the network, where the router gets an answer there. */
  async function answeredBy(formerly: string): Promise<string> {
    const answers = new Set<string>();
    for (const address of balanced[formerly] ?? []) {
      const holders: string[] = [];
      for (const machine of Object.keys(await roundsOf())) {
        const { output } = await regions.inside(machine, 'ip', '-o', 'address', 'show', 'up', '-tentative');
        if (output.includes(` ${address}/`)) holders.push(machine);
      }
      const url = `http://${address.includes(':') ? `[${address}]` : address}/`;
      const asked = ['timeout', '3', 'busybox', 'wget', '-q', '-O', '-', url];
      const { output } = await regions.inside('east-nat', ...(asked as [string, ...string[]]));
      answers.add(output.trim() === 'near' ? holders.join(' ') : 'nobody');
    }
    return [...answers].join(', ');
  }

  async function conditionOf(machine: string, type: string) {
    const { status } = await cluster.json<Node>('get', 'node', machine);
    return status?.conditions?.find((condition) => condition.type === type);
  }

  async function apply(object: object): Promise<void> {
    const applied = await cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(object) });
    expect(applied.errors).toBe('');
  }

  /** Pods of the rolling set by machine, and of which round their templates are. */
  async function roundsOf(app = 'rolls') {
    const { items } = await cluster.json<{ items: Pod[] }>('get', 'pods', '-l', `app=${app}`);
    return Object.fromEntries(
      items.map(({ metadata, spec, status }) => [
        spec?.nodeName ?? '',
        {
          name: metadata.name,
          needs: status?.conditions?.find(({ type }) => type === 'PodNeedUpgrade'),
          images: status?.conditions?.find(({ type }) => type === 'PodImageReady'),
          uid: metadata.uid,
          round: spec?.containers[0]?.env?.[0]?.value,
          isReady: status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True',
        },
      ]),
    );
  }

  /** Services of the same machine and of another one of the pool, and their names, as a pod has them. */
  async function areServed(name: string): Promise<void> {
    const addresses = await Promise.all([addressOf('near', 'east-1'), addressOf('far', 'east-2')]);
    for (const served of ['near', 'far'])
      await eventually(async () => {
        const { output } = await execIn(name, 'timeout', '3', 'wget', '-q', '-O', '-', `http://${served}/`);
        expect(output).toBe(served);
      }, patient);
    await eventually(async () => {
      const { output } = await execIn(name, 'nslookup', 'both.default.svc.cluster.local');
      for (const address of addresses) expect(output).toContain(`Address: ${address}`);
    }, patient);
    for (const address of addresses) {
      const host = `${address?.replaceAll('.', '-')}.both.default.svc.cluster.local`;
      expect((await execIn(name, 'nslookup', host)).output).toContain(`Address: ${address}`);
    }
  }

  function execIn(name: string, ...command: string[]): Promise<{ output: string }> {
    return inRuntime(node, async (runtime) => {
      const [container] = await containers(name);
      const { stdout } = await runtime.execSync(container?.id ?? '', command, 10);
      return { output: Buffer.from(stdout).toString().trim() };
    });
  }

  /** What the machine's own runtime gave the pod. */
  function addressOf(name: string, machine: string): Promise<string | undefined> {
    return inRuntime(machine, async (runtime) => {
      const [sandbox] = (await runtime.listSandboxes()).filter((each) => each.name === name && each.ready);
      return sandbox && (await runtime.sandboxStatus(sandbox.id)).addresses[0];
    });
  }

  const word = ['get', 'configmap', 'settings', '-o', 'jsonpath={.metadata.name}'];
  const others = [
    ['get', 'secrets', '--namespace', 'kube-system'],
    ['get', 'secret', 'password'],
    ['get', 'nodes'],
  ];

  /** The API as a pod has it, under its own token, while there is a line. */
  async function isServedTo(name: string): Promise<void> {
    const pod = await podKubectl(name);
    await eventually(async () => expect(await pod(word)).toMatchObject({ output: 'settings' }), patient);
    expect((await pod(['get', 'configmaps'])).output).toContain('settings');
    expect(await pod(['exec', name, '--', 'echo', 'hello'])).toMatchObject({ code: 0, output: 'hello\n' });
    for (const each of others) expect((await pod(each)).errors).toContain('Forbidden');
  }

  /** The same without a line: what was read can be read, nothing else can, and nothing can be changed. */
  async function isServedFromDiskTo(name: string): Promise<void> {
    const pod = await podKubectl(name);
    await eventually(
      async () => expect(await pod(word)).toMatchObject({ code: 0, output: 'settings' }),
      patient,
    );
    expect((await pod(['get', 'configmaps'])).output).toContain('settings');
    for (const each of others) expect((await pod(each)).errors).toContain('Forbidden');
    expect((await pod(word, { token: 'nonsense' })).code).not.toBe(0);
    const refused = await pod(['create', 'configmap', 'meanwhile']);
    expect(refused.errors).toContain('this node is cut off from the cluster');
  }

  /** What a person on the machine has. */
  async function toolsWork(): Promise<void> {
    expect((await local('pods')).output).toMatch(/default +full +1\/1 +Running/);
    expect((await local('images')).output).toContain(image);
    expect(await local('exec', 'full', 'cat', '/settings/greeting')).toMatchObject({
      code: 0,
      output: 'hello',
    });
    expect(await local('exec', 'full', 'sh', '-c', 'exit 3')).toMatchObject({ code: 3 });
    expect(await local('logs', 'full')).toMatchObject({ code: 0 });
    const [before] = await containers('goes');
    expect((await local('restart', 'goes')).output).toContain('container main');
    await eventually(async () => {
      const [again] = await containers('goes');
      expect([again?.state, again?.id === before?.id]).toEqual(['running', false]);
    }, patient);
    const file = join(scratch[0] ?? '', 'settings.yaml');
    writeFileSync(file, 'data: { greeting: edited }');
    expect((await local('edit', 'configmap', 'settings', '-f', file)).errors).toBe('');
    expect((await local('edit')).output).toMatch(/configmaps +default +settings/);
    await eventually(async () => expect(await inside('full', '/settings/greeting')).toBe('edited'), patient);
  }

  function local(...args: string[]): Promise<CommandResult> {
    return localOn(node, ...args);
  }

  function localOn(machine: string, ...args: string[]): Promise<CommandResult> {
    const [command = '', ...rest] = args;
    const directory = join(cluster.dataDirectory, 'machines', machine);
    return cluster.skerry(['local', command, '--data-dir', directory, ...rest]);
  }

  /** Stock kubectl in the network of a pod, with what the pod has to ask the API with. */
  async function podKubectl(name: string) {
    const folder = '/var/run/secrets/kubernetes.io/serviceaccount';
    const own = await inside(name, `${folder}/token`);
    const directory = mkdtempSync(join(tmpdir(), 'skerry-pod-'));
    scratch.push(directory);
    writeFileSync(join(directory, 'ca.crt'), await inside(name, `${folder}/ca.crt`));
    const [process] = processes().filter(({ command }) => command.includes(`: this is ${name};`));
    const environment = readFileSync(`/proc/${process?.pid}/environ`, 'utf8').split('\0');
    const valueOf = (variable: string) =>
      environment.find((line) => line.startsWith(`${variable}=`))?.slice(variable.length + 1);
    const server = `https://${valueOf('KUBERNETES_SERVICE_HOST')}:${valueOf('KUBERNETES_SERVICE_PORT')}`;
    return (args: readonly string[], { token = own } = {}): Promise<CommandResult> => {
      const net = ['--target', String(process?.pid), '--net', '--'];
      const flags = [
        '--server',
        server,
        '--token',
        token,
        '--certificate-authority',
        join(directory, 'ca.crt'),
      ];
      const command = [...net, kubectlProgram, ...flags, '--namespace', 'default', ...args];
      return run('nsenter', command, {
        env: { PATH: '/usr/bin:/usr/sbin', HOME: directory, KUBECONFIG: '/dev/null' },
      });
    };
  }

  async function inside(name: string, path: string): Promise<string> {
    const [container] = await containers(name);
    return inRuntime(node, async (runtime) => {
      const { stdout } = await runtime.execSync(container?.id ?? '', ['cat', path], 10);
      return Buffer.from(stdout).toString();
    });
  }

  async function pods() {
    const { items } = await cluster.json<{ items: Pod[] }>('get', 'pods', '-l', 'app=offline');
    return Object.fromEntries(
      items.map(({ metadata, status }) => {
        const [container] = status?.containerStatuses ?? [];
        const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.status;
        const id = container?.containerID?.split('//')[1];
        return [
          metadata.name ?? '',
          {
            uid: metadata.uid,
            ready,
            container: id,
            restarts: container?.restartCount,
            address: status?.podIP,
          },
        ];
      }),
    );
  }

  async function readyOfNode() {
    const { status } = await cluster.json<Node>('get', 'node', node);
    return status?.conditions?.find(({ type }) => type === 'Ready')?.status;
  }

  /** What the machine's own runtime has of a pod, newest first. */
  function containers(name: string) {
    return inRuntime(node, async (runtime) => {
      const sandboxes = (await runtime.listSandboxes()).filter((each) => each.name === name && each.ready);
      const ids = new Set(sandboxes.map(({ id }) => id));
      const all = await runtime.listContainers();
      return all.filter(({ sandboxId }) => ids.has(sandboxId)).sort((a, b) => b.createdAtMs - a.createdAtMs);
    });
  }

  async function inRuntime<T>(
    machine: string,
    use: (runtime: ReturnType<typeof createCriRuntime>) => Promise<T>,
  ): Promise<T> {
    const socket = join(cluster.dataDirectory, 'machines', machine, 'containerd', 'containerd.sock');
    const runtime = createCriRuntime({ socket });
    try {
      return await use(runtime);
    } finally {
      runtime.close();
    }
  }

  /** What the end of a machine's power does: agent, runtime and containers end at once, and begin anew. */
  async function reboot(machine: string): Promise<void> {
    const runtime = join(cluster.dataDirectory, 'machines', machine, 'containerd');
    const { [`agent-${machine}`]: agent = 0 } = await cluster.processes();
    const doomed = withDescendants(processesThatName(runtime));
    for (const pid of [agent, ...doomed]) killAtOnce(pid);
    await eventually(async () => {
      const { [`agent-${machine}`]: now } = await cluster.processes();
      expect(now).toBeGreaterThan(0);
      expect(now).not.toBe(agent);
    }, patient);
  }
});

function processesThatName(path: string): number[] {
  return processes().flatMap(({ pid, command }) => (command.includes(path) ? [pid] : []));
}

function withDescendants(roots: readonly number[]): number[] {
  const all = new Set(roots);
  const list = processes();
  for (let size = 0; size !== all.size;) {
    size = all.size;
    for (const { pid, parent } of list) if (all.has(parent)) all.add(pid);
  }
  return [...all];
}

function processes(): { pid: number; parent: number; command: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
        const parent = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${name}/status`, 'utf8'))?.[1]);
        return [{ pid: Number(name), parent, command }];
      } catch {
        return [];
      }
    });
}

function killAtOnce(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended with its parent.
  }
}
