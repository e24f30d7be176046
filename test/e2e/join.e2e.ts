/**
 * `skerry join` as it fails: each way has its own words, says what to do, and leaves nothing behind, neither on the
 * machine nor in the cluster. Clocks and systems that can't be had here are in the tests beside the code.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '@skerry/base/testing';
import { Center } from '../support/center.ts';
import { entry, freePort, type CommandResult } from '../support/cluster.ts';

let center: Center;
let folder: string;
/** A good token of the pool `east`, for any number of machines. */
let good: string;
let authorityHash: string;

interface Attempt {
  readonly token?: string;
  readonly tokenFile?: string;
  readonly address?: string;
  readonly name?: string;
  readonly pool?: string;
  readonly runtime?: string;
  readonly data?: string;
  readonly proxy?: string;
}

beforeAll(async () => {
  center = await Center.start();
  folder = mkdtempSync(join(tmpdir(), 'skerry-join-'));
  const pem = new X509Certificate(center.file('server/pki/ca.crt'));
  const der = pem.publicKey.export({ type: 'spki', format: 'der' });
  authorityHash = createHash('sha256').update(der).digest('hex');
  for (const name of ['east', 'west']) {
    const pool = {
      apiVersion: 'apps.openyurt.io/v1beta2',
      kind: 'NodePool',
      metadata: { name },
      spec: { type: 'Edge' },
    };
    await eventually(
      async () => expect((await center.kubectl(['apply', '-f', '-'], JSON.stringify(pool))).code).toBe(0),
      { timeoutMs: 20_000 },
    );
  }
  good = await tokenOf('--pool', 'east');
});

