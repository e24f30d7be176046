import type { Secret, ServiceAccount, TokenReview } from '@skerry/api';
import { createSecurity } from '@skerry/apiserver';
import { startTestServer, type TestServer } from '@skerry/apiserver/testing';
import { silentLogger, systemClock } from '@skerry/base';
import { eventually, recordingLogger } from '@skerry/base/testing';
import {
  type ApiClient,
  createClient,
  createHttpTransport,
  InformerFactory,
  resources,
} from '@skerry/client';
import { recordingEvents } from '@skerry/client/testing';
import { createServiceAccountKey } from '@skerry/pki';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTokenSecretController } from './token-secrets.ts';

let server: TestServer;
let client: ApiClient;
const stop = new AbortController();
const running: Promise<void>[] = [];
const namespace = 'default';
const accounts = () => client.resource<ServiceAccount>(resources.serviceAccounts);
const secrets = () => client.resource<Secret>(resources.secrets);

beforeAll(async () => {
  server = await startTestServer({
    security: createSecurity({
      clock: systemClock,
      log: silentLogger,
      random: Math.random,
      serviceAccountKey: await createServiceAccountKey(),
      staticTokens: [{ token: 'admin', user: { name: 'admin', groups: ['system:masters'] } }],
    }),
  });
  const transport = createHttpTransport({ server: server.url, token: 'admin', clock: systemClock });
  client = createClient({ transport, userAgent: 'test', clock: systemClock });
  const log = recordingLogger();
  const common = { client, clock: systemClock, log, random: Math.random };
  const informers = new InformerFactory(common);
  const controller = createTokenSecretController(
    { ...common, informers, events: recordingEvents() },
    { authority: { certificatePem: 'PEM' } },
  );
  running.push(informers.run(stop.signal), controller.run(stop.signal));
});
afterAll(async () => {
  stop.abort();
  await Promise.all(running);
  client.close();
  await server.close();
});

const tokenSecret = (name: string, account: string): Secret => ({
  metadata: { name, namespace, annotations: { 'kubernetes.io/service-account.name': account } },
  type: 'kubernetes.io/service-account-token',
});

async function review(token: string): Promise<TokenReview['status']> {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } };
  const path = '/apis/authentication.k8s.io/v1/tokenreviews';
  return (await client.request<TokenReview>('POST', path, { body })).status;
}

test('a Secret made for an account gets its token, and goes with the account', async () => {
  const account = await accounts().create({ metadata: { name: 'robot', namespace } });
  await secrets().create(tokenSecret('robot-token', 'robot'));
  const text = async (key: string) => {
    const { data } = await secrets().get('robot-token', { namespace });
    return Buffer.from(data?.[key] ?? '', 'base64').toString();
  };
  await eventually(async () => expect(await text('token')).not.toBe(''));
  expect([await text('ca.crt'), await text('namespace')]).toEqual(['PEM', namespace]);
  const { metadata } = await secrets().get('robot-token', { namespace });
  expect(metadata.annotations?.['kubernetes.io/service-account.uid']).toBe(account.metadata.uid);
  const token = await text('token');
  expect(await review(token)).toMatchObject({
    authenticated: true,
    user: { username: 'system:serviceaccount:default:robot' },
  });

  await accounts().delete('robot', { namespace });
  await eventually(async () => {
    await expect(secrets().get('robot-token', { namespace })).rejects.toMatchObject({ code: 404 });
  });
  expect((await review(token))?.authenticated).toBeUndefined();
});

test('its token ends with the Secret', async () => {
  await accounts().create({ metadata: { name: 'other', namespace } });
  await secrets().create(tokenSecret('other-token', 'other'));
  const tokenOf = async () => (await secrets().get('other-token', { namespace })).data?.['token'] ?? '';
  await eventually(async () => expect(await tokenOf()).not.toBe(''));
  const token = Buffer.from(await tokenOf(), 'base64').toString();
  await secrets().delete('other-token', { namespace });
  expect(await review(token)).toMatchObject({
    error: '[invalid bearer token, service account token has been invalidated]',
  });
});
