import type { Lease } from '@skerry/api';
import { silentLogger } from '@skerry/base';
import { FakeClock } from '@skerry/base/testing';
import { beforeEach, expect, test } from 'vitest';
import { LeadershipLostError, resources, runAsLeader } from '#index.ts';
import { FakeApiClient } from '#testing/index.ts';

let clock: FakeClock;
let client: FakeApiClient;
let leading: string[];
beforeEach(() => {
  clock = new FakeClock();
  client = new FakeApiClient({ clock });
  leading = [];
});

function candidate(identity: string) {
  const stop = new AbortController();
  const options = { client, namespace: 'kube-system', name: 'lock', identity, clock };
  const ended = runAsLeader(
    { ...options, log: silentLogger, random: () => 0 },
    async (signal) => {
      leading.push(identity);
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      leading = leading.filter((one) => one !== identity);
    },
    stop.signal,
  ).then(
    () => 'stopped',
    (error: unknown) => error,
  );
  return { stop: () => stop.abort(), ended };
}

const lease = () => client.all<Lease>(resources.leases)[0]?.spec;

test('of two candidates one leads, and hands over when it stops', async () => {
  const a = candidate('a');
  await clock.advance(100);
  const b = candidate('b');
  await clock.advance(60_000);
  expect(leading).toEqual(['a']);
  a.stop();
  await clock.advance(3_000);
  expect(await a.ended).toBe('stopped');
  expect(leading).toEqual(['b']);
  expect(lease()).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1, leaseDurationSeconds: 15 });
  b.stop();
  await clock.advance(3_000);
});

test('a leader that can no longer renew stops before another begins', async () => {
  const a = candidate('a');
  await clock.advance(5_000);
  const b = candidate('b');
  await clock.advance(5_000);
  client.react(({ verb, resource }, object) => {
    const isFromA = (object as Lease).spec?.holderIdentity === 'a';
    if (verb === 'update' && resource === 'leases' && isFromA) throw new Error('no route');
  });
  let both = false;
  for (let step = 0; step < 300; step++) {
    await clock.advance(100);
    both ||= leading.length > 1;
  }
  expect(both).toBe(false);
  expect(leading).toEqual(['b']);
  expect(await a.ended).toBeInstanceOf(LeadershipLostError);
  b.stop();
  await clock.advance(3_000);
});

test('a lease whose holder has vanished is taken only after it stood still for its duration', async () => {
  client.seed<Lease>(resources.leases, {
    metadata: { name: 'lock', namespace: 'kube-system' },
    // Long past by the holder's clock, which proves nothing.
    spec: { holderIdentity: 'gone', renewTime: '2020-01-01T00:00:00.000000Z', leaseTransitions: 3 },
  });
  const a = candidate('a');
  await clock.advance(14_000);
  expect(leading).toEqual([]);
  await clock.advance(4_000);
  expect(leading).toEqual(['a']);
  expect(lease()?.leaseTransitions).toBe(4);
  a.stop();
  await clock.advance(3_000);
});