afterAll(async () => {
  await center.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function tokenOf(...flags: string[]): Promise<string> {
  const made = await center.skerry(['token', 'create', '--data-dir', center.dataDirectory, ...flags]);
  expect(made.errors).toBe('');
  return made.output.trim();
}

async function attempt(given: Attempt): Promise<CommandResult & { readonly data: string }> {
  const data = given.data ?? mkdtempSync(join(folder, 'machine-'));
  const file = given.tokenFile ?? join(mkdtempSync(join(folder, 'token-')), 'token');
  if (given.tokenFile === undefined) writeFileSync(file, given.token ?? good, { mode: 0o600 });
  const result = await center.skerry([
    'join',
    given.address ?? center.address,
    '--data-dir',
    data,
    '--token-file',
    file,

    '--node-name',
    given.name ?? 'node-1',
    '--runtime-endpoint',
    given.runtime ?? 'simulated',
    '--start',
    'none',

    ...(given.pool === undefined ? [] : ['--pool', given.pool]),
    ...(given.proxy === undefined ? [] : ['--proxy', given.proxy]),
  ]);
  return { ...result, data };
}

async function requests(): Promise<string[]> {
  const { output } = await center.kubectl([
    'get',
    'csr',
    '-o',
    'jsonpath={range .items[*]}{.metadata.name}={.status.conditions[*].type} {end}',
  ]);
  return output.trim().split(/\s+/).filter(Boolean);
}

type Failure = [what: string, given: () => Attempt | Promise<Attempt>, code: number, message: RegExp];

const failures: Failure[] = [
  ['no token file', () => ({ tokenFile: join(folder, 'none') }), 1, /cannot read the token file .*\/none/],
  ['an empty token file', () => ({ token: '' }), 1, /join token/],
  ['a malformed token', () => ({ token: 'abc' }), 1, /join token/],
  ['half a token', () => ({ token: good.slice(0, 30) }), 1, /join token/],
  [
    'an unknown token',
    () => ({ token: `abcdef.0123456789abcdef.${authorityHash}` }),
    1,
    /TOKEN_EXPIRED: the join token has expired, was deleted or is not known to this cluster; get a new one with `skerry token create`/,
  ],
  ['an expired token', expired, 1, /TOKEN_EXPIRED: the join token has expired/],
  ['a deleted token', deleted, 1, /TOKEN_EXPIRED: the join token has expired, was deleted/],
  [
    'a token of another pool',
    () => ({ pool: 'west' }),
    1,
    /the join token is for node pool east, not west; join with --pool east, or get a token for west with `skerry token create --pool west`/,
  ],
  [
    'a pool that is not there',
    async () => ({ token: await tokenOf(), pool: 'nope' }),
    1,
    /node pool nope does not exist; `kubectl get nodepools` shows those there are/,
  ],
  [
    'a token of another authority',
    () => ({ token: good.replace(authorityHash, '0'.repeat(64)) }),
    1,
    /the server at .* is not the cluster this token was made for: its authority's key does not have the hash in the token/,
  ],
  [
    'a wrong port',
    async () => ({ address: `127.0.0.1:${await freePort()}` }),
    1,
    /cannot reach the center at 127\.0\.0\.1:\d+: nothing listens there; is `skerry server` running, and is the port right\?/,
  ],
  [
    'a wrong name',
    () => ({ address: 'no-such-center.invalid' }),
    1,
    /cannot reach the center at no-such-center\.invalid:6443: .*DNS/,
  ],
  [
    'an address that is none',
    () => ({ address: 'http://a/b' }),
    2,
    /"http:\/\/a\/b" is no address of a center; give a host or host:port/,
  ],
  [
    'a bad node name',
    () => ({ name: 'Bad_Name' }),
    1,
    /invalid nodeName "Bad_Name": only lower-case letters/,
  ],
  ['a node name of 254 characters', () => ({ name: 'x'.repeat(254) }), 1, /invalid nodeName .*at most 253/],
  [
    'no runtime',
    () => ({ runtime: `unix://${folder}/none.sock` }),
    3,
    /there is no container runtime at .*none\.sock; install and start containerd, or name its socket with --runtime-endpoint/,
  ],
  [
    'a runtime that is a file',
    () => ({ runtime: `unix://${fileNamed('no.sock')}` }),
    3,
    /the container runtime at .*no\.sock does not answer \(ECONNREFUSED\)/,
  ],
  [
    'a data folder that is a file',
    () => ({ data: fileNamed('data') }),
    1,
    /cannot write to .*\/data; run as root, or choose another with --data-dir/,
  ],
];

async function expired(): Promise<Attempt> {
  const token = await tokenOf('--ttl', '1s');
  const [id = '', secret = ''] = token.split('.');
  const headers = { authorization: `Bearer ${id}.${secret}` };
  await eventually(
    async () => expect((await center.request({ path: '/version', as: 'nobody', headers })).status).toBe(401),
    { timeoutMs: 10_000 },
  );
  return { token };
}

async function deleted(): Promise<Attempt> {
  const token = await tokenOf();
  const [id = ''] = token.split('.');
  const gone = await center.skerry(['token', 'delete', id, '--data-dir', center.dataDirectory]);
  expect(gone.output).toBe(`token ${id} deleted\n`);
  return { token };
}

function fileNamed(name: string): string {
  writeFileSync(join(folder, name), '');
  return join(folder, name);
}

test.each(failures)('%s: told in one line, and nothing is left', async (_what, given, code, message) => {
  const result = await attempt(await given());
  expectRefused(result, code, message);
  if (statSync(result.data).isDirectory()) expect(readdirSync(result.data)).toEqual([]);
  expect(await requests()).toEqual([]);
  expect((await center.kubectl(['get', 'nodes', '-o', 'name'])).output).toBe('');
});

describe('what listens is no center', () => {
  const servers: Server[] = [];
  afterAll(() => servers.forEach((server) => server.close()));

  async function listening(server: Server): Promise<string> {
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  test('but something without TLS', async () => {
    const address = await listening(createServer((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n')));
    expectRefused(
      await attempt({ address }),
      1,
      /cannot reach the center at .*: what listens there does not speak TLS/,
    );
  });

  test('but another web server', async () => {
    const [key, cert] = [join(folder, 'web.key'), join(folder, 'web.crt')];
    spawnSync('openssl', [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      key,
      '-out',
      cert,
      '-subj',
      '/CN=web',
    ]);
    const tls = { key: readFileSync(key), cert: readFileSync(cert) };
    const address = await listening(
      createHttpsServer(tls, (_, response) => response.writeHead(404).end('no')),
    );
    expectRefused(
      await attempt({ address }),
      1,
      /answered 404 where a Skerry center publishes its cluster-info; is this the address of the center's API\?/,
    );
  });
});

test('a token is spent when its uses are', async () => {
  const token = await tokenOf('--pool', 'east', '--uses', '1');
  const first = await attempt({ token, name: 'first' });
  expect(first).toMatchObject({
    code: 0,
    output: expect.stringContaining('This node joined into the cluster successfully.') as string,
  });
  const again = await attempt({ data: first.data, name: 'first' });
  expectRefused(
    again,
    3,
    /this machine has joined a cluster already \(.*\); run `skerry reset` first, or choose another --data-dir/,
  );
  const second = await attempt({ token, name: 'second' });
  expectRefused(second, 1, /TOKEN_EXPIRED: .*; get a new one with `skerry token create` on the center/);
  expect(readdirSync(second.data)).toEqual([]);
  expect((await requests()).filter((request) => request.endsWith('='))).toEqual([]);
});

test('a name that a node has is taken', async () => {
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'taken' } };
  expect((await center.kubectl(['create', '-f', '-'], JSON.stringify(node))).code).toBe(0);
  const result = await attempt({ name: 'taken' });
  expectRefused(
    result,
    1,
    /A node named taken is already exist in the cluster; choose another --node-name, or, if that node is gone for good, delete it with `kubectl delete node taken`/,
  );
  expect(readdirSync(result.data)).toEqual([]);
  expect((await requests()).filter((request) => request.endsWith('='))).toEqual([]);
});

test('what a join that was killed left is written over', async () => {
  const data = mkdtempSync(join(folder, 'half-'));
  mkdirSync(join(data, 'agent'));
  writeFileSync(join(data, 'agent/client.key'), 'half');
  writeFileSync(join(data, 'agent/agent.yaml'), 'server: ');
  const result = await attempt({ data, name: 'half' });
  expect(result.errors).toBe('');
  expect(result.code).toBe(0);
  expect(readFileSync(join(data, 'agent/client.key'), 'utf8')).toContain('PRIVATE KEY');
});

test('where only a proxy leads to the center, join and agent go through it, and are told when it dies', async () => {
  // A name of the center that nothing on this machine can resolve: whoever reaches it has come through the proxy.
  const host = 'kubernetes.default.svc';
  const asked: string[] = [];
  const tunnels = new Set<Duplex>();
  const proxy = createHttpServer((_, response) => response.writeHead(403).end());
  proxy.on('connect', (request, socket, head) => {
    asked.push(`${request.url} ${request.headers['proxy-authorization']}`);
    tunnels.add(socket);
    const onward = connect({ host: '127.0.0.1', port: center.port }, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
    socket.on('close', () => onward.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const { port } = proxy.address() as AddressInfo;
  const address = `${host}:${center.port}`;
  const joined = await attempt({ address, name: 'behind', proxy: `http://user:secret@127.0.0.1:${port}` });
  expect(joined).toMatchObject({ code: 0, errors: '' });
  expect(statSync(join(joined.data, 'agent/agent.yaml')).mode & 0o077).toBe(0);
  const agent = spawn(process.execPath, [entry(), 'agent', '--data-dir', joined.data], { stdio: 'ignore' });
  const ended = once(agent, 'exit');
  try {
    const ready = 'jsonpath={.status.conditions[?(@.type=="Ready")].status}';
    await eventually(
      async () => {
        const { output } = await center.kubectl(['get', 'node', 'behind', '-o', ready]);
        expect(output).toBe('True');
      },
      { timeoutMs: 60_000, everyMs: 200 },
    );
    const linkIs = (state: string) =>
      eventually(
        async () => {
          const link = ['get', 'nodelink', 'behind', '-o', 'jsonpath={.status.state}'];
          expect((await center.kubectl(link)).output).toBe(state);
        },
        { timeoutMs: 60_000, everyMs: 200 },
      );
    await linkIs('Linked');
    proxy.close();
    for (const tunnel of tunnels) tunnel.destroy();
    await linkIs('Cut');
    const looked = await center.skerry(['doctor', '--data-dir', joined.data]);
    expect(looked.output).toContain(
      `${address} through the proxy 127.0.0.1:${port}: nothing listens there: is the proxy running`,
    );
    expect(looked.output).not.toContain('secret');
    proxy.listen(port, '127.0.0.1');
    await linkIs('Linked');
  } finally {
    agent.kill('SIGTERM');
    await ended;
    proxy.closeAllConnections();
    proxy.close();
  }
  const authorization = `Basic ${Buffer.from('user:secret').toString('base64')}`;
  expect(new Set(asked)).toEqual(new Set([`${address} ${authorization}`]));
  const none = await attempt({ address, name: 'astray' });
  expectRefused(none, 1, /cannot reach the center at kubernetes\.default\.svc/);
});

function expectRefused({ code, output, errors }: CommandResult, wanted: number, message: RegExp): void {
  const said = `${output}\n${errors}`.split('\n').filter((line) => /^error: |^ {2}✗ /.test(line));
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(message);
  expect(code).toBe(wanted);
  expect(output + errors).not.toMatch(/^\s+at .+:\d+:\d+\)?$/m);
}
