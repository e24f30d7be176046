import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer as createSocket, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TLSSocket, createServer } from 'node:tls';
import { isApiError, type CertificateSigningRequest, type Secret } from '@skerry/api';
import { createSecurity } from '@skerry/apiserver';
import { type TestServer, startTestServer } from '@skerry/apiserver/testing';
import { type Clock, silentLogger, systemClock } from '@skerry/base';
import { type ApiClient, createClient, createHttpTransport, resources } from '@skerry/client';
import {
  bootstrapExtra,
  bootstrapSecretName,
  type CertificateAuthority,
  createCertificateAuthority,
  createServiceAccountKey,
  decideNodeRequest,
  describeCertificate,
  formatJoinToken,
  parseCertificateRequest,
  parseJoinToken,
  recordTokenUse,
  signForSigner,
} from '@skerry/pki';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { agentFiles, readAgentIdentity } from '#join/agent-config.ts';
import { type JoinOptions, joinCluster } from '#join/join.ts';
import { deleteJoinToken, issueJoinToken, listJoinTokens } from '#join/token.ts';

/** A center with the parts that joining needs: the real API server behind TLS, and an approver. */
class Center {
  readonly authority: CertificateAuthority;
  readonly client: ApiClient;
  readonly port: number;
  /** What the approver does with requests; some tests keep it from answering. */
  readonly #stop: () => Promise<void>;

  constructor(parts: {
    authority: CertificateAuthority;
    client: ApiClient;
    port: number;
    stop: () => Promise<void>;
  }) {
    this.authority = parts.authority;
    this.client = parts.client;
    this.port = parts.port;
    this.#stop = parts.stop;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  close(): Promise<void> {
    return this.#stop();
  }
}

async function startCenter(
  options: { served?: 'own' | 'other-name' | 'other-authority' } = {},
): Promise<Center> {
  const clock = systemClock;
  const authority = await createCertificateAuthority({ commonName: 'skerry-ca', clock });
  const signer =
    options.served === 'other-authority'
      ? await createCertificateAuthority({ commonName: 'skerry-ca', clock })
      : authority;
  const certificate = await signer.issueServerCertificate({
    dnsNames: ['center.example'],
    ipAddresses: options.served === 'other-name' ? [] : ['127.0.0.1'],
  });
  const api: TestServer = await startTestServer({
    security: createSecurity({
      clock,
      log: silentLogger,
      random: Math.random,
      serviceAccountKey: await createServiceAccountKey(),
      staticTokens: [{ token: 'admin', user: { name: 'admin', groups: ['system:masters'] } }],
      clusterInfo: { authorityPem: authority.certificatePem, server: 'https://127.0.0.1' },
    }),
  });
  const tls = createServer({
    cert: certificate.certificatePem,
    key: certificate.keyPem,
    ALPNProtocols: ['h2', 'http/1.1'],
  });
  const sockets = new Set<TLSSocket>();
  tls.on('secureConnection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    api.server.accept({ stream: socket, protocol: socket.alpnProtocol === 'h2' ? 'h2' : 'http/1.1' });
  });
  tls.listen(0, '127.0.0.1');
  await once(tls, 'listening');
  const transport = createHttpTransport({ server: api.url, token: 'admin', clock });
  const client = createClient({ transport, userAgent: 'test', clock });
  const ended = new AbortController();
  const approver = approve(client, authority, ended.signal);
  return new Center({
    authority,
    client,
    port: (tls.address() as AddressInfo).port,
    async stop() {
      ended.abort();
      await approver;
      client.close();
      for (const socket of sockets) socket.destroy();
      tls.close();
      await api.close();
    },
  });
}

