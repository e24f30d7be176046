/** Our API server answers as the real one did, but for the cases that docs/reference/conformance.md lists. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cases } from './cases/index.ts';
import { compareServers } from './compare-servers.ts';
import { startOwnServers } from './own-server.ts';
import { listedIn } from './report.ts';

const listed = listedIn(
  readFileSync(join(import.meta.dirname, '../../docs/reference/conformance.md'), 'utf8'),
);

let servers: Awaited<ReturnType<typeof startOwnServers>>;

beforeAll(async () => {
  servers = await startOwnServers();
});

afterAll(() => servers.close());

test.each([...new Set(cases.map(({ area }) => area))])(
  '%s is answered as by the real server',
  async (area) => {
    const results = await compareServers(
      cases.filter((each) => each.area === area),
      {
        ours: servers.own.target,
        clusters: { 'dual-stack': { ours: servers.dualStack.target } },
        nowMs: Date.now(),
        random: Math.random,
      },
    );
    const different = results
      .filter(({ outcome, name }) => outcome === 'failed' && !listed.has(`${area}: ${name}`))
      .map(({ name, reasons }) => [name, reasons.slice(0, 3)]);
    expect(different).toEqual([]);
  },
);
