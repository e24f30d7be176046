import zlib from 'node:zlib';
import { Duplex, duplexPair } from 'node:stream';
import { eventually } from '@skerry/base/testing';
import { describe, expect, test } from 'vitest';
import { encodeControl, encodeData, frameType, SpdyError, uint32s } from '#spdy/frame.ts';
import { headerDictionary } from '#spdy/dictionary.ts';
import { createHeaderDecoder, createHeaderEncoder } from '#spdy/header-block.ts';
import { createSpdySession, type SpdyStream } from '#spdy/session.ts';

async function read(stream: Duplex): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}

function pair(onStream: (stream: SpdyStream) => void) {
  const [a, b] = duplexPair();
  const client = createSpdySession(a, { role: 'client' });
  const server = createSpdySession(b, { role: 'server', onStream });
  return { client, server, clientSocket: a, serverSocket: b };
}

/** A whole zlib stream of header blocks as another implementation sends it: compressed, flushed after each. */
async function compressed(blocks: readonly Buffer[]): Promise<Buffer[]> {
  const deflate = zlib.createDeflate({ dictionary: headerDictionary, flush: zlib.constants.Z_SYNC_FLUSH });
  const results: Buffer[] = [];
  for (const block of blocks) {
    await new Promise((resolve) => void deflate.write(block, resolve));
    results.push(deflate.read() as Buffer);
  }
  return results;
}

function pairs(headers: Record<string, string>): Buffer {
  const texts = Object.entries(headers).flat();
  return Buffer.concat([
    uint32s(texts.length / 2),
    ...texts.map((text) => Buffer.concat([uint32s(text.length), Buffer.from(text)])),
  ]);
}

describe('SPDY headers', () => {
  test('the dictionary is the one of the protocol', () => {
    expect(headerDictionary.length).toBe(1423);
    expect(headerDictionary.subarray(0, 11).toString('latin1')).toBe('\0\0\0\x07options');
  });

  test('compressed blocks of one connection are read one after the other', async () => {
    const decoder = createHeaderDecoder();
    const given: Record<string, string>[] = [
      { streamtype: 'stdin' },
      { streamtype: 'stdout', port: '80' },
      { streamtype: 'stdin' },
    ];
    const blocks = await compressed(given.map(pairs));
    expect(blocks[2]!.length).toBeLessThan(20);
    for (const [i, block] of blocks.entries()) expect(await decoder.decode(block)).toEqual(given[i]);
    decoder.close();
  });

  test('what is sent is one zlib stream with the dictionary, readable after each block', async () => {
    const encode = createHeaderEncoder();
    const inflate = zlib.createInflate({ dictionary: headerDictionary });
    const given: Record<string, string>[] = [{ streamtype: 'error' }, { port: '8080', requestid: '7' }];
    for (const headers of given) {
      await new Promise((resolve) => void inflate.write(encode(headers), resolve));
      expect(inflate.read()).toEqual(pairs(headers));
    }
  });

  test('a small block that inflates without end is refused', async () => {
    const decoder = createHeaderDecoder();
    const [bomb] = await compressed([Buffer.concat([uint32s(1, 1), Buffer.alloc(10_000_000)])]);
    await expect(decoder.decode(bomb!)).rejects.toThrow('headers are too large');
  });
});

