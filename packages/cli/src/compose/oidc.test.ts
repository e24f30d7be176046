import { generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecurity } from '@skerry/apiserver';
import { callerOf, startTestServer } from '@skerry/apiserver/testing';
import { silentLogger, systemClock } from '@skerry/base';
import { type CertificateAuthority, createCertificateAuthority, createServiceAccountKey } from '@skerry/pki';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { authenticationSettings } from './authentication.ts';
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

test('a file and flags together are refused', () => {
  const config = {
    ...serverConfigDefaults,
    oidcIssuerUrl: url,
    oidcClientId: 'a',
    authenticationConfig: '/x',
  };
  expect(() => authenticationSettings(config, { ownIssuer: '' })).toThrow('mutually exclusive');
});
