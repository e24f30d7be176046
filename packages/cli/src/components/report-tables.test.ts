import { expect, test } from 'vitest';
import { loadByRegion, probesByRegion } from './report-tables.ts';

const load = (region: string, skewMs: number, failed: number) => ({
  region,
  report: {
    pool: region,
    node: 'n',
    target: 'http://x/',
    agreedStart: '2026-01-01T00:00:00Z',
    skewMs,
    sent: 100,
    skipped: 0,
    failed,
    statuses: {},
    errors: {},
    latencyMs: { p50: 5, p90: 8, p99: skewMs + 20, max: 100 },
  },
});

test('loads are told by region, with how far apart all machines began', () => {
  const [heading, rows] = loadByRegion([load('osaka', 2, 1), load('osaka', 10, 0), load('kyoto', 40, 0)]);
  expect(heading.slice(0, 3)).toEqual(['REGION', 'PODS', 'START SKEW']);
  expect(rows).toEqual([
    ['kyoto', '1', '0 ms', '100', '0', '0.00 %', '5.0 ms', '60 ms', '100 ms'],
    ['osaka', '2', '8 ms', '200', '0', '0.50 %', '5.0 ms', '30 ms', '100 ms'],
    ['all', '3', '38 ms'],
  ]);
  expect(loadByRegion([])[1]).toEqual([]);
});

test('probes are told by region and target', () => {
  const probe = {
    name: 'page',
    type: 'http' as const,
    target: 'http://x/',
    hours: [{ start: '', asked: 60, well: 57, p50Ms: 12, p99Ms: 80 }],
    last: { time: '', well: false, ms: 1, why: 'it answers 500' },
  };
  expect(
    probesByRegion([{ region: 'osaka', report: { pool: 'osaka', node: 'n', probes: [probe] } }])[1],
  ).toEqual([['osaka', 'page', '95.000 %', '60', '12 ms', '80 ms', 'it answers 500']]);
});