/** Answers requests as the center's controllers do, by the same rules of `@skerry/pki`. */
async function approve(
  client: ApiClient,
  authority: CertificateAuthority,
  signal: AbortSignal,
): Promise<void> {
  const requests = client.resource<CertificateSigningRequest>(resources.certificateSigningRequests);
  const secrets = client.resource<Secret>(resources.secrets);
  try {
    for await (const event of requests.watch({ signal, resourceVersion: '0' })) {
      if (event.type !== 'ADDED') continue;
      const { spec } = event.object;
      const requestPem = Buffer.from(spec.request, 'base64').toString('utf8');
      const request = await parseCertificateRequest(requestPem);
      const requester = { username: spec.username ?? '', groups: spec.groups ?? [], extra: spec.extra };
      const id = spec.extra?.[bootstrapExtra.tokenId]?.[0] ?? '';
      const secret = await secrets
        .get(bootstrapSecretName(id), { namespace: 'kube-system' })
        .catch(() => undefined);
      const decision = decideNodeRequest({
        ...spec,
        usages: spec.usages ?? [],
        requester,
        request,
        nodeExists: await exists(client, request.commonName.replace('system:node:', '')),
        tokenData: secret?.data,
      });
      if (decision.kind === 'ignore') continue;
      if (decision.kind === 'approve' && decision.countUse && secret) {
        const data = recordTokenUse(secret.data ?? {}, decision.node);
        await secrets.update({ ...secret, data }, { namespace: 'kube-system' });
      }
      const type = decision.kind === 'approve' ? 'Approved' : 'Denied';
      const condition = {
        type,
        status: 'True',
        reason: decision.kind === 'deny' ? decision.reason : 'AutoApproved',
        message: decision.kind === 'deny' ? decision.message : '',
      };
      const decided = await requests.update(
        { ...event.object, status: { conditions: [condition] } },
        { subresource: 'approval' },
      );
      if (type === 'Denied') continue;
      const pem = await signForSigner(authority, {
        signerName: spec.signerName,
        usages: spec.usages ?? [],
        requestPem,
        request,
        requester,
      });
      const certificate = Buffer.from(pem ?? '').toString('base64');
      await requests.update(
        { ...decided, status: { ...decided.status, certificate } },
        { subresource: 'status' },
      );
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function exists(client: ApiClient, node: string): Promise<boolean> {
  try {
    await client.resource(resources.nodes).get(node);
    return true;
  } catch (error) {
    if (isApiError(error, 'NotFound')) return false;
    throw error;
  }
}

let center: Center;
let directory: string;

beforeAll(async () => {
  center = await startCenter();
});
afterAll(() => center.close());
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-join-'));
});
afterEach(() => rm(directory, { recursive: true }));

const token = (options: { uses?: number; pool?: string; ttlSeconds?: number } = {}) =>
  issueJoinToken(center.client, { ...options, caHash: center.authority.publicKeyHash, clock: systemClock });

let nodes = 0;

async function attempt(options: Partial<JoinOptions>): Promise<ReturnType<typeof joinCluster>> {
  return joinCluster({
    address: center.address,
    token: options.token ?? (await token()),
    nodeName: `node-${++nodes}`,
    runtimeEndpoint: 'simulated',
    dataDirectory: directory,
    clock: systemClock,
    log: silentLogger,
    report: { step: (_title, work) => work() },
    system: { platform: 'linux', architecture: 'x64' },
    ...options,
  });
}

/** A failed join leaves nothing but what was there. */
async function refused(options: Partial<JoinOptions>, code: string, message: string | RegExp): Promise<void> {
  const before = readdirSync(directory);
  await expect(attempt(options)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  expect(readdirSync(directory)).toEqual(before);
}

describe('joining', () => {
  test('leaves the machine with a certificate of its own, its key readable by its owner alone', async () => {
    const labels = { 'topology.kubernetes.io/region': 'beijing' };
    const taints = [{ key: 'gpu', effect: 'NoSchedule' as const }];
    await attempt({ nodeName: 'edge-1.example', labels, taints });
    const files = agentFiles(directory);
    expect((await stat(files.key)).mode & 0o777).toBe(0o600);
    const identity = readAgentIdentity(directory);
    expect(identity.config).toEqual({
      server: center.address,
      nodeName: 'edge-1.example',
      labels,
      taints,
      runtimeEndpoint: 'simulated',
    });
    expect(identity.authorityPem).toBe(center.authority.certificatePem);
    expect(describeCertificate(identity.certificatePem)).toMatchObject({
      commonName: 'system:node:edge-1.example',
      organizations: ['system:nodes'],
    });
  });

  test('a second time is refused', async () => {
    await attempt({});
    await refused({}, 'already-joined', 'skerry reset');
  });

  test('with a name that is taken is refused in the known words', async () => {
    await center.client.resource(resources.nodes).create({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'taken' },
    });
    await refused(
      { nodeName: 'taken' },
      'node-exists',
      /^A node named taken is already exist in the cluster/,
    );
  });

  test('with a used-up token is refused', async () => {
    const text = await token({ uses: 1 });
    const rows = async () =>
      (await listJoinTokens(center.client)).find(({ id }) => id === parseJoinToken(text).id);
    expect(await rows()).toMatchObject({ usesLeft: 1 });
    await attempt({ token: text });
    expect(await rows()).toMatchObject({ usesLeft: 0 });
    await rm(join(directory, 'agent'), { recursive: true });
    await refused(
      { token: text },
      'token-expired',
      /^TOKEN_EXPIRED: the join token has been used for 1 of 1/,
    );
  });

  test('with a deleted, unknown or expired token is refused', async () => {
    const deleted = await token();
    await deleteJoinToken(center.client, parseJoinToken(deleted).id);
    const unknown = formatJoinToken({ ...parseJoinToken(deleted), id: 'zzzzzz' });
    const past: Clock = { ...systemClock, now: () => systemClock.now() - 10_000_000 };
    const expired = await issueJoinToken(center.client, {
      ttlSeconds: 60,
      caHash: center.authority.publicKeyHash,
      clock: past,
    });
    for (const text of [deleted, unknown, expired]) {
      await refused({ token: text }, 'token-expired', /^TOKEN_EXPIRED/);
    }
    await expect(deleteJoinToken(center.client, 'zzzzzz')).rejects.toMatchObject({ code: 'token-not-found' });
  });

  test('with the token of another cluster is refused before anything is sent', async () => {
    const text = formatJoinToken({
      ...parseJoinToken(await token()),
      authorityHash: `sha256:${'ab'.repeat(32)}`,
    });
    await refused({ token: text }, 'authority-mismatch', 'is not the cluster this token was made for');
  });

  test.each([
    [-6 * 60_000, /behind the center's/],
    [6 * 60_000, /ahead of the center's/],
  ])('with a clock that is off by %d ms is refused', async (offMs, why) => {
    const clock: Clock = { ...systemClock, now: () => systemClock.now() + offMs };
    await refused({ clock }, 'clock-off', why);
  });

  test.each<[string, Partial<JoinOptions>, string, RegExp]>([
    ['a malformed token', { token: 'abc' }, 'join-token-malformed', /1 part /],
    ['an address that is none', { address: 'a b' }, 'usage', /no address/],
    ['an upper-case name', { nodeName: 'Edge' }, 'node-name-invalid', /^invalid nodeName "Edge"/],
    ['a name like localhost', { nodeName: 'localhost1' }, 'node-name-invalid', /^invalid nodeName/],
    ['a name that is too long', { nodeName: 'a'.repeat(254) }, 'node-name-invalid', /254 characters/],
    [
      'another system',
      { system: { platform: 'darwin', architecture: 'arm64' } },
      'system-unsupported',
      /^The os darwin unsupport/,
    ],
    [
      'another processor',
      { system: { platform: 'linux', architecture: 'riscv64' } },
      'system-unsupported',
      /^The os linux\/riscv64 unsupport/,
    ],
    [
      'no runtime',
      { runtimeEndpoint: 'unix:///nonexistent/containerd.sock' },
      'runtime-missing',
      /no container runtime/,
    ],
    ['a runtime that is no path', { runtimeEndpoint: 'tcp://x' }, 'runtime-unreachable', /no socket path/],
    [
      'a file that is no socket',
      { runtimeEndpoint: 'unix:///etc/hostname' },
      'runtime-unreachable',
      /does not answer/,
    ],
    ['nothing at the address', { address: '127.0.0.1:1' }, 'address-unreachable', /nothing listens there/],
    ['an unknown name', { address: 'center.invalid' }, 'address-unreachable', /DNS/],
  ])('%s is refused', async (_what, options, code, why) => {
    await refused(options, code, why);
  });

  test('what does not speak TLS, and what is no center, are told apart', async () => {
    const plain = createSocket((socket) => socket.end('hello\n'));
    plain.listen(0, '127.0.0.1');
    await once(plain, 'listening');
    try {
      const address = `127.0.0.1:${(plain.address() as AddressInfo).port}`;
      await refused({ address }, 'address-unreachable', /does not speak TLS/);
    } finally {
      plain.close();
    }
  });

  test('into a folder that can not be is refused', async () => {
    const file = join(directory, 'file');
    await writeFile(file, '');
    await refused({ dataDirectory: join(file, 'data') }, 'data-directory-unusable', 'choose another');
  });
});

describe('a center', () => {
  const join = async (served: 'other-name' | 'other-authority') => {
    const other = await startCenter({ served });
    try {
      const text = await issueJoinToken(other.client, {
        caHash: other.authority.publicKeyHash,
        clock: systemClock,
      });
      return await attempt({ address: other.address, token: text }).catch((error: unknown) => error);
    } finally {
      await other.close();
    }
  };

  test('whose certificate lacks the dialled address is told how to get it', async () => {
    expect(await join('other-name')).toMatchObject({
      code: 'server-name-mismatch',
      message: expect.stringContaining('--advertise 127.0.0.1'),
    });
  });

  test('that shows the authority without a certificate of it is not trusted', async () => {
    expect(await join('other-authority')).toMatchObject({ code: 'authority-mismatch' });
  });
});
