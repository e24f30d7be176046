import { FakeClock } from '@skerry/base/testing';
import { describe, expect, test } from 'vitest';
import { LinkBytes } from '#meter/link-bytes.ts';
import { LinkHistory } from '#meter/link-history.ts';
import { LinkMeter } from '#meter/link-meter.ts';
import { linkPurposes, purposeOf } from '#meter/purposes.ts';

const ping = 6;
const data = 0;

function frame(type: number, streamId: number, bytes: number): Buffer {
  const frame = Buffer.alloc(9 + bytes);
  frame.writeUIntBE(bytes, 0, 3);
  frame[3] = type;
  frame.writeUInt32BE(streamId, 5);
  return frame;
}

function setup() {
  const clock = new FakeClock();
  const bytes = new LinkBytes();
  return { clock, bytes, meter: new LinkMeter(bytes, { clock, channels: 2 }) };
}

function carry(meter: LinkMeter, channel: number, direction: 'sent' | 'received', piece: Buffer): void {
  meter.carried(direction, [{ channel, pieces: [piece] }]);
}

describe('a meter of a link', () => {
  test('weighs a ping and its answer with their packets, and the bare acknowledgement of the answer', async () => {
    const { clock, bytes, meter } = setup();
    carry(meter, 0, 'sent', frame(ping, 0, 8));
    await clock.advance(5);
    carry(meter, 0, 'received', frame(ping, 0, 8));
    await clock.advance(1000);
    meter.settle();
    // Two packets of 52 and 43 bytes; a third of 52.
    expect(bytes.snapshot().heartbeat).toEqual({ sentBytes: 147, receivedBytes: 95 });
    expect(bytes.sum).toEqual({ sentBytes: 147, receivedBytes: 95 });
  });

  test('counts a stream under its label, also what came before the label and after its end', () => {
    const { bytes, meter } = setup();
    carry(meter, 1, 'received', frame(data, 1, 1000));
    expect(bytes.snapshot().watch.receivedBytes).toBe(0);
    meter.label(1, 1, 'watch');
    const before = bytes.snapshot().watch.receivedBytes;
    expect(before).toBeGreaterThan(1009);
    meter.ended(1, 1);
    carry(meter, 1, 'received', frame(data, 1, 1000));
    expect(bytes.snapshot().watch.receivedBytes).toBe(2 * before);
  });

  test('shares what carries several streams among them', () => {
    const { bytes, meter } = setup();
    meter.label(0, 1, 'log');
    meter.label(0, 3, 'attach');
    carry(meter, 0, 'sent', Buffer.concat([frame(data, 1, 91), frame(data, 3, 91)]));
    const { logs, exec } = bytes.snapshot();
    expect(logs).toEqual({ sentBytes: 139, receivedBytes: 0 });
    expect(exec).toEqual(logs);
  });

  test('weighs frames of both channels that go together with one packet', () => {
    const { bytes, meter } = setup();
    meter.label(1, 1, 'watch');
    meter.label(0, 1, 'log');
    const frames = [0, 1].map((channel) => ({ channel, pieces: [frame(data, 1, 91)] }));
    meter.carried('sent', frames);
    // Two frames of 104 bytes, a record and a packet.
    expect(bytes.sum.sentBytes).toBe(2 * 104 + 22 + 52);
    expect(bytes.snapshot().logs).toEqual(bytes.snapshot().watch);
  });

  test('reads frames that come in pieces, whatever the pieces', () => {
    const whole = Buffer.concat([
      Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
      frame(4, 0, 18),
      frame(data, 5, 3000),
      frame(data, 7, 0),
      frame(data, 5, 70),
    ]);
    const shares = [1, 2, 7, 100, 1024, whole.length].map((size) => {
      const { bytes, meter } = setup();
      meter.label(0, 5, 'list');
      meter.label(0, 7, 'status');
      for (let at = 0; at < whole.length; at += size) {
        carry(meter, 0, 'received', whole.subarray(at, at + size));
      }
      const { list, status, other } = bytes.snapshot();
      const sum = list.receivedBytes + status.receivedBytes + other.receivedBytes;
      return [list.receivedBytes / sum, status.receivedBytes / sum];
    });
    for (const [list, status] of shares) {
      expect(list).toBeCloseTo(3088 / whole.length, 1);
      expect(status).toBeCloseTo(9 / whole.length, 1);
    }
  });

  test('holds little, however many streams nobody labels or ends', () => {
    const { bytes, meter } = setup();
    for (let id = 1; id < 20_000; id += 2) carry(meter, 0, 'received', frame(data, id, 10));
    expect(bytes.snapshot().other.receivedBytes).toBeGreaterThan(9_000 * 19);
    meter.label(0, 19_999, 'watch');
    expect(bytes.snapshot().watch.receivedBytes).toBeGreaterThan(0);
  });
});

test.for([
  ['log', 'logs'],
  ['portforward', 'exec'],
  ['images', 'images'],
  ['anything', 'other'],
])('a stream labelled %s is for %s', ([label, purpose]) => {
  expect(purposeOf(label!)).toBe(purpose);
  expect(linkPurposes).toContain(purpose);
});

test('a day begins at midnight, and its sum with it', async () => {
  const clock = new FakeClock();
  const history = new LinkHistory(clock);
  history.bytes.add('watch', 'sent', 100);
  expect(history.snapshot(clock.now()).today.sentBytes).toBe(100);
  history.tick(clock.now() + 86_400_000);
  history.bytes.add('watch', 'sent', 7);
  const { today, purposes } = history.snapshot(clock.now() + 86_400_000);
  expect([today.sentBytes, purposes.watch.sentBytes]).toEqual([7, 107]);
});
