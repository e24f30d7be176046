import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Node, NodeImage, NodeImageSpec, PodSpec, Secret } from '@skerry/api';
import { eventually } from '@skerry/base/testing';
import { resources } from '@skerry/client';
import { containerdPaths } from '#containerd/config.ts';
import { runCommand } from '#machine/command.ts';
import { AgentNode } from '#testing/agent-node.ts';
import { canRunContainers } from '#testing/containerd-node.ts';
import { hasRegistry, registryUser, startRegistry, type Registry } from '#testing/registry.ts';

const canRun = (await canRunContainers()) && (await hasRegistry());

describe.skipIf(!canRun)('pulling from a registry', () => {
  let node: AgentNode;
  let open: Registry;
  let guarded: Registry;
  let images = 0;

  beforeAll(async () => {
    node = await AgentNode.start();
    const { networkNamespace, directory, containerd } = node.node;
    // An address that isn't the machine's own, as a registry's usually is; speaking HTTP to it has to be allowed.
    await runCommand('nsenter', [
      `--net=${networkNamespace}`,
      'ip',
      'address',
      'add',
      '10.66.0.1/32',
      'dev',
      'lo',
    ]);
    const start = async (address: string, asksForLogin: boolean) => {
      const hosts = join(containerdPaths(join(directory, 'containerd')).registries, address);
      await mkdir(hosts, { recursive: true });
      await writeFile(
        join(hosts, 'hosts.toml'),
        `server = "http://${address}"\n\n[host."http://${address}"]\n  capabilities = ["pull", "resolve"]\n`,
      );
      return startRegistry({ directory, networkNamespace, address, asksForLogin });
    };
    open = await start('10.66.0.1:5000', false);
    guarded = await start('10.66.0.1:5001', true);
    expect(containerd.socket).toContain(directory);
  });

  afterAll(async () => {
    await open?.close();
    await guarded?.close();
    expect(await node.close()).toEqual([]);
  });

  /** Puts an image that prints `text` into the registry, and nowhere else. */
  async function publish(reference: string, text: string): Promise<void> {
    await node.node.addImage(reference, { command: ['sh', '-c', `echo ${text}; exec sleep 1000`] });
    await node.node.moveToRegistry(
      reference,
      reference.startsWith(guarded.address) ? registryUser : undefined,
    );
  }

  function newReference(registry: Registry): string {
    return `${registry.address}/team/app:${++images}`;
  }

  function run(name: string, image: string, policy?: string, spec: Partial<PodSpec> = {}): void {
    const container = { name: 'main', image, ...(policy ? { imagePullPolicy: policy } : {}) };
    node.create(name, { containers: [container], ...spec });
  }

  function addSecret(name: string, auths: Record<string, object>): void {
    node.client.seed<Secret>(resources.secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: 'default' },
      type: 'kubernetes.io/dockerconfigjson',
      data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') },
    });
  }

  async function output(name: string): Promise<string> {
    await node.podReady(name);
    return (await node.logOf(name, 'main')).split(' ').slice(3).join(' ').trim();
  }

  function waitingAs(name: string, reason: string) {
    return node.podWith(name, ({ status }) =>
      expect(status?.containerStatuses?.[0]?.state?.waiting?.reason).toBe(reason),
    );
  }

  test('an image is fetched, and the pod says how long that took and how large it is', async () => {
    const image = newReference(open);
    await publish(image, 'fetched');
    run('fetched', image);
    expect(await output('fetched')).toBe('fetched');
    const { status } = await node.read('fetched');
    expect(status?.containerStatuses?.[0]?.imageID).toMatch(/^10\.66\.0\.1:5000\/team\/app@sha256:/);
    expect(node.events.lines).toContain(`Normal Pulling: Pulling image "${image}"`);
    expect(node.events.lines).toContainEqual(
      expect.stringMatching(
        /^Normal Pulled: Successfully pulled image ".*" in [\d.]+m?s \([\d.]+m?s including waiting\)\. Image size: \d+ bytes\.$/,
      ),
    );
    await node.remove('fetched');
  });

  test('Always takes what the tag means now, IfNotPresent what is here, Never nothing from elsewhere', async () => {
    const image = newReference(open);
    await publish(image, 'old');
    run('first', image, 'IfNotPresent');
    expect(await output('first')).toBe('old');
    await node.node.addImage(`${image}-new`, { command: ['sh', '-c', 'echo new; exec sleep 1000'] });
    await retag(`${image}-new`, image);
    run('kept', image, 'IfNotPresent');
    expect(await output('kept')).toBe('old');
    run('always', image, 'Always');
    expect(await output('always')).toBe('new');

    const absent = newReference(open);
    await publish(absent, 'absent');
    run('never', absent, 'Never');
    const { status } = await waitingAs('never', 'ErrImageNeverPull');
    expect(status?.phase).toBe('Pending');
    for (const name of ['first', 'kept', 'always', 'never']) await node.remove(name);
  });

  /** Puts a new image under an old name into the registry, while this node still has the old one. */
  async function retag(from: string, to: string): Promise<void> {
    const { networkNamespace, containerd } = node.node;
    const ctr = [
      `--net=${networkNamespace}`,
      'ctr',
      '--address',
      containerd.socket,
      '-n',
      'k8s.io',
      'images',
    ];
    await runCommand('nsenter', [...ctr, 'push', '--plain-http', to, from]);
  }

  test('a login comes from the secret that fits the registry', async () => {
    const image = newReference(guarded);
    await publish(image, 'secret');
    const { username, password } = registryUser;
    addSecret('by-auth', {
      'elsewhere.example': { username: 'x', password: 'y' },
      [`http://${guarded.address}`]: { auth: Buffer.from(`${username}:${password}`).toString('base64') },
    });
    run('by-auth', image, 'Always', { imagePullSecrets: [{ name: 'by-auth' }] });
    expect(await output('by-auth')).toBe('secret');
    addSecret('wrong', { [guarded.address]: { username, password: 'guess' } });
    addSecret('right', { [`${guarded.address}/team`]: { username, password } });
    run('second-try', image, 'Always', { imagePullSecrets: [{ name: 'wrong' }, { name: 'right' }] });
    expect(await output('second-try')).toBe('secret');
    await node.remove('by-auth');
    await node.remove('second-try');
  });

  test('without a login that is let in, the pod waits and names the refusal', async () => {
    const image = newReference(guarded);
    await publish(image, 'refused');
    addSecret('bad', { [guarded.address]: { username: registryUser.username, password: 'guess' } });
    run('no-secret', image);
    run('bad-secret', image, undefined, { imagePullSecrets: [{ name: 'bad' }] });
    run('lost-secret', image, undefined, { imagePullSecrets: [{ name: 'lost' }] });
    for (const name of ['no-secret', 'bad-secret', 'lost-secret']) {
      const { status } = await waitingAs(name, 'ImagePullBackOff');
      expect(status?.containerStatuses?.[0]?.state?.waiting?.message).toMatch(
        new RegExp(
          `^Back-off pulling image "${image}": ErrImagePull: .*failed to resolve reference "${image}": (.*401 Unauthorized|.*no basic auth credentials)`,
        ),
      );
    }
    expect(node.events.lines).toContain(
      'Warning FailedToRetrieveImagePullSecret: Unable to retrieve some image pull secrets (lost); attempting to pull the image may not succeed.',
    );
    for (const name of ['no-secret', 'bad-secret', 'lost-secret']) await node.remove(name);
  });

  test('an image that is missing holds the pod back, and starts it when it appears', async () => {
    const image = newReference(open);
    run('early', image);
    const { status } = await waitingAs('early', 'ImagePullBackOff');
    expect(status).toMatchObject({ phase: 'Pending' });
    expect(status?.containerStatuses?.[0]?.state?.waiting?.message).toMatch(
      /^Back-off pulling image .*not found/,
    );
    expect(node.events.lines).toEqual(
      expect.arrayContaining([
        expect.stringMatching(
          new RegExp(
            `^Warning Failed: Failed to pull image "${image}": rpc error: code = NotFound desc = failed to pull and unpack image "${image}": .*: not found$`,
          ),
        ),
        'Warning Failed: Error: ErrImagePull',
        `Normal BackOff: Back-off pulling image "${image}"`,
        'Warning Failed: Error: ImagePullBackOff',
      ]),
    );
    await publish(image, 'late');
    await node.podWith('early', (pod) => expect(pod.status?.phase).toBe('Running'));
    expect(await output('early')).toBe('late');
    await node.remove('early');
  });

  test('a registry that does not answer is named', async () => {
    run('nowhere', '10.66.0.1:5999/team/app:1');
    const { status } = await waitingAs('nowhere', 'ImagePullBackOff');
    expect(status?.containerStatuses?.[0]?.state?.waiting?.message).toMatch(
      /10\.66\.0\.1:5999.*connection refused/,
    );
    await node.remove('nowhere');
  });

  test('an image is here before a pod asks for it, where the NodeImage orders it, by the credentials named there', async () => {
    const image = newReference(guarded);
    await publish(image, 'ahead');
    const [name, tag] = [image.slice(0, image.lastIndexOf(':')), image.slice(image.lastIndexOf(':') + 1)];
    const { username, password } = registryUser;
    addSecret('ahead', { [guarded.address]: { username, password } });
    const order = (pullSecrets: object[], version: number) => ({
      pullSecrets,
      tags: [{ tag, version, createdAt: '2026-01-01T00:00:00Z', pullPolicy: { backoffLimit: 0 } }],
    });
    node.client.seed(resources.nodeImages, {
      metadata: { name: 'n1', uid: 'node-image' },
      spec: { images: { [name]: order([], 0) } },
    } as NodeImage);
    node.client.edit<Node>(resources.nodes, { name: 'n1' }, ({ metadata }) => {
      metadata.annotations = { ...metadata.annotations, 'node.skerry.io/node-image': 'node-image' };
    });
    const answered = (expected: object) =>
      eventually(
        () => {
          const { status } = node.client.all<NodeImage>(resources.nodeImages)[0]!;
          expect(status?.imageStatuses?.[name]?.tags).toMatchObject([expected]);
        },
        { timeoutMs: 60_000 },
      );
    await answered({ phase: 'Failed', message: expect.stringContaining('401') as string });
    node.client.edit<NodeImage>(resources.nodeImages, { name: 'n1' }, ({ spec }) => {
      spec!.images![name] = order([{ namespace: 'default', name: 'ahead' }], 1) as NodeImageSpec;
    });
    await answered({ phase: 'Succeeded', version: 1, imageID: expect.stringMatching(/@sha256:/) as string });
    // No credentials of its own, and none needed: the image is here.
    run('ahead', image, 'Never');
    expect(await output('ahead')).toBe('ahead');
    await node.remove('ahead');
  });
});
