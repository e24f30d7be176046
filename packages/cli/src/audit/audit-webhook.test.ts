import type { AuditEvent } from '@skerry/apiserver';
import { FakeClock, recordingLogger } from '@skerry/base/testing';
import type { Transport, TransportRequest } from '@skerry/client';
import { describe, expect, test } from 'vitest';
import { AuditWebhook, type AuditWebhookOptions } from './audit-webhook.ts';

const event = (auditID: string) =>
  ({ kind: 'Event', apiVersion: 'audit.k8s.io/v1', auditID, stage: 'RequestReceived' }) as AuditEvent;

/** A receiver that answers with these, then with 200; 0: it isn't there. */
function webhook(changed: Partial<AuditWebhookOptions> = {}, answers: number[] = []) {
  const clock = new FakeClock();
  const log = recordingLogger();
  const requests: TransportRequest[] = [];
  const gate = { closed: false, open: Promise.withResolvers<void>() };
  const transport: Transport = {
    async request(request) {
      requests.push(request);
      if (gate.closed) await gate.open.promise;
      const status = answers.shift() ?? 200;
      if (status === 0) throw new Error('connection refused');
      return { status, headers: {}, body: (async function* () {})() };
    },
    close: () => undefined,
  };
  const sink = new AuditWebhook(
    {
      mode: 'batch',
      bufferSize: 10,
      batchMaxSize: 3,
      batchMaxWaitMs: 30_000,
      initialBackoffMs: 10_000,
      ...changed,
    },
    { transport, path: '/', clock, log, random: () => 0.5 },
  );
  const sent = () =>
    requests.map(({ body }) =>
      (JSON.parse(String(body)) as { items: AuditEvent[] }).items.map(({ auditID }) => auditID),
    );
  const record = (...ids: string[]) => {
    for (const id of ids) void sink.record(event(id));
  };
  return { sink, clock, log, requests, sent, record, gate };
}

describe('in batches', () => {
  test('events are sent when there are enough of them, or when they have waited', async () => {
    const { sent, record, clock, requests } = webhook();
    record('1', '2', '3', '4');
    await clock.advance(0);
    expect(sent()).toEqual([['1', '2', '3']]);
    await clock.advance(29_999);
    expect(sent()).toHaveLength(1);
    await clock.advance(1);
    expect(sent()).toEqual([['1', '2', '3'], ['4']]);
    expect(requests[0]).toMatchObject({ method: 'POST', path: '/?timeout=30s' });
    expect(JSON.parse(String(requests[1]?.body))).toEqual({
      kind: 'EventList',
      apiVersion: 'audit.k8s.io/v1',
      metadata: {},
      items: [{ auditID: '4', stage: 'RequestReceived' }],
    });
  });

  test('no more of them than the throttle allows', async () => {
    const { sent, record, clock } = webhook({ batchMaxSize: 1, throttle: { perSecond: 2, burst: 2 } });
    record('1', '2', '3', '4', '5');
    await clock.advance(0);
    expect(sent()).toHaveLength(2);
    await clock.advance(500);
    expect(sent()).toHaveLength(3);
    await clock.advance(1000);
    expect(sent()).toHaveLength(5);
  });

  test('what does not fit is dropped and counted', async () => {
    const { sink, record, clock, sent, gate, log } = webhook({ batchMaxSize: 20 });
    gate.closed = true;
    record(...Array.from({ length: 14 }, (_, index) => `${index}`));
    expect(sink.counts).toEqual({ recorded: 10, dropped: 4 });
    await clock.advance(30_000);
    expect(sent()).toEqual([['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']]);
    expect(log.lines.filter(({ message }) => message === 'audit events not sent')).toHaveLength(1);
  });

  test('one that is not taken is sent again, five times at most', async () => {
    const { sink, record, clock, sent } = webhook({}, [503, 0, 200, 0, 0, 0, 0, 0]);
    record('1', '2', '3');
    await clock.advance(9_000);
    await clock.advance(20_000);
    expect(sent()).toHaveLength(3);
    expect(sink.counts).toEqual({ recorded: 3, dropped: 0 });
    record('4', '5', '6');
    for (let seconds = 0; seconds < 100; seconds++) await clock.advance(1_000);
    expect(sent()).toHaveLength(8);
    expect(sink.counts).toEqual({ recorded: 3, dropped: 3 });
  });

  test('one that is refused is not', async () => {
    const { sink, record, clock, sent } = webhook({}, [400]);
    record('1', '2', '3');
    await clock.advance(60_000);
    expect(sent()).toHaveLength(1);
    expect(sink.counts).toEqual({ recorded: 0, dropped: 3 });
  });

  test('the last ones are sent when the server stops', async () => {
    const { sink, record, sent } = webhook({ throttle: { perSecond: 1, burst: 1 } });
    record('1', '2', '3', '4', '5');
    await sink.close();
    expect(sent()).toEqual([
      ['1', '2', '3'],
      ['4', '5'],
    ]);
  });

  test('a receiver that never answers does not keep the server from stopping', async () => {
    const { sink, record, clock, gate } = webhook();
    gate.closed = true;
    record('1', '2', '3');
    const closing = sink.close();
    await clock.advance(10_000);
    gate.open.reject(new Error('aborted'));
    await closing;
    expect(sink.counts.dropped).toBe(3);
  });
});

describe('blocking', () => {
  test('a request waits until its event has arrived', async () => {
    const { sink, gate, sent } = webhook({ mode: 'blocking' });
    gate.closed = true;
    let arrived = false;
    const recording = sink.record(event('1'))?.then(() => (arrived = true));
    await Promise.resolve();
    expect(arrived).toBe(false);
    gate.open.resolve();
    await recording;
    expect(sent()).toEqual([['1']]);
  });

  test.each([
    ['blocking', false],
    ['blocking-strict', true],
  ] as const)('in mode %s, what can not be delivered fails the request: %s', async (mode, fails) => {
    const { sink } = webhook({ mode }, [400]);
    const recording = sink.record(event('1'));
    if (fails) await expect(recording).rejects.toThrow('status 400');
    else await recording;
    expect(sink.counts).toEqual({ recorded: 0, dropped: 1 });
  });
});
