import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConfigMap, Pod } from '@skerry/api';
import { eventually } from '@skerry/base/testing';
import { resources } from '@skerry/client';
import { openCgroups, weightOfShares } from '#machine/cgroups.ts';
import { AgentNode, script, testImages } from '#testing/agent-node.ts';
import { canRunContainers } from '#testing/containerd-node.ts';

const { first: image, second: otherImage } = testImages;

describe.skipIf(!(await canRunContainers()))('agent on containerd', () => {
  let node: AgentNode;

  beforeAll(async () => {
    node = await AgentNode.start();
  });

  afterAll(async () => {
    expect(await node.close()).toEqual([]);
  });

  test('a pod runs, with an address, a log and a full status, and leaves nothing when it is deleted', async () => {
    node.create('web', {
      containers: [{ name: 'main', image, command: script('echo hello from $HOSTNAME; exec sleep 1000') }],
    });
    const pod = await node.podReady('web');
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
    expect(await node.logOf('web', 'main')).toMatch(/ stdout F hello from web\n/);
    expect(node.events.lines).toEqual(
      expect.arrayContaining([
        `Normal Pulled: Container image "${image}" already present on machine and can be accessed by the pod`,
        'Normal Created: Container created',
        'Normal Started: Container started',
      ]),
    );
    const id = pod.metadata.uid ?? '';
    await node.remove('web');
    expect(node.events.lines).toContain('Normal Killing: Stopping container main');
    expect(await readdir(join(node.dataDirectory, 'pods'))).not.toContain(id);
    expect((await node.node.leftovers()).filter((line) => line.includes(id))).toEqual([]);
  });

  test('a container that ends is started again, at once first and then with growing delay', async () => {
    node.create('crash', {
      containers: [
        { name: 'main', image, command: script('echo last words > /dev/termination-log; exit 3') },
      ],
    });
    const pod = await node.podWith('crash', ({ status }) => {
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
      node.events.lines.some((line) =>
        line.startsWith('Warning BackOff: Back-off restarting failed container main'),
      ),
    ).toBe(true);
    await node.remove('crash');
  });

  test('pods that end stay ended, with their outcome', async () => {
    node.create('done', {
      restartPolicy: 'Never',
      containers: [{ name: 'main', image, command: script('exit 0') }],
    });
    node.create('broken', {
      restartPolicy: 'Never',
      containers: [{ name: 'main', image, command: script('exit 7') }],
    });
    const done = await node.podWith('done', ({ status }) => expect(status?.phase).toBe('Succeeded'));
    const broken = await node.podWith('broken', ({ status }) => expect(status?.phase).toBe('Failed'));
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
    await node.remove('done');
    await node.remove('broken');
  });

  test('init containers run one by one, sidecars stay, and share a volume', async () => {
    const mount = { name: 'shared', mountPath: '/shared' };
    node.create('staged', {
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
    const pod = await node.podWith('staged', ({ status }) => expect(status?.phase).toBe('Succeeded'));
    const order = (await node.logOf('staged', 'main')).split('\n').map((line) => line.split(' ')[3]);
    expect(order).toEqual(['1', 'side', '2', undefined]);
    expect(pod.status?.initContainerStatuses?.map(({ state }) => state?.terminated?.exitCode)).toEqual([
      0, 0, 0,
    ]);
    await node.remove('staged');
  });

  test('a failing liveness probe restarts the container, and readiness follows its probe', async () => {
    node.create('probed', {
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
    await node.podReady('probed');
    const [container] = (await node.node.runtime.listContainers()).filter(
      ({ labels }) => labels['io.kubernetes.pod.name'] === 'probed',
    );
    await node.node.runtime.execSync(container?.id ?? '', ['rm', '/tmp/ready'], 5);
    await node.podWith('probed', ({ status }) => {
      expect(status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
        status: 'False',
        reason: 'ContainersNotReady',
        message: 'containers with unready status: [main]',
      });
    });
    await node.node.runtime.execSync(container?.id ?? '', ['touch', '/tmp/dead'], 5);
    const pod = await node.podWith('probed', (seen) => {
      expect(seen.status?.containerStatuses?.[0]?.restartCount).toBe(1);
    });
    expect(pod.status?.containerStatuses?.[0]?.lastState?.terminated).toBeDefined();
    expect(node.events.lines).toContain(
      'Normal Killing: Container main failed liveness probe, will be restarted',
    );
    await node.remove('probed');
  });

  test('a pod waits for a config map that is not there, and says so', async () => {
    node.create('waiting', {
      containers: [
        { name: 'main', image, command: ['sleep', '1000'], envFrom: [{ configMapRef: { name: 'later' } }] },
      ],
    });
    await node.podWith('waiting', ({ status }) => {
      expect(status?.containerStatuses?.[0]?.state?.waiting).toEqual({
        reason: 'CreateContainerConfigError',
        message: 'configmap "later" not found',
      });
    });
    node.client.seed<ConfigMap>(resources.configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'later', namespace: 'default' },
      data: {},
    });
    await node.podReady('waiting');
    await node.remove('waiting');
  });

  test('an image that is not there is said so, in the words that people search for', async () => {
    node.create('unpullable', {
      containers: [{ name: 'main', image: 'localhost:1/nothing:1', command: ['sleep', '1000'] }],
    });
    await node.podWith('unpullable', ({ status }) => {
      expect(status?.phase).toBe('Pending');
      expect(status?.containerStatuses?.[0]?.state?.waiting?.reason).toMatch(
        /^(ErrImagePull|ImagePullBackOff)$/,
      );
    });
    node.create('never', {
      containers: [{ name: 'main', image: 'localhost:1/nothing:1', imagePullPolicy: 'Never' }],
    });
    await node.podWith('never', ({ status }) => {
      expect(status?.containerStatuses?.[0]?.state?.waiting).toEqual({
        reason: 'ErrImageNeverPull',
        message: 'Container image "localhost:1/nothing:1" is not present with pull policy of Never',
      });
    });
    await node.remove('unpullable');
    await node.remove('never');
  });

  test('a changed image replaces the container and keeps sandbox and address', async () => {
    node.create('rolling', {
      containers: [
        { name: 'main', image, command: script('trap "exit 0" TERM; while :; do sleep 0.1; done') },
      ],
    });
    const before = await node.podReady('rolling');
    node.client.edit<Pod>(resources.pods, { namespace: 'default', name: 'rolling' }, (pod) => {
      const [container] = pod.spec?.containers ?? [];
      if (container) container.image = otherImage;
    });
    const after = await node.podWith('rolling', (pod) => {
      expect(pod.status?.containerStatuses?.[0]).toMatchObject({ image: otherImage, restartCount: 1 });
    });
    expect(after.status?.podIP).toBe(before.status?.podIP);
    expect((await node.node.runtime.listSandboxes()).filter(({ name }) => name === 'rolling')).toHaveLength(
      1,
    );
    await node.remove('rolling');
  });

  test('restarting the agent restarts no container, and it goes on from there', async () => {
    node.create('steady', { containers: [{ name: 'main', image, command: ['sleep', '1000'] }] });
    const before = await node.podReady('steady');
    await node.stopAgent();
    node.startAgent();
    await eventually(() => expect(node.agent.pods.list()).toHaveLength(1));
    await eventually(() => expect(node.agent.pods.find('default', 'steady')?.sandboxId).toBeDefined());
    const after = await node.podReady('steady');
    expect(after.status?.containerStatuses).toEqual(before.status?.containerStatuses);
    await node.remove('steady');
  });

  test('what the runtime holds of a pod that vanished is ended', async () => {
    node.create('vanished', { containers: [{ name: 'main', image, command: ['sleep', '1000'] }] });
    await node.podReady('vanished');
    await node.stopAgent();
    node.client.remove(resources.pods, { namespace: 'default', name: 'vanished' });
    node.startAgent();
    await eventually(async () => expect(await node.node.runtime.listSandboxes()).toEqual([]), {
      timeoutMs: 60_000,
    });
    await eventually(async () => expect(await readdir(join(node.dataDirectory, 'pods'))).toEqual([]));
  });

  test('a deleted pod gets its hook and its grace before it is killed', async () => {
    node.create('graceful', {
      terminationGracePeriodSeconds: 10,
      volumes: [
        { name: 'out', hostPath: { path: join(node.node.directory, 'out'), type: 'DirectoryOrCreate' } },
      ],
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
    await node.podReady('graceful');
    await eventually(async () =>
      expect(await readFile(join(node.node.directory, 'out/log'), 'utf8')).toBe('up\n'),
    );
    await node.remove('graceful');
    expect(await readFile(join(node.node.directory, 'out/log'), 'utf8')).toBe('up\nhook\nterm\n');
  });

  /** Of the group of all pods of a class: as they were told to the kernel, or as weights stand for them. */
  async function sharesOf(tier: string): Promise<number | undefined> {
    const group = `${node.node.cgroupRoot}/${tier}`;
    const shares = await readFile(`/sys/fs/cgroup/cpu${group}/cpu.shares`, 'utf8').catch(() => undefined);
    if (shares !== undefined) return Number(shares);
    const weight = Number(await readFile(`/sys/fs/cgroup${group}/cpu.weight`, 'utf8'));
    return [2, 102].find((asked) => weightOfShares(asked) === weight);
  }

  test('limits reach the kernel, and the groups go with the pod', async () => {
    node.create('limited', {
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
    const pod = await node.podReady('limited');
    expect(pod.status?.qosClass).toBe('Burstable');
    await eventually(async () => expect(await node.logOf('limited', 'main')).toContain(' F 33554432\n'));
    // All burstable pods together have what this one asks for.
    expect(await sharesOf('burstable')).toBe(102);
    await node.remove('limited');
    await eventually(async () => expect(await sharesOf('burstable')).toBe(2));
    const groups = await openCgroups();
    expect(await groups.children(`${node.node.cgroupRoot}/burstable`)).toEqual([]);
  });

  test('a pod past its deadline fails', async () => {
    node.create('late', {
      activeDeadlineSeconds: 2,
      containers: [{ name: 'main', image, command: ['sleep', '1000'] }],
    });
    const pod = await node.podWith('late', ({ status }) => expect(status?.phase).toBe('Failed'));
    expect(pod.status).toMatchObject({
      reason: 'DeadlineExceeded',
      message: 'Pod was active on the node longer than the specified deadline',
    });
    await node.remove('late');
  });

  test('a sandbox that was ended from outside is made again', async () => {
    node.create('struck', { containers: [{ name: 'main', image, command: ['sleep', '1000'] }] });
    await node.podReady('struck');
    const sandbox = node.agent.pods.find('default', 'struck')?.sandboxId ?? '';
    await node.node.runtime.stopSandbox(sandbox);
    await node.podWith('struck', ({ status }) =>
      expect(status?.containerStatuses?.[0]?.restartCount).toBe(1),
    );
    await node.podReady('struck');
    expect(node.agent.pods.find('default', 'struck')?.sandboxId).not.toBe(sandbox);
    await node.remove('struck');
  });

  test('a container that is added for debugging sees the processes of its target', async () => {
    node.create('debugged', { containers: [{ name: 'main', image, command: ['sleep', '4711'] }] });
    await node.podReady('debugged');
    node.client.edit<Pod>(resources.pods, { namespace: 'default', name: 'debugged' }, ({ spec }) => {
      if (spec)
        spec.ephemeralContainers = [
          { name: 'debugger', image, targetContainerName: 'main', command: ['ps'] },
        ];
    });
    await node.podWith('debugged', ({ status }) =>
      expect(status?.ephemeralContainerStatuses?.[0]).toMatchObject({
        name: 'debugger',
        restartCount: 0,
        state: { terminated: { exitCode: 0, reason: 'Completed' } },
      }),
    );
    expect(await node.logOf('debugged', 'debugger')).toContain('sleep 4711');
    await node.remove('debugged');
  });

  test('a pod that asks for more than the node has is refused', async () => {
    node.create('greedy', {
      containers: [
        { name: 'main', image, command: ['sleep', '1000'], resources: { requests: { cpu: '1000' } } },
      ],
    });
    const pod = await node.podWith('greedy', ({ status }) => expect(status?.phase).toBe('Failed'));
    expect(pod.status?.reason).toBe('OutOfcpu');
    await node.remove('greedy');
  });

  test('a pod that must not run as root is held back when its image would', async () => {
    node.create('rootless', {
      securityContext: { runAsNonRoot: true },
      containers: [{ name: 'main', image, command: ['sleep', '1000'] }],
    });
    await node.podWith('rootless', ({ status }) =>
      expect(status?.containerStatuses?.[0]?.state?.waiting).toMatchObject({
        reason: 'CreateContainerConfigError',
        message: expect.stringMatching(/^container has runAsNonRoot and image will run as root/),
      }),
    );
    await node.remove('rootless');
  });
});
