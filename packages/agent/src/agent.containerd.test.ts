import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConfigMap, Node, Pod, PodSpec, Secret } from '@skerry/api';
import { silentLogger, systemClock } from '@skerry/base';
import { eventually } from '@skerry/base/testing';
import { resources } from '@skerry/client';
import { FakeApiClient, recordingEvents } from '@skerry/client/testing';
import { createAgent, type Agent } from '#agent.ts';
import { openCgroups } from '#machine/cgroups.ts';
import { canRunContainers, startContainerdNode, type ContainerdNode } from '#testing/containerd-node.ts';

const image = 'registry.example/busybox:1';
const otherImage = 'registry.example/busybox:2';

describe.skipIf(!(await canRunContainers()))('agent on containerd', () => {
  let node: ContainerdNode;
  let client: FakeApiClient;
  let events: ReturnType<typeof recordingEvents>;
  let agent: Agent;
  let stop: AbortController;
  let running: Promise<void>;

  function startAgent(): void {
    stop = new AbortController();
    agent = createAgent({
      client,
      runtime: node.runtime,
      nodeName: 'n1',
      dataDirectory: join(node.directory, 'data'),
      addresses: ['10.0.0.1'],
      labels: { 'topology.kubernetes.io/region': 'here' },
      network: {
        configFile: node.cniConfigFile,
        bridge: 'skerry0',
        dataDirectory: join(node.directory, 'ipam'),
        masquerade: false,
      },
      cgroupRoot: node.cgroupRoot,
      recorder: events,
      clock: systemClock,
      log: silentLogger,
      random: Math.random,
    });
    running = agent.run(stop.signal);
  }

  async function stopAgent(): Promise<void> {
    stop.abort(new Error('test ends'));
    await running;
  }

  beforeAll(async () => {
    node = await startContainerdNode();
    await node.addImage(image);
    await node.addImage(otherImage);
    client = new FakeApiClient({ clock: systemClock });
    events = recordingEvents();
    startAgent();
    await eventually(() => expect(client.all<Node>(resources.nodes)).toHaveLength(1));
    client.edit<Node>(resources.nodes, { name: 'n1' }, (object) => {
      object.spec = { ...object.spec, podCIDR: '10.77.1.0/24', podCIDRs: ['10.77.1.0/24'] };
    });
    await eventually(() => {
      const ready = client
        .all<Node>(resources.nodes)[0]
        ?.status?.conditions?.find(({ type }) => type === 'Ready');
      expect(ready).toMatchObject({ status: 'True', reason: 'KubeletReady' });
    });
  });

  afterAll(async () => {
    await stopAgent();
    await node.close();
    expect(await node.leftovers()).toEqual([]);
  });

  function create(name: string, spec: PodSpec): Pod {
    return client.seed<Pod>(resources.pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default', labels: { app: name } },
      spec: { nodeName: 'n1', terminationGracePeriodSeconds: 1, restartPolicy: 'Always', ...spec },
    });
  }

  const read = (name: string) => client.resource<Pod>(resources.pods).get(name, { namespace: 'default' });

  async function podWith(name: string, check: (pod: Pod) => void): Promise<Pod> {
    return eventually(
      async () => {
        const pod = await read(name);
        check(pod);
        return pod;
      },
      { timeoutMs: 60_000 },
    );
  }

  const isReady = (pod: Pod) =>
    expect(pod.status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');

  async function remove(name: string): Promise<void> {
    await client.resource<Pod>(resources.pods).delete(name, { namespace: 'default' });
    await eventually(async () => await expect(read(name)).rejects.toThrow('not found'), {
      timeoutMs: 60_000,
    });
    await eventually(async () => {
      const sandboxes = await node.runtime.listSandboxes();
      expect(sandboxes.filter((sandbox) => sandbox.name === name)).toEqual([]);
    });
  }

  const script = (text: string) => ['sh', '-c', text];

  async function logOf(name: string, container: string, attempt = 0): Promise<string> {
    const { uid } = (await read(name)).metadata;
    const path = join(node.directory, 'data/log/pods', `default_${name}_${uid}`, container, `${attempt}.log`);
    return readFile(path, 'utf8');
  }

  test('a pod runs, with an address, a log and a full status, and leaves nothing when it is deleted', async () => {
    create('web', {
      containers: [{ name: 'main', image, command: script('echo hello from $HOSTNAME; exec sleep 1000') }],
    });
    const pod = await podWith('web', isReady);
    expect(pod.status).toMatchObject({
      phase: 'Running',
      hostIP: '10.0.0.1',
      podIP: expect.stringMatching(/^10\.77\.1\.\d+$/),
      qosClass: 'BestEffort',
      containerStatuses: [
        {
          name: 'main',
          ready: true,
          started: true,
          restartCount: 0,
          image,
          containerID: expect.stringMatching(/^containerd:\/\/[0-9a-f]{64}$/),
          state: { running: {} },
        },
      ],
    });
    expect(await logOf('web', 'main')).toMatch(/ stdout F hello from web\n/);
    expect(events.lines).toEqual(
      expect.arrayContaining([
        `Normal Pulled: Container image "${image}" already present on machine`,
        'Normal Created: Container created',
        'Normal Started: Container started',
      ]),
    );
    const id = pod.metadata.uid ?? '';
    await remove('web');
    expect(events.lines).toContain('Normal Killing: Stopping container main');
    expect(await readdir(join(node.directory, 'data/pods'))).not.toContain(id);
    expect((await node.leftovers()).filter((line) => line.includes(id))).toEqual([]);
  });

  test('a container that ends is started again, at once first and then with growing delay', async () => {
    create('crash', {
      containers: [
        { name: 'main', image, command: script('echo last words > /dev/termination-log; exit 3') },
      ],
    });
    const pod = await podWith('crash', ({ status }) => {
      expect(status?.containerStatuses?.[0]?.state?.waiting?.reason).toBe('CrashLoopBackOff');
    });
    expect(pod.status?.containerStatuses?.[0]).toMatchObject({
      restartCount: 1,
      ready: false,
      state: {
        waiting: {
          message: expect.stringMatching(
            /^back-off 10s restarting failed container=main pod=crash_default\(/,
          ),
        },
      },
      lastState: { terminated: { exitCode: 3, reason: 'Error', message: 'last words\n' } },
    });
    expect(pod.status?.phase).toBe('Running');
    expect(
      events.lines.some((line) =>
        line.startsWith('Warning BackOff: Back-off restarting failed container main'),
      ),
    ).toBe(true);
    await remove('crash');
  });

  test('pods that end stay ended, with their outcome', async () => {
    create('done', {
      restartPolicy: 'Never',
      containers: [{ name: 'main', image, command: script('exit 0') }],
    });
    create('broken', {
      restartPolicy: 'Never',
      containers: [{ name: 'main', image, command: script('exit 7') }],
    });
    const done = await podWith('done', ({ status }) => expect(status?.phase).toBe('Succeeded'));
    const broken = await podWith('broken', ({ status }) => expect(status?.phase).toBe('Failed'));
    expect(done.status?.containerStatuses?.[0]?.state?.terminated).toMatchObject({
      exitCode: 0,
      reason: 'Completed',
    });
    expect(broken.status?.containerStatuses?.[0]?.state?.terminated).toMatchObject({
      exitCode: 7,
      reason: 'Error',
    });
    expect(done.status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
      status: 'False',
      reason: 'PodCompleted',
    });
    await remove('done');
    await remove('broken');
  });

  test('init containers run one by one, sidecars stay, and share a volume', async () => {
    const mount = { name: 'shared', mountPath: '/shared' };
    create('staged', {
      restartPolicy: 'Never',
      volumes: [{ name: 'shared', emptyDir: {} }],
      initContainers: [
        { name: 'first', image, command: script('echo 1 >> /shared/order'), volumeMounts: [mount] },
        {
          name: 'side',
          image,
          restartPolicy: 'Always',
          command: script('echo side >> /shared/order; trap "exit 0" TERM; while :; do sleep 0.1; done'),
          volumeMounts: [mount],
        },
        { name: 'second', image, command: script('echo 2 >> /shared/order'), volumeMounts: [mount] },
      ],
      containers: [{ name: 'main', image, command: script('cat /shared/order'), volumeMounts: [mount] }],
    });
    const pod = await podWith('staged', ({ status }) => expect(status?.phase).toBe('Succeeded'));
    const order = (await logOf('staged', 'main')).split('\n').map((line) => line.split(' ')[3]);
    expect(order).toEqual(['1', 'side', '2', undefined]);
    expect(pod.status?.initContainerStatuses?.map(({ state }) => state?.terminated?.exitCode)).toEqual([
      0, 0, 0,
    ]);
    await remove('staged');
  });

  test('a failing liveness probe restarts the container, and readiness follows its probe', async () => {
    create('probed', {
      containers: [
        {
          name: 'main',
          image,
          command: script('touch /tmp/ready; exec sleep 1000'),
          readinessProbe: { exec: { command: ['test', '-e', '/tmp/ready'] }, periodSeconds: 1 },
          livenessProbe: {
            exec: { command: ['test', '!', '-e', '/tmp/dead'] },
            periodSeconds: 1,
            failureThreshold: 1,
          },
        },
      ],
    });
    await podWith('probed', isReady);
    const [container] = (await node.runtime.listContainers()).filter(
      ({ labels }) => labels['io.kubernetes.pod.name'] === 'probed',
    );
    await node.runtime.execSync(container?.id ?? '', ['rm', '/tmp/ready'], 5);
    await podWith('probed', ({ status }) => {
      expect(status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
        status: 'False',
        reason: 'ContainersNotReady',
        message: 'containers with unready status: [main]',
      });
    });
    await node.runtime.execSync(container?.id ?? '', ['touch', '/tmp/dead'], 5);
    const pod = await podWith('probed', (seen) => {
      expect(seen.status?.containerStatuses?.[0]?.restartCount).toBe(1);
      isReady(seen);
    });
    expect(pod.status?.containerStatuses?.[0]?.lastState?.terminated).toBeDefined();
    expect(events.lines).toContain('Normal Killing: Container main failed liveness probe, will be restarted');
    await remove('probed');
  });

  test('environment and files come from config maps, secrets and the pod itself, and files follow changes', async () => {
    const data = { color: 'blue' };
    client.seed<ConfigMap>(resources.configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'settings', namespace: 'default' },
      data,
    });
    client.seed<Secret>(resources.secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'keys', namespace: 'default' },
      data: { token: Buffer.from('s3cret').toString('base64') },
    });
    create('configured', {
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
    const pod = await podWith('configured', isReady);
    const address = pod.status?.podIP;
    expect(await eventually(() => logOf('configured', 'main'))).toContain(
      `blue s3cret configured ${address} s3cret app="configured" blue\n`,
    );
    const [container] = (await node.runtime.listContainers()).filter(
      ({ labels }) => labels['io.kubernetes.pod.name'] === 'configured',
    );
    const read = async (path: string) => {
      const { stdout } = await node.runtime.execSync(container?.id ?? '', ['cat', path], 5);
      return Buffer.from(stdout).toString();
    };
    client.edit<ConfigMap>(resources.configMaps, { namespace: 'default', name: 'settings' }, (object) => {
      object.data = { color: 'green' };
    });
    await eventually(async () => expect(await read('/etc/settings/color')).toBe('green'));
    client.edit<Pod>(resources.pods, { namespace: 'default', name: 'configured' }, (object) => {
      object.metadata.labels = { app: 'renamed' };
    });
    await eventually(async () => expect(await read('/about/labels')).toBe('app="renamed"'));
    await remove('configured');
  });

  test('a pod waits for a config map that is not there, and says so', async () => {
    create('waiting', {
      containers: [
        { name: 'main', image, command: ['sleep', '1000'], envFrom: [{ configMapRef: { name: 'later' } }] },
      ],
    });
    await podWith('waiting', ({ status }) => {
      expect(status?.containerStatuses?.[0]?.state?.waiting).toEqual({
        reason: 'CreateContainerConfigError',
        message: 'configmap "later" not found',
      });
    });
    client.seed<ConfigMap>(resources.configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'later', namespace: 'default' },
      data: {},
    });
    await podWith('waiting', isReady);
    await remove('waiting');
  });

  test('an image that is not there is said so, in the words that people search for', async () => {
    create('unpullable', {
      containers: [{ name: 'main', image: 'localhost:1/nothing:1', command: ['sleep', '1000'] }],
    });
    await podWith('unpullable', ({ status }) => {
      expect(status?.phase).toBe('Pending');
      expect(status?.containerStatuses?.[0]?.state?.waiting?.reason).toMatch(
        /^(ErrImagePull|ImagePullBackOff)$/,
      );
    });
    create('never', {
      containers: [{ name: 'main', image: 'localhost:1/nothing:1', imagePullPolicy: 'Never' }],
    });
    await podWith('never', ({ status }) => {
      expect(status?.containerStatuses?.[0]?.state?.waiting).toEqual({
        reason: 'ErrImageNeverPull',
        message: 'Container image "localhost:1/nothing:1" is not present with pull policy of Never',
      });
    });
    await remove('unpullable');
    await remove('never');
  });

  test('a changed image replaces the container and keeps sandbox and address', async () => {
    create('rolling', {
      containers: [
        { name: 'main', image, command: script('trap "exit 0" TERM; while :; do sleep 0.1; done') },
      ],
    });
    const before = await podWith('rolling', isReady);
    client.edit<Pod>(resources.pods, { namespace: 'default', name: 'rolling' }, (pod) => {
      const [container] = pod.spec?.containers ?? [];
      if (container) container.image = otherImage;
    });
    const after = await podWith('rolling', (pod) => {
      expect(pod.status?.containerStatuses?.[0]).toMatchObject({ image: otherImage, restartCount: 1 });
      isReady(pod);
    });
    expect(after.status?.podIP).toBe(before.status?.podIP);
    expect((await node.runtime.listSandboxes()).filter(({ name }) => name === 'rolling')).toHaveLength(1);
    await remove('rolling');
  });

  test('restarting the agent restarts no container, and it goes on from there', async () => {
    create('steady', { containers: [{ name: 'main', image, command: ['sleep', '1000'] }] });
    const before = await podWith('steady', isReady);
    await stopAgent();
    startAgent();
    await eventually(() => expect(agent.pods.list()).toHaveLength(1));
    await eventually(() => expect(agent.pods.find('default', 'steady')?.sandboxId).toBeDefined());
    const after = await podWith('steady', isReady);
    expect(after.status?.containerStatuses).toEqual(before.status?.containerStatuses);
    await remove('steady');
  });

  test('what the runtime holds of a pod that vanished is ended', async () => {
    create('vanished', { containers: [{ name: 'main', image, command: ['sleep', '1000'] }] });
    await podWith('vanished', isReady);
    await stopAgent();
    client.remove(resources.pods, { namespace: 'default', name: 'vanished' });
    startAgent();
    await eventually(async () => expect(await node.runtime.listSandboxes()).toEqual([]), {
      timeoutMs: 60_000,
    });
    await eventually(async () => expect(await readdir(join(node.directory, 'data/pods'))).toEqual([]));
  });

  test('a deleted pod gets its hook and its grace before it is killed', async () => {
    create('graceful', {
      terminationGracePeriodSeconds: 10,
      volumes: [{ name: 'out', hostPath: { path: join(node.directory, 'out'), type: 'DirectoryOrCreate' } }],
      containers: [
        {
          name: 'main',
          image,
          command: script(
            'trap "echo term >> /out/log; exit 0" TERM; echo up > /out/log; while :; do sleep 0.1; done',
          ),
          lifecycle: { preStop: { exec: { command: script('echo hook >> /out/log') } } },
          volumeMounts: [{ name: 'out', mountPath: '/out' }],
        },
      ],
    });
    await podWith('graceful', isReady);
    await eventually(async () =>
      expect(await readFile(join(node.directory, 'out/log'), 'utf8')).toBe('up\n'),
    );
    await remove('graceful');
    expect(await readFile(join(node.directory, 'out/log'), 'utf8')).toBe('up\nhook\nterm\n');
  });

  test('limits reach the kernel, and the groups go with the pod', async () => {
    create('limited', {
      containers: [
        {
          name: 'main',
          image,
          command: script(
            'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; exec sleep 1000',
          ),
          resources: { limits: { cpu: '500m', memory: '32Mi' }, requests: { cpu: '100m', memory: '16Mi' } },
        },
      ],
    });
    const pod = await podWith('limited', isReady);
    expect(pod.status?.qosClass).toBe('Burstable');
    expect(await logOf('limited', 'main')).toContain(' F 33554432\n');
    await remove('limited');
    const groups = await openCgroups();
    expect(await groups.children(`${node.cgroupRoot}/burstable`)).toEqual([]);
  });

  test('a pod past its deadline fails', async () => {
    create('late', {
      activeDeadlineSeconds: 2,
      containers: [{ name: 'main', image, command: ['sleep', '1000'] }],
    });
    const pod = await podWith('late', ({ status }) => expect(status?.phase).toBe('Failed'));
    expect(pod.status).toMatchObject({
      reason: 'DeadlineExceeded',
      message: 'Pod was active on the node longer than the specified deadline',
    });
    await remove('late');
  });
});
