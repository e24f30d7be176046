import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FakeClock } from '@skerry/base/testing';
import { describe, expect, test } from 'vitest';
import { httpSender } from '#programs/http-request.ts';
import { generateLoad, type Send } from '#programs/load/generate-load.ts';
import { type LoadPlan, loadPlanOf } from '#programs/load/load-plan.ts';

const env = {
  LOAD_TARGET: 'http://example.com/',
  LOAD_START_AT: '2026-01-01T00:01:00Z',
  LOAD_DURATION_SECONDS: '10',
  LOAD_RATE: '20',
  POOL: 'osaka',
  NODE_NAME: 'osaka-1',
};

async function run(send: Send, { clock = new FakeClock(), plan = loadPlanOf(env), forMs = 120_000 } = {}) {
  const running = generateLoad(plan, { clock, send, signal: new AbortController().signal });
  await clock.advance(forMs);
  return running;
}

const ok: Send = () => Promise.resolve({ status: 200 });

describe('a load', () => {
  test('begins at the agreed instant and has the agreed rate and length', async () => {
    const clock = new FakeClock();
    const sentMs: number[] = [];
    const result = await run(
      () => {
        sentMs.push(clock.now());
        return ok(new AbortController().signal);
      },
      { clock },
    );
    expect(sentMs[0]).toBe(Date.parse(env.LOAD_START_AT));
    expect(sentMs).toHaveLength(200);
    expect((sentMs.at(-1) ?? 0) - (sentMs[0] ?? 0)).toBe(9_950);
    expect(result).toMatchObject({ skewMs: 0, sent: 200, failed: 0, statuses: { 200: 200 } });
  });

  test('of one that comes late ends with the others, and says how late it was', async () => {
    const clock = new FakeClock(Date.parse('2026-01-01T00:01:04Z'));
    const result = await run(ok, { clock });
    expect(result).toMatchObject({ skewMs: 4_000, sent: 120 });
  });

  test('goes on at its rate while the target is slow, up to a bound', async () => {
    const clock = new FakeClock();
    const stuck: Send = (signal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
    const plan: LoadPlan = { ...loadPlanOf(env), ratePerSecond: 100 };
    const result = await run(stuck, { clock, plan });
    expect(result.sent).toBeGreaterThanOrEqual(200);
    expect(result.sent + result.skipped).toBe(1000);
    expect(result.errors).toEqual({ timeout: result.sent });
  });

  test('counts errors by code, and answers of 400 and more as failed', async () => {
    let n = 0;
    const result = await run(() =>
      n++ % 2 === 0
        ? Promise.resolve({ status: 503 })
        : Promise.reject(Object.assign(new Error('no'), { code: 'ECONNREFUSED' })),
    );
    expect(result).toMatchObject({ failed: 200, statuses: { 503: 100 }, errors: { ECONNREFUSED: 100 } });
  });
});

describe('a plan beyond the caps is refused', () => {
  test.each([
    { LOAD_RATE: '501' },
    { LOAD_DURATION_SECONDS: '601' },
    { LOAD_TARGET: 'file:///etc/passwd' },
    { LOAD_TARGET: '' },
    { LOAD_START_AT: 'soon' },
  ])('%o', (change) => {
    expect(() => loadPlanOf({ ...env, ...change })).toThrow(/load generator: /);
  });
});

test('a redirect is an answer, and leads nowhere', async () => {
  let asked = 0;
  const server = createServer((_, response) => {
    asked++;
    response.writeHead(302, { location: '/elsewhere' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const sender = httpSender(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  expect(await sender.send(new AbortController().signal)).toEqual({ status: 302 });
  expect(asked).toBe(1);
  sender.close();
  server.close();
});
