/** Everyday commands of kubectl, by kubectls of several minors, against a real center with simulated nodes. */
import { afterAll, beforeAll, describe, test } from 'vitest';
import { ClientCenter } from './client-center.ts';
import { chapters } from './kubectl-chapters.ts';
import { kubectls, Session } from './kubectl-session.ts';

let cluster: ClientCenter;

beforeAll(async () => {
  cluster = await ClientCenter.start({ nodes: 2 });
});

afterAll(async () => {
  await cluster?.stop();
});

describe.each(kubectls)('kubectl 1.$minor', (kubectl) => {
  const atEnd = kubectl === kubectls[0] || kubectl === kubectls.at(-1);
  const told = chapters.map((chapter, index) => ({ ...chapter, index }));
  test.each(told.filter(({ everyMinor }) => everyMinor || atEnd))(
    '$name',
    async ({ index, files = {}, steps }) => {
      const session = await Session.start(cluster.center, `c${index}-m${kubectl.minor}`, kubectl);
      try {
        session.write(files);
        for (const step of steps) await session.step(step);
      } finally {
        await session.end();
      }
    },
  );
});
