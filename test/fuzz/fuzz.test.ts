/**
 * The bounded form of `npm run fuzz`: the same inputs every time, few enough for every run of the tests. A failure names
 * the seed and the smallest input; `npm run fuzz -- --only AREA --seed N` goes on from there.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { areas } from './areas.ts';
import { Target } from './target.ts';

const seed = Number(process.env['FUZZ_SEED'] ?? 20_260_101);
const runs = 120;
const timeMs = 3_000;

let target: Target;
beforeAll(async () => {
  target = await Target.start();
});
afterAll(() => target.stop());

describe.each(Object.entries(areas))('%s', (area, probes) => {
  test.each(probes.map((probe) => [probe.name, probe] as const))(
    '%s is answered honestly',
    async (_name, probe) => {
      const { failure } = await probe.run(target, { seed, runs, timeMs });
      expect(failure, `npm run fuzz -- --only ${area} --seed ${seed}`).toBeUndefined();
    },
  );
});
