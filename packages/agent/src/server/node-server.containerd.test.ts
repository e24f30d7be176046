import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir } from 'node:fs/promises';
import http from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { eventually } from '@skerry/base/testing';
import { createSpdySession, upgrade, UpgradeRefusedError } from '@skerry/streams';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createWebSocketStream, WebSocket } from '@skerry/streams/testing';
import { writeCniConfig } from '#network/cni-config.ts';
import type { ContainerConfig, SandboxConfig } from '#runtime.ts';
import { canRunContainers, startContainerdNode, type ContainerdNode } from '#testing/containerd-node.ts';

const able = await canRunContainers();
let node: ContainerdNode;
/** The server runs where the runtime does: only there can its streaming server be reached. */
let child: ChildProcess;
let path: string;

const uid = '6f1c2f5e-0000-4000-8000-000000000001';
const labels = {
  'io.kubernetes.pod.name': 'web',
  'io.kubernetes.pod.namespace': 'default',
  'io.kubernetes.pod.uid': uid,
};
const namespaces = { network: 'pod', pid: 'container', ipc: 'pod' } as const;

beforeAll(async () => {
  if (!able) return;
  node = await startContainerdNode();
  await writeCniConfig(node.cniConfigFile, {
    podCidr: '10.77.0.0/24',
    bridge: 'cni0',
    dataDirectory: join(node.directory, 'addresses'),
  });
  await node.addImage('busybox:1');
  await eventually(async () => expect((await node.runtime.status()).networkReady).toBe(true));
  await startPod();
  path = join(node.directory, 'node.sock');
  const script = new URL('../testing/serve-node.ts', import.meta.url).pathname;
  const args = [
    `--net=${node.networkNamespace}`,
    '--',
    process.execPath,
    script,
    node.containerd.socket,
    path,
  ];
  child = spawn('nsenter', args, { stdio: 'inherit' });
  await eventually(() => access(path));
});

afterAll(async () => {
  child?.kill();
  await node?.close();
});

async function startPod(): Promise<void> {
  const sandbox: SandboxConfig = {
    name: 'web',
    namespace: 'default',
    uid,
    attempt: 0,
    hostname: 'web',
    logDirectory: join(node.directory, 'logs'),
    portMappings: [],
    labels,
    annotations: {},
    cgroupParent: node.cgroupRoot,
    sysctls: {},
    namespaces,
    privileged: false,
    supplementalGroups: [],
    seccomp: { type: 'unconfined' },
    runtimeHandler: '',
  };
  const sandboxId = await node.runtime.runSandbox(sandbox);
  const page = 'mkdir /www; echo hello from pod > /www/index.html; httpd -p 8080 -h /www';
  await startContainer('app', `${page}; echo up; echo to stderr >&2; exec sleep 1000`);
  await startContainer('echo', 'while read line; do echo "got $line"; done', { stdin: true });

  async function startContainer(
    name: string,
    script: string,
    more: Partial<ContainerConfig> = {},
  ): Promise<void> {
    await mkdir(join(sandbox.logDirectory, name), { recursive: true });
    const config: ContainerConfig = {
      name,
      attempt: 0,
      image: (await node.runtime.imageStatus('busybox:1'))!.id,
      userSpecifiedImage: 'busybox:1',
      command: ['/bin/sh', '-c', script],
      args: [],
      workingDirectory: '',
      env: [],
      mounts: [],
      devices: [],
      cdiDevices: [],
      labels: { ...labels, 'io.kubernetes.container.name': name },
      annotations: {},
      logPath: `${name}/0.log`,
      stdin: false,
      stdinOnce: false,
      tty: false,
      resources: {},
      security: {
        privileged: false,
        supplementalGroups: [],
        readOnlyRootFilesystem: false,
        noNewPrivileges: false,
        capabilities: { add: [], drop: [] },
        maskedPaths: [],
        readonlyPaths: [],
        seccomp: { type: 'unconfined' },
        namespaces,
      },
      ...more,
    };
    await node.runtime.startContainer(await node.runtime.createContainer(sandboxId, config, sandbox));
  }
}