describe('a SPDY connection', () => {
  test('carries streams both ways, half-closed in turn', async () => {
    const { client } = pair((stream) => {
      void read(stream).then((text) => stream.end(`${stream.headers.streamtype}: ${text}`));
    });
    const streams = ['stdin', 'error'].map((streamType) => client.open({ streamType }));
    streams.forEach((stream, i) => stream.end(`hello ${i}`));
    expect(await Promise.all(streams.map(read))).toEqual(['stdin: hello 0', 'error: hello 1']);
  });

  test('moves more than a window without any window update', async () => {
    const { client } = pair((stream) => stream.pipe(stream));
    const stream = client.open({});
    const bytes = Buffer.alloc(3 * 1024 * 1024, 'abc');
    stream.end(bytes);
    expect(await read(stream)).toBe(bytes.toString());
  });

  test('stops reading the socket while a reader stands still', async () => {
    let accepted: SpdyStream | undefined;
    const { client, serverSocket } = pair((stream) => (accepted = stream));
    const stream = client.open({});
    let written = 0;
    const pour = () => {
      while (written < 50 * 1024 * 1024) {
        written += 64 * 1024;
        if (!stream.write(Buffer.alloc(64 * 1024))) return;
      }
    };
    stream.on('drain', pour);
    pour();
    await eventually(() => expect(serverSocket.readableLength).toBeGreaterThan(0));
    const before = written;
    await eventually(() => expect(accepted?.readableLength).toBeGreaterThan(60_000));
    expect(written).toBeLessThan(2 * 1024 * 1024);
    accepted!.resume();
    await eventually(() => expect(written).toBeGreaterThan(before + 10 * 1024 * 1024));
    stream.destroy();
  });

  test('a destroyed stream is reset at the other end, others live on', async () => {
    const accepted: SpdyStream[] = [];
    const { client } = pair((stream) => void accepted.push(stream));
    const [first, second] = [client.open({}), client.open({})];
    await eventually(() => expect(accepted.length).toBe(2));
    accepted[0]!.resume();
    first.destroy();
    await eventually(() => expect(accepted[0]!.destroyed).toBe(true));
    accepted[1]!.end('still here');
    expect(await read(second)).toBe('still here');
  });

  test('what came before the end of the connection is still read, without a FIN', async () => {
    const { client, server } = pair((stream) => {
      stream.write('x'.repeat(3_000_000), () => server.close());
    });
    const stream = client.open({});
    await eventually(() => expect(stream.readableLength).toBeGreaterThan(60_000));
    expect((await read(stream)).length).toBe(3_000_000);
    expect(await client.closed).toBeUndefined();
  });

  test('answers pings of the other end and not its own', async () => {
    const [a, b] = duplexPair();
    createSpdySession(b, { role: 'server', onStream: () => undefined });
    a.write(encodeControl(frameType.ping, uint32s(2)));
    a.write(encodeControl(frameType.ping, uint32s(7)));
    const answer = await new Promise((resolve) => a.once('data', resolve));
    expect(answer).toEqual(encodeControl(frameType.ping, uint32s(7)));
  });

  test.each([
    ['another version', Buffer.from('8002000100000000', 'hex')],
    ['an endless control frame', Buffer.from('8003000100ffffff', 'hex')],
    ['headers that are no zlib stream', encodeControl(frameType.synStream, Buffer.alloc(40, 'x'))],
    ['a stream of the wrong parity', encodeControl(frameType.synStream, synStream(2))],
    ['an end inside a frame', encodeData(1, Buffer.alloc(9)).subarray(0, 12)],
  ])('%s ends the connection', async (_name, bytes) => {
    const [a, b] = duplexPair();
    const server = createSpdySession(b, { role: 'server', onStream: () => undefined });
    a.on('error', () => undefined);
    a.end(bytes);
    expect(await server.closed).toBeInstanceOf(Error);
  });

  test('breaks its streams when the socket breaks', async () => {
    const { client, clientSocket } = pair(() => undefined);
    const stream = client.open({});
    const broken = new Promise((resolve) => stream.once('error', resolve));
    clientSocket.destroy(new Error('cable cut'));
    await expect(broken).resolves.toMatchObject({ message: 'the connection is closed' });
    expect(() => client.open({})).toThrow('closed');
  });
});

function synStream(id: number): Buffer {
  return Buffer.concat([uint32s(id, 0), Buffer.alloc(2), createHeaderEncoder()({})]);
}

test('a frame in single bytes is a frame', async () => {
  const { client, serverSocket } = pair(() => undefined);
  const settings = encodeControl(frameType.settings, Buffer.alloc(300));
  const ping = encodeControl(frameType.ping, uint32s(2));
  for (const byte of Buffer.concat([settings, ping])) serverSocket.write(Buffer.of(byte));
  serverSocket.end();
  // Whole frames and an end between two of them are no fault.
  expect(await client.closed).toBeUndefined();
});

test('a peer that asks for answers and reads none is let go', async () => {
  // Writes are never done: nobody takes them.
  const socket = new Duplex({ read: () => undefined, write: () => undefined });
  const session = createSpdySession(socket, { role: 'server' });
  const pings = Buffer.concat(
    Array.from({ length: 200_000 }, () => encodeControl(frameType.ping, uint32s(1))),
  );
  socket.push(pings);
  expect(await session.closed).toBeInstanceOf(SpdyError);
});
