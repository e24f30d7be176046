import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { FakeClock } from '@skerry/base/testing';
import { describe, expect, test } from 'vitest';
import { check } from '#programs/probe/checks.ts';
import { parseProbePlan, type Probe } from '#programs/probe/probe-plan.ts';
import { type Check, Prober } from '#programs/probe/prober.ts';

const page = { name: 'page', type: 'http', target: 'http://example.com/', intervalSeconds: 60 };

async function run(check: Check, { hours = 1, probes = [page] } = {}) {
  const clock = new FakeClock();
  const plan = parseProbePlan({ probes, pool: 'osaka', node: 'osaka-1' });
  const prober = new Prober(plan, { clock, check, random: () => 0 });
  const stop = new AbortController();
  const running = prober.run(stop.signal);
  await clock.advance(hours * 3_600_000 - 1);
  const report = prober.report();
  stop.abort(new Error('done'));
  await clock.advance(0);
  await running;
  return report;
}

describe('a prober', () => {
  test('keeps how often a target was well, by the hour', async () => {
    let n = 0;
    const report = await run(
      () => (n++ % 4 === 3 ? Promise.reject(new Error('it answers 500')) : Promise.resolve()),
      {
        hours: 2,
      },
    );
    expect(report).toMatchObject({ pool: 'osaka', node: 'osaka-1' });
    expect(report.probes[0]?.hours.map(({ asked, well }) => [asked, well])).toEqual([
      [60, 45],
      [60, 45],
    ]);
    expect(report.probes[0]?.last).toMatchObject({ well: false, why: 'it answers 500' });
  });

  test('counts a target that does not answer in time as not well, and goes on', async () => {
    const report = await run(
      (_, signal) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(new Error('aborted'))),
        ),
    );
    expect(report.probes[0]?.hours[0]).toMatchObject({ asked: 60, well: 0 });
    expect(report.probes[0]?.last?.why).toBe('no answer within 5000 ms');
  });

  test('keeps two days and no more', async () => {
    const report = await run(() => Promise.resolve(), { hours: 60 });
    expect(report.probes[0]?.hours).toHaveLength(48);
  });
});

describe('a check', () => {
  const signal = new AbortController().signal;
  const probe = (type: string, target: string, more = {}): Probe => {
    const [parsed] = parseProbePlan({
      probes: [{ name: 'x', type, target, ...more }],
      pool: '',
      node: '',
    }).probes;
    if (!parsed) throw new Error('no probe');
    return parsed;
  };
  const portOf = (server: { address(): unknown }) => (server.address() as AddressInfo).port;

  test('of a page goes by its status', async () => {
    const server = createHttpServer((request, response) =>
      response.writeHead(request.url === '/broken' ? 503 : 200).end(),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const at = `http://127.0.0.1:${portOf(server)}`;
    await check(probe('http', `${at}/`), signal);
    await expect(check(probe('http', `${at}/broken`), signal)).rejects.toThrow('it answers 503');
    await check(probe('http', `${at}/broken`, { statuses: [503] }), signal);
    server.close();
  });

  test('of a port goes by whether it takes a connection', async () => {
    const server = createServer((socket) => socket.end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const at = `127.0.0.1:${portOf(server)}`;
    await check(probe('tcp', at), signal);
    await new Promise((resolve) => server.close(resolve));
    await expect(check(probe('tcp', at), signal)).rejects.toThrow(/ECONNREFUSED/);
  });
});

test.each([
  [{ ...page, target: 'ftp://example.com' }],
  [{ ...page, type: 'exec', target: 'rm' }],
  [{ ...page, intervalSeconds: 1 }],
  [{ name: 'x', type: 'dns', target: 'a b' }],
])('a plan with %o is refused', (probe) => {
  expect(() => parseProbePlan({ probes: [probe], pool: '', node: '' })).toThrow(/prober: /);
});
