import http2 from 'node:http2';
import { Duplex, duplexPair } from 'node:stream';
import { eventually } from '@skerry/base/testing';
import { describe, expect, test } from 'vitest';
import { createMux } from '#mux.ts';

function pair(options?: { unreadBytesMax: number }) {
  const [a, b] = duplexPair();
  return { a: createMux(a, options), b: createMux(b, options), rawA: a, rawB: b };
}

async function read(stream: Duplex): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}

describe('two channels over one stream', () => {
  test('keep their bytes apart and end each on its own', async () => {
    const { a, b } = pair();
    a.channels[0]!.end('first');
    a.channels[1]!.write('sec');
    expect(await read(b.channels[0]!)).toBe('first');
    a.channels[1]!.end('ond');
    expect(await read(b.channels[1]!)).toBe('second');
  });

  test.each([
    ['alone', [0, 5]],
    ['behind a full frame', [32 * 1024, 0, 5]],
    ['between others', [1, 0, 0, 4]],
  ])('a write without bytes ends nothing: %s', async (_, sizes) => {
    const { a, b } = pair();
    const [channel] = a.channels;
    for (const isCorked of [false, true]) {
      if (isCorked) channel!.cork();
      for (const size of sizes) channel!.write(Buffer.alloc(size, 'x'));
      if (isCorked) channel!.uncork();
    }
    channel!.end('!');
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    expect(await read(b.channels[0]!)).toBe(`${'x'.repeat(2 * bytes)}!`);
  });

  test('take turns: a full one does not hold the other back', async () => {
    const [rawA, rawB] = duplexPair();
    const a = createMux(rawA);
    a.channels[0]!.write(Buffer.alloc(1024 * 1024));
    a.channels[1]!.write(Buffer.alloc(64));
    let wire = Buffer.alloc(0);
    rawB.on('data', (chunk: Buffer) => (wire = Buffer.concat([wire, chunk])));
    await eventually(() => expect(wire.length).toBeGreaterThan(1024 * 1024));
    const order: number[] = [];
    for (let at = 0; at < wire.length; at += 4 + wire.readUIntBE(at + 1, 3)) order.push(wire[at]!);
    expect(order.length).toBe(33);
    expect(order.indexOf(1)).toBeLessThan(6);
  });

  test('send what is written in one turn as one, and tell of it as one', async () => {
    const writes: string[] = [];
    const raw = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _, done) => (writes.push(chunk.toString('latin1')), done()),
      writev: (chunks, done) => {
        writes.push(Buffer.concat(chunks.map(({ chunk }) => chunk as Buffer)).toString('latin1'));
        done();
      },
    });
    const told: string[] = [];
    const { channels } = createMux(raw, {
      observer: {
        carried: (direction, frames) =>
          told.push([direction, ...frames.map(({ channel }) => channel)].join(' ')),
      },
    });
    channels[0]!.write('one');
    channels[1]!.write('two');
    channels[0]!.write('three');
    expect(writes).toEqual([]);
    await eventually(() => expect(writes).toHaveLength(1));
    expect(writes).toEqual(['\0\0\0\x03one\x01\0\0\x03two\0\0\0\x05three']);
    expect(told).toEqual(['sent 0 1 0']);
  });

  test('carry HTTP/2 both ways at once over a stream that delivers within the write', async () => {
    const { a, b } = pair();
    const echo = (session: http2.ServerHttp2Session) => {
      session.on('error', () => undefined);
      session.on('stream', (stream) => {
        stream.on('error', () => undefined);
        stream.respond({ ':status': 200 });
        stream.pipe(stream);
      });
    };
    const sessions = [
      [a.channels[0]!, b.channels[0]!],
      [b.channels[1]!, a.channels[1]!],
    ].map(([client, server]) => {
      echo(http2.performServerHandshake(server!));
      return http2.connect('http://x', { createConnection: () => client! });
    });
    const text = 'x'.repeat(200_000);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => {
        const stream = sessions[i % 2]!.request({ ':method': 'POST', ':path': '/' });
        stream.end(text);
        return read(stream);
      }),
    );
    expect(answers.every((answer) => answer === text)).toBe(true);
    for (const session of sessions) session.destroy();
  });

  test('break together when one is destroyed', async () => {
    const { a, b } = pair();
    a.channels[0]!.destroy();
    expect(await a.closed).toBeUndefined();
    expect(a.channels[1]!.destroyed).toBe(true);
    await b.closed;
    expect(b.channels.every((channel) => channel.destroyed)).toBe(true);
  });

  test('fail writes that were under way when the connection broke', async () => {
    const { a, rawA } = pair();
    const failed = new Promise((resolve) => {
      a.channels[0]!.write(Buffer.alloc(4 * 1024 * 1024), resolve);
    });
    rawA.destroy(new Error('cable cut'));
    await expect(failed).resolves.toMatchObject({ message: 'cable cut' });
  });

  test.each([
    ['an unknown channel', Buffer.from('02000001ff', 'hex'), 'unknown channel 2'],
    ['a huge frame', Buffer.from('01ffffff', 'hex'), 'a frame of 16777215 bytes'],
  ])('break on %s', async (_name, bytes, reason) => {
    const [raw, other] = duplexPair();
    const mux = createMux(other);
    raw.write(bytes);
    expect((await mux.closed)?.message).toContain(reason);
  });

  test('break when nobody reads one of them', async () => {
    const { a, b } = pair({ unreadBytesMax: 100_000 });
    a.channels[0]!.write(Buffer.alloc(1024 * 1024));
    expect((await b.closed)?.message).toContain('unread bytes');
  });
});
