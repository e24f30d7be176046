import type { Pod } from '@skerry/api';
import { silentLogger } from '@skerry/base';
import { FakeClock } from '@skerry/base/testing';
import { TransportError, type ApiClient } from '@skerry/client';
import { expect, test } from 'vitest';
import { TokenSource } from '#volumes/tokens.ts';

const hourMs = 3_600_000;
const pod: Pod = { metadata: { name: 'p', namespace: 'default', uid: 'u1' }, spec: { containers: [] } };
const projection = { path: 'token' };

/** Gives `token-1`, `token-2` …, each for an hour, while it can be reached. */
function center(clock: FakeClock) {
  const state = { reachable: true, made: 0 };
  const createSubresource = async () => {
    if (!state.reachable) throw new TransportError('api-unreachable', 'cut', { sent: false });
    const expirationTimestamp = new Date(clock.now() + hourMs).toISOString();
    return { status: { token: `token-${++state.made}`, expirationTimestamp } };
  };
  // Of the client only this is asked.
  const client = { resource: () => ({ createSubresource }) } as unknown as ApiClient;
  return { state, client };
}

function vaultInMemory() {
  const texts = new Map<string, string>();
  return {
    keys: () => [...texts.keys()],
    get: (key: string) => texts.get(key),
    set: (key: string, text: string) => void texts.set(key, text),
    delete: (key: string) => void texts.delete(key),
  };
}

test('a token outlives a restart of the agent, and its own end, while there is no link', async () => {
  const clock = new FakeClock();
  const { state, client } = center(clock);
  const vault = vaultInMemory();
  const first = new TokenSource({ client, clock, log: silentLogger, vault });
  expect(await first.token(pod, projection)).toBe('token-1');
  state.reachable = false;
  await clock.advance(5 * hourMs);
  const second = new TokenSource({ client, clock, log: silentLogger, vault });
  expect(await second.token(pod, projection)).toBe('token-1');
});

test('what could not be renewed is due at once when the link is back', async () => {
  const clock = new FakeClock();
  const { state, client } = center(clock);
  const tokens = new TokenSource({ client, clock, log: silentLogger });
  await tokens.token(pod, projection);
  state.reachable = false;
  await clock.advance(hourMs);
  await tokens.token(pod, projection);
  expect(tokens.renewAtMs('u1')).toBeGreaterThan(clock.now());
  state.reachable = true;
  expect(tokens.hurry()).toEqual(['u1']);
  expect(tokens.renewAtMs('u1')).toBeLessThanOrEqual(clock.now());
  expect(await tokens.token(pod, projection)).toBe('token-2');
  expect(tokens.hurry()).toEqual([]);
});

test('nothing of a pod that has gone is kept', async () => {
  const clock = new FakeClock();
  const { client } = center(clock);
  const vault = vaultInMemory();
  const tokens = new TokenSource({ client, clock, log: silentLogger, vault });
  await tokens.token(pod, projection);
  expect(vault.keys()).toHaveLength(1);
  tokens.forget('u1');
  expect(vault.keys()).toEqual([]);
});
