/** How long things last, and how many there are: what the suite has time for, or, for `npm run test:long`, what counts. */
export const isLong = process.env['SKERRY_TEST_LONG'] === '1';

export const lengths = isLong
  ? { cutMs: 300_000, flappingMs: 120_000, returningNodes: 5_000, nodesWithPods: 1_000 }
  : { cutMs: 30_000, flappingMs: 30_000, returningNodes: 2_000, nodesWithPods: 100 };
