import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '@skerry/base/testing';
import { createCertificateAuthority } from '@skerry/pki';
import { Connections } from '#outgoing/connections.ts';
import { WebhookCaller, type WebhookClientConfig } from '#outgoing/webhook-caller.ts';
import {
  dialerTo,
  dialLoopback,
  serviceObjects,
  startExtensionServer,
  type ExtensionServer,
} from '#testing/extension-server.ts';
import { ObjectTable } from '#testing/object-table.ts';

let hook: ExtensionServer;
let table: ObjectTable;
let clock: FakeClock;
let connections: Connections;
let caller: WebhookCaller;
const pods = new Map<string, number>();

const service = { namespace: 'extensions', name: 'hook' };

beforeEach(async () => {
  hook = await startExtensionServer({ reply: () => ({ well: true }) });
  table = new ObjectTable();
  clock = new FakeClock();
  pods.clear();
  pods.set('10.0.0.7:8443', hook.port);
  connections = new Connections({
    read: table.read,
    dialer: dialerTo(pods),
    dial: dialLoopback,
    random: () => 0,
  });
  caller = new WebhookCaller({ connections, clock });
  const objects = serviceObjects(service, { address: '10.0.0.7', port: 8443 });
  table.put({ group: '', resource: 'services' }, objects.service);
  table.put({ group: 'discovery.k8s.io', resource: 'endpointslices' }, objects.slice);
});

afterEach(async () => {
  connections.close();
  await hook.close();
});

function post(config: WebhookClientConfig, signal?: AbortSignal): Promise<unknown> {
  return caller.post(config, { asked: true }, { timeoutMs: 10_000, tellTimeout: true, signal });
}

const byService = () => ({ service: { ...service, path: '/check' }, caBundle: hook.caBundle });
const byUrl = () => ({ url: `https://127.0.0.1:${hook.port}/check`, caBundle: hook.caBundle });

describe('a webhook', () => {
  test.each([
    ['behind a Service is reached through its pod', byService, 'hook.extensions.svc:443'],
    ['with a URL is dialled', byUrl, undefined],
  ])('%s', async (_what, config, host) => {
    expect(await post(config())).toEqual({ well: true });
    expect(hook.requests).toMatchObject([
      { method: 'POST', url: '/check?timeout=10s', body: { asked: true } },
    ]);
    if (host) expect(hook.requests[0]!.headers.host).toBe(host);
  });

  test('is asked again over the same connection', async () => {
    await post(byService());
    await post(byService());
    expect(hook.requests.map(({ connection }) => connection)).toEqual([1, 1]);
  });

  test('is asked over a new connection when the kept one turns out to be dead', async () => {
    await post(byService());
    hook.server.closeAllConnections();
    expect(await post(byService())).toEqual({ well: true });
  });

  test('that redirects is not followed', async () => {
    hook.reply = (_request, response) => void response.writeHead(302, { location: '/other' }).end();
    await expect(post(byService())).rejects.toMatchObject({
      message: 'the server responded with the status code 302 but did not return more information',
      code: 302,
    });
    expect(hook.requests).toHaveLength(1);
  });

  test.each([
    [404, 'nothing', 'the server could not find the requested resource'],
    [500, 'oh', 'an error on the server ("oh") has prevented the request from succeeding'],
    [503, '', 'the server is currently unable to handle the request'],
  ])('that answers %i %s fails', async (status, text, message) => {
    hook.reply = (_request, response) => void response.writeHead(status).end(text);
    await expect(post(byService())).rejects.toMatchObject({ message, code: status });
  });

  test('that answers no JSON fails', async () => {
    hook.reply = (_request, response) => void response.end('<html>');
    await expect(post(byService())).rejects.toThrow(/couldn't get version\/kind; json parse error/);
  });

  test('that does not answer in time fails', async () => {
    const asked = Promise.withResolvers<void>();
    hook.reply = () => asked.resolve();
    const call = post(byService());
    const failed = expect(call).rejects.toThrow(
      'Post "https://hook.extensions.svc:443/check?timeout=10s": context deadline exceeded',
    );
    await asked.promise;
    await clock.advance(10_000);
    await failed;
  });

  test('is not waited for by a client that left', async () => {
    const aborter = new AbortController();
    hook.reply = () => aborter.abort();
    await expect(post(byService(), aborter.signal)).rejects.toThrow(/context canceled$/);
  });
});

describe('a webhook that can not be trusted or reached', () => {
  test('for its authority is another one', async () => {
    const other = await createCertificateAuthority({ commonName: 'other', clock });
    const caBundle = Buffer.from(other.certificatePem).toString('base64');
    await expect(post({ ...byService(), caBundle })).rejects.toThrow(
      'tls: failed to verify certificate: x509: certificate signed by unknown authority',
    );
    expect(hook.requests).toEqual([]);
  });

  test('for nobody vouches for it', async () => {
    await expect(post({ service })).rejects.toThrow(/certificate signed by unknown authority/);
  });

  test('for its name is another one', async () => {
    const elsewhere = serviceObjects(
      { namespace: 'other', name: 'hook' },
      { address: '10.0.0.7', port: 8443 },
    );
    table.put({ group: '', resource: 'services' }, elsewhere.service);
    table.put({ group: 'discovery.k8s.io', resource: 'endpointslices' }, elsewhere.slice);
    const config = { service: { namespace: 'other', name: 'hook' }, caBundle: hook.caBundle };
    await expect(post(config)).rejects.toThrow(
      'tls: failed to verify certificate: x509: certificate is valid for hook.extensions.svc, not hook.other.svc',
    );
  });

  test.each([
    [{ namespace: 'extensions', name: 'none' }, 'service "none" not found'],
    [{ ...service, port: 80 }, 'no service port 80 found for service "hook"'],
  ])('for %j is no such Service', async (to, message) => {
    await expect(post({ service: to })).rejects.toThrow(message);
  });

  test('for no pod is ready', async () => {
    const { slice } = serviceObjects(service, { address: '10.0.0.7', port: 8443 });
    table.put({ group: 'discovery.k8s.io', resource: 'endpointslices' }, { ...slice, endpoints: [] });
    await expect(post({ service })).rejects.toThrow('no endpoints available for service "hook"');
  });

  test('for nobody listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    await expect(post({ url: `https://127.0.0.1:${port}/x` })).rejects.toThrow(
      `Post "https://127.0.0.1:${port}/x?timeout=10s": dial tcp 127.0.0.1:${port}: connect: connection refused`,
    );
  });
});
