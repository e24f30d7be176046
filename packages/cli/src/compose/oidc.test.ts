import { generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecurity } from '@skerry/apiserver';
import { callerOf, startTestServer } from '@skerry/apiserver/testing';
import { silentLogger, systemClock } from '@skerry/base';
import { FakeClock, recordingLogger } from '@skerry/base/testing';
import { type CertificateAuthority, createCertificateAuthority, createServiceAccountKey } from '@skerry/pki';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { authenticationSettings, openAuthentication } from './authentication.ts';
import { httpsJson } from './https-json.ts';
import { serverConfigDefaults } from './server-config.ts';

const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
let authority: CertificateAuthority;
let issuer: Server;
let url: string;
let folder: string;

/** A real issuer on loopback, with a certificate of an authority that the machine doesn't know. */
beforeAll(async () => {
  authority = await createCertificateAuthority({ commonName: 'issuer-ca', clock: systemClock });
  const pair = await authority.issueServerCertificate({ dnsNames: [], ipAddresses: ['127.0.0.1'] });
  issuer = createServer({ cert: pair.certificatePem, key: pair.keyPem }, (request, response) => {
    const documents: Record<string, object> = {
      '/.well-known/openid-configuration': { issuer: url, jwks_uri: `${url}/keys` },
      '/keys': { keys: [{ ...keys.publicKey.export({ format: 'jwk' }), kid: 'k', use: 'sig' }] },
    };
    const document = documents[request.url ?? ''];
    response.writeHead(document ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(document ?? {}));
  });
  issuer.listen(0, '127.0.0.1');
  await once(issuer, 'listening');
  url = `https://127.0.0.1:${(issuer.address() as AddressInfo).port}`;
  folder = await mkdtemp(join(tmpdir(), 'skerry-oidc-'));
  await writeFile(join(folder, 'ca.pem'), authority.certificatePem);
});
afterAll(async () => {
  issuer.close();
  issuer.closeAllConnections();
  await rm(folder, { recursive: true });
});

function token(): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { iss: url, aud: 'app', sub: 'jane', groups: ['dev'], exp: Date.now() / 1000 + 600 };
  const body = `${part({ alg: 'RS256', kid: 'k' })}.${part(claims)}`;
  return `${body}.${sign('sha256', Buffer.from(body), keys.privateKey).toString('base64url')}`;
}

async function whoIs(flags: object): Promise<{ status: number; userInfo: unknown }> {
  const config = { ...serverConfigDefaults, oidcIssuerUrl: url, oidcClientId: 'app', ...flags };
  const server = await startTestServer({
    security: createSecurity({
      clock: systemClock,
      log: silentLogger,
      random: Math.random,
      serviceAccountKey: await createServiceAccountKey(),
      authentication: authenticationSettings(config, { ownIssuer: 'https://own' }),
      fetchJson: httpsJson,
    }),
  });
  const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
  const headers = { authorization: `Bearer ${token()}` };
  const { status, body } = await callerOf(server.url)('POST', path, {}, { headers });
  await server.close();
  return { status, userInfo: (body.status as { userInfo?: unknown } | undefined)?.userInfo };
}

test('a token of an issuer that was named is its user', async () => {
  const flags = {
    oidcCaFile: join(folder, 'ca.pem'),
    oidcGroupsClaim: 'groups',
    oidcUsernamePrefix: 'oidc:',
  };
  expect(await whoIs(flags)).toEqual({
    status: 201,
    userInfo: { username: 'oidc:jane', groups: ['dev', 'system:authenticated'] },
  });
});

test('an issuer whose certificate nobody vouches for gives no keys', async () => {
  expect((await whoIs({})).status).toBe(401);
});

test('what the file says holds from the next look on, and a wrong file changes nothing', async () => {
  const file = join(folder, 'authentication.yaml');
  const head = 'apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n';
  const authority = JSON.stringify(await readFile(join(folder, 'ca.pem'), 'utf8'));
  const jwt = `jwt:\n- issuer: { url: "${url}", audiences: [app], certificateAuthority: ${authority} }\n  claimMappings: { username: { claim: sub, prefix: "" } }\n`;
  await writeFile(file, head);
  const clock = new FakeClock();
  const log = recordingLogger();
  const authentication = openAuthentication(
    { ...serverConfigDefaults, authenticationConfig: file },
    { ownIssuer: 'https://own', clock, log },
  );
  const server = await startTestServer({
    security: createSecurity({
      clock: systemClock,
      log: silentLogger,
      random: Math.random,
      serviceAccountKey: await createServiceAccountKey(),
      authentication: authentication.settings,
      fetchJson: httpsJson,
    }),
  });
  const stop = new AbortController();
  const running = authentication.run(stop.signal);
  const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
  const statusWith = async (headers: Record<string, string>) =>
    (await callerOf(server.url)('POST', path, {}, { headers })).status;
  const jane = () => statusWith({ authorization: `Bearer ${token()}` });
  expect(await jane()).toBe(401);
  await writeFile(file, head + jwt);
  await clock.advance(60_000);
  expect(await jane()).toBe(201);
  await writeFile(file, `${head}jwt: x\n`);
  await clock.advance(60_000);
  expect(await jane()).toBe(201);
  expect(log.lines.map(({ message }) => message)).toContain('authentication configuration not reloaded');
  expect(await statusWith({})).toBe(403);
  await writeFile(file, `${head}anonymous: { enabled: false }\n`);
  await clock.advance(60_000);
  expect(await jane()).toBe(401);
  expect(await statusWith({})).toBe(401);
  stop.abort();
  await running;
  await server.close();
});

test('a file and flags together are refused', () => {
  const config = {
    ...serverConfigDefaults,
    oidcIssuerUrl: url,
    oidcClientId: 'a',
    authenticationConfig: '/x',
  };
  expect(() => authenticationSettings(config, { ownIssuer: '' })).toThrow('mutually exclusive');
});
