import { expect, test } from 'vitest';
import { nodesPerThreadMax, runSimulationThreads } from './simulation-threads.ts';

test('what keeps a node from joining ends all threads, and is told as the thread that met it would', async () => {
  const nodes = Array.from({ length: nodesPerThreadMax + 1 }, (_, index) => ({
    name: `sim-${index}`,
    region: undefined,
  }));
  const running = runSimulationThreads(
    {
      address: '127.0.0.1:6443',
      token: 'no token',
      nodes,
      pool: undefined,
      directory: '/nowhere',
      onJoined: () => undefined,
    },
    new AbortController().signal,
  );
  await expect(running).rejects.toMatchObject({ code: 'join-token-malformed' });
});
