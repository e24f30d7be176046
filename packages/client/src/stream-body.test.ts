import http2 from 'node:http2';
import { duplexPair } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import { createHttp2SessionTransport } from './session-transport.ts';

describe('over a session on a JavaScript stream', () => {
  let session: http2.ClientHttp2Session;
  let served: http2.ServerHttp2Session;

  afterEach(() => {
    session.destroy();
    served.destroy();
  });

  function serve(answer: (stream: http2.ServerHttp2Stream) => void) {
    const [near, far] = duplexPair();
    served = http2.performServerHandshake(far);
    served.on('error', () => undefined);
    served.on('stream', (stream) => {
      stream.resume();
      stream.on('end', () => answer(stream));
      stream.on('error', () => undefined);
    });
    session = http2.connect('http://api', { createConnection: () => near });
    session.on('error', () => undefined);
    return createHttp2SessionTransport(() => session);
  }

  const request = { method: 'POST', path: '/api/v1/nodes', headers: {}, body: '{}' } as const;

  async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
    return Buffer.concat(await Array.fromAsync(body)).toString();
  }

  test('an answer that comes and closes in one turn is read whole, also by a late reader', async () => {
    const transport = serve((stream) => {
      stream.respond({ ':status': 409 });
      stream.end('x'.repeat(500));
    });
    const answer = await transport.request(request);
    await new Promise<void>((resolve) => setImmediate(resolve));
    expect(answer.status).toBe(409);
    expect(await textOf(answer.body)).toHaveLength(500);
  });

  test('a large answer waits for its reader and arrives whole', async () => {
    const transport = serve((stream) => {
      stream.respond({ ':status': 200 });
      stream.end(Buffer.alloc(8 << 20, 'y'));
    });
    const answer = await transport.request(request);
    expect((await textOf(answer.body)).length).toBe(8 << 20);
  });

  test('an answer that is cut in the middle is an error, never a short answer', async () => {
    const transport = serve((stream) => {
      stream.respond({ ':status': 200 });
      stream.write('half');
      setImmediate(() => served.destroy(new Error('gone'), http2.constants.NGHTTP2_INTERNAL_ERROR));
    });
    const answer = await transport.request(request);
    await expect(textOf(answer.body)).rejects.toThrow(/POST \/api\/v1\/nodes/);
  });
});