async function get(target: string): Promise<{ status: number; text: string }> {
  const request = http.get({ socketPath: path, path: target });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  return { status: response.statusCode ?? 0, text: await read(response) };
}

async function read(stream: AsyncIterable<unknown>): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}

/** Runs a WebSocket exec or attach to its end. */
async function channels(
  target: string,
  { protocol = 'v5.channel.k8s.io', input }: { protocol?: string; input?: string } = {},
) {
  const socket = new WebSocket(`ws+unix:${path}:${target}`, protocol);
  const out: Record<number, string> = { 1: '', 2: '', 3: '' };
  socket.on('message', (message: Buffer) => {
    out[message[0]!] = (out[message[0]!] ?? '') + message.toString('utf8', 1);
  });
  await once(socket, 'open');
  if (input !== undefined) {
    socket.send(Buffer.from(`\0${input}`));
    socket.send(Buffer.from([255, 0]));
  }
  const [code] = await once(socket, 'close');
  return { code, stdout: out[1], stderr: out[2], outcome: JSON.parse(out[3] || '{}') };
}

function command(...words: string[]): string {
  return words.map((word) => `command=${encodeURIComponent(word)}`).join('&');
}

describe.skipIf(!able)("the node's server on a real runtime", () => {
  test('answers the log of a container', async () => {
    await eventually(async () => {
      expect((await get('/containerLogs/default/web/app')).text.split('\n').sort()).toEqual([
        '',
        'to stderr',
        'up',
      ]);
    });
    expect((await get('/containerLogs/default/web/app?stream=Stderr')).text).toBe('to stderr\n');
    expect(await get('/containerLogs/default/web/nope')).toMatchObject({ status: 400 });
    expect((await get('/containerLogs/default/web/app?previous=true')).text).toBe(
      'previous terminated container "app" in pod "web" not found',
    );
  });

  test('runs a command for a WebSocket client', async () => {
    const target = `/exec/default/web/app?output=1&error=1&${command('sh', '-c', 'echo out; echo err >&2; exit 7')}`;
    expect(await channels(target)).toMatchObject({
      code: 1000,
      stdout: 'out\n',
      stderr: 'err\n',
      outcome: { status: 'Failure', reason: 'NonZeroExitCode', details: { causes: [{ message: '7' }] } },
    });
  });

  test('passes all of a large output and input on, and the end of input', async () => {
    const input = 'x'.repeat(1_000_000);
    const counted = await channels(`/exec/default/web/app?input=1&output=1&${command('wc', '-c')}`, {
      input,
    });
    expect(counted).toMatchObject({ stdout: '1000000\n', outcome: { status: 'Success' } });
    const poured = await channels(
      `/exec/default/web/app?output=1&${command('head', '-c', '5000000', '/dev/zero')}`,
    );
    expect(poured.stdout?.length).toBe(5_000_000);
  });

  test('runs a command for a SPDY client', async () => {
    const upgraded = await upgrade({
      url: `http://node/exec/default/web/app?output=1&${command('echo', 'hi')}`,
      headers: { 'X-Stream-Protocol-Version': ['v4.channel.k8s.io', 'channel.k8s.io'] },
      connection: connect(path),
    });
    expect(upgraded.headers['x-stream-protocol-version']).toBe('v4.channel.k8s.io');
    const session = createSpdySession(upgraded.socket, { role: 'client' });
    const errors = session.open({ streamType: 'error' });
    const output = session.open({ streamType: 'stdout' });
    expect(await read(output)).toBe('hi\n');
    expect(JSON.parse(await read(errors))).toMatchObject({ status: 'Success' });
  });

  test('says before the upgrade that a container or pod is not there', async () => {
    for (const [target, status, text] of [
      ['/exec/default/web/nope?output=1&command=x', 404, 'container not found ("nope")'],
      ['/exec/default/gone/app?output=1&command=x', 404, 'pod does not exist'],
      ['/exec/default/web/app?command=x', 400, 'at least 1 of stdin'],
    ] as const) {
      const attempt = upgrade({ url: `http://node${target}`, headers: {}, connection: connect(path) });
      const error = await attempt.catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(UpgradeRefusedError);
      expect(error).toMatchObject({ status, body: expect.stringContaining(text) });
    }
  });

  test('attaches to what runs already', async () => {
    const socket = new WebSocket(
      `ws+unix:${path}:/attach/default/web/echo?input=1&output=1`,
      'v4.channel.k8s.io',
    );
    let text = '';
    socket.on('message', (message: Buffer) => (text += message.toString('utf8', 1)));
    await once(socket, 'open');
    socket.send(Buffer.from('\0hello\n'));
    await eventually(() => expect(text).toContain('got hello\n'));
    socket.close();
  });

  test('leads to a port inside the pod, for SPDY, tunnelled SPDY and channels', async () => {
    const request = 'GET / HTTP/1.0\r\n\r\n';
    const overSpdy = async (stream: Duplex) => {
      const session = createSpdySession(stream, { role: 'client' });
      const headers = { port: '8080', requestID: '0' };
      session.open({ ...headers, streamType: 'error' }).end();
      const data = session.open({ ...headers, streamType: 'data' });
      data.write(request);
      const answer = await read(data);
      session.close();
      return answer;
    };
    const plain = await upgrade({
      url: 'http://node/portForward/default/web',
      headers: { 'X-Stream-Protocol-Version': 'portforward.k8s.io' },
      connection: connect(path),
    });
    expect(await overSpdy(plain.socket)).toContain('hello from pod');

    const tunnel = openTunnel();
    await once(tunnel, 'open');
    expect(await overSpdy(createWebSocketStream(tunnel))).toContain('hello from pod');

    const socket = new WebSocket(`ws+unix:${path}:/portForward/default/web?port=8080`, 'v4.channel.k8s.io');
    const received: Buffer[][] = [[], []];
    socket.on('message', (message: Buffer) => received[message[0]!]!.push(message.subarray(1)));
    await once(socket, 'open');
    socket.send(Buffer.from(`\0${request}`));
    await once(socket, 'close');
    expect(Buffer.concat(received[0]!).readUInt16LE(0)).toBe(8080);
    expect(Buffer.concat(received[0]!).toString()).toContain('hello from pod');
    expect(Buffer.concat(received[1]!).readUInt16LE(0)).toBe(8080);
  });

  test('reports usage', async () => {
    const { text } = await get('/stats/summary');
    expect(JSON.parse(text)).toMatchObject({
      node: { nodeName: 'n1', cpu: { usageNanoCores: expect.any(Number) } },
      pods: [
        {
          podRef: { name: 'web', uid },
          containers: expect.arrayContaining([expect.objectContaining({ name: 'app' })]),
        },
      ],
    });
    expect((await get('/metrics/resource')).text).toMatch(
      /container_memory_working_set_bytes\{container="app",namespace="default",pod="web"\} [1-9]\d* \d+/,
    );
  });
});

/** The `ws` client takes no name with a slash, neither when it asks nor in the answer. */
function openTunnel(): WebSocket {
  const socket = new WebSocket(`ws+unix:${path}:/portForward/default/web`, {
    headers: { 'Sec-WebSocket-Protocol': 'SPDY/3.1+portforward.k8s.io' },
  });
  socket.on('upgrade', ({ headers }: http.IncomingMessage) => {
    expect(headers['sec-websocket-protocol']).toBe('SPDY/3.1+portforward.k8s.io');
    delete headers['sec-websocket-protocol'];
  });
  return socket;
}
