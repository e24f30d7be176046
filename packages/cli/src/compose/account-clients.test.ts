import type { ServiceAccount } from '@skerry/api';
import { FakeClock, recordingLogger } from '@skerry/base/testing';
import { resources, type Transport } from '@skerry/client';
import { FakeApiClient } from '@skerry/client/testing';
import { beforeEach, expect, test } from 'vitest';
import { AccountClients } from './account-clients.ts';

let clock: FakeClock;
let issuer: FakeApiClient;
let issued: number;
let seen: string[];
/** Tokens that the server takes no longer. */
let ended: Set<string>;

beforeEach(() => {
  clock = new FakeClock();
  issuer = new FakeApiClient({ clock });
  issued = 0;
  seen = [];
  ended = new Set();
});

function open(): AccountClients {
  const accounts = issuer.resource<ServiceAccount>(resources.serviceAccounts);
  const real = issuer.resource.bind(issuer);
  issuer.resource = ((ref: Parameters<typeof real>[0]) => ({
    ...real(ref),
    createSubresource: async (name: string) => {
      await accounts.get(name, { namespace: 'kube-system' });
      return { status: { token: `${name}-${++issued}` } };
    },
  })) as typeof issuer.resource;
  const transport: Transport = {
    async request({ headers }) {
      const token = String(headers['authorization']);
      seen.push(token);
      const status = ended.has(token) ? 401 : 200;
      return { status, headers: {}, body: (async function* () {})() };
    },
    close: () => undefined,
  };
  return new AccountClients({ issuer, transport, userAgent: 'test', clock, log: recordingLogger() });
}

const ask = (clients: AccountClients, account: string) => clients.client(account).request('GET', '/x');

test('an account is made where it is missing, and has one token for all its requests', async () => {
  const clients = open();
  await Promise.all(
    [ask(clients, 'a'), ask(clients, 'a'), ask(clients, 'b')].map((each) => each.catch(() => 0)),
  );
  expect(issuer.all(resources.serviceAccounts, 'kube-system').map(({ metadata }) => metadata?.name)).toEqual([
    'a',
    'b',
  ]);
  expect(seen.toSorted()).toEqual(['Bearer a-1', 'Bearer a-1', 'Bearer b-2']);
});

test('a token is replaced before it ends, and at once when it is refused', async () => {
  const clients = open();
  await ask(clients, 'a').catch(() => 0);
  await clock.advance(3_000_000);
  await ask(clients, 'a').catch(() => 0);
  ended.add('Bearer a-2');
  await ask(clients, 'a').catch(() => 0);
  expect(seen).toEqual(['Bearer a-1', 'Bearer a-2', 'Bearer a-2', 'Bearer a-3']);
});
