import type { Transport, TransportRequest } from '@skerry/client';
import { deltaWatchType, encodersFor } from '@skerry/serving';
import { PodFeed, podKind } from '@skerry/serving/testing';
import { describe, expect, test } from 'vitest';
import { deltaTransport } from './link-transport.ts';

const first =
  '/api/v1/pods?watch=true&fieldSelector=spec.nodeName%3Da&sendInitialEvents=true&timeoutSeconds=60';
const next = '/api/v1/pods?watch=true&fieldSelector=spec.nodeName%3Da&resourceVersion=102&timeoutSeconds=70';
const plain = { accept: 'application/json' };

/** Answers each request with the next of these bodies, of this type; remembers what was asked. */
function server(contentType: string, bodies: (readonly Uint8Array[] | Error)[]) {
  const asked: TransportRequest[] = [];
  const transport: Transport = {
    request(request) {
      asked.push(request);
      const body = bodies[asked.length - 1] ?? [];
      return Promise.resolve({ status: 200, headers: { 'content-type': contentType }, body: stream(body) });
    },
    close() {},
  };
  return { asked, transport: deltaTransport(transport) };
}

async function* stream(body: readonly Uint8Array[] | Error): AsyncGenerator<Uint8Array> {
  if (body instanceof Error) throw body;
  yield* body;
}

async function linesOf(transport: Transport, path: string): Promise<{ type: string; object: object }[]> {
  const { body } = await transport.request({ method: 'GET', path, headers: plain });
  let text = '';
  for await (const chunk of body) text += Buffer.from(chunk).toString();
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; object: object });
}

function podFrames() {
  const feed = new PodFeed();
  const encoder = encodersFor(podKind, feed).delta!;
  feed.put('a/1');
  const added = feed.cache.get('a', '1')!;
  feed.put('a/1', { phase: 'Running' });
  const changed = feed.cache.get('a', '1')!;
  return {
    added: encoder.event('ADDED', added, false),
    changed: encoder.event('MODIFIED', changed, false, added),
  };
}

describe('the transport over a link', () => {
  test('reads deltas as a plain watch, over the end of a stream too', async () => {
    const { added, changed } = podFrames();
    const { transport, asked } = server(deltaWatchType, [[added], [changed]]);
    expect(await linesOf(transport, first)).toMatchObject([{ type: 'ADDED' }]);
    expect(await linesOf(transport, next)).toMatchObject([
      { type: 'MODIFIED', object: { status: { phase: 'Running' }, metadata: { resourceVersion: '102' } } },
    ]);
    expect(asked.map(({ headers }) => headers['accept'])).toEqual([
      `${deltaWatchType}, application/json`,
      `${deltaWatchType}, application/json`,
    ]);
  });

  test.each(['a refusal', 'a link that is cut'])('goes on in deltas after %s', async (what) => {
    const { added, changed } = podFrames();
    const answers = [[added], what === 'a refusal' ? 429 : new Error('cut'), [changed]] as const;
    let asked = 0;
    const transport = deltaTransport({
      request() {
        const answer = answers[asked++]!;
        if (answer instanceof Error) return Promise.reject(answer);
        if (typeof answer === 'number')
          return Promise.resolve({
            status: answer,
            headers: { 'content-type': 'text/plain' },
            body: stream([]),
          });
        const headers = { 'content-type': deltaWatchType };
        return Promise.resolve({ status: 200, headers, body: stream(answer) });
      },
      close() {},
    });
    await linesOf(transport, first);
    await transport.request({ method: 'GET', path: next, headers: plain }).catch(() => undefined);
    expect(await linesOf(transport, next)).toMatchObject([{ type: 'MODIFIED' }]);
  });

  test('has everything read again when what is held is not what is changed', async () => {
    const { added, changed } = podFrames();
    const { transport, asked } = server(deltaWatchType, [[added, changed], [changed], []]);
    await linesOf(transport, first);
    expect(await linesOf(transport, next)).toMatchObject([{ type: 'ERROR', object: { code: 410 } }]);
    await (
      await transport.request({ method: 'GET', path: next, headers: plain })
    ).body[Symbol.asyncIterator]().next();
    expect(asked[2]!.headers['accept']).toBe('application/json');
  });

  test('asks for a plain watch where it holds nothing to begin with', async () => {
    const { transport, asked } = server('application/json', []);
    await transport.request({ method: 'GET', path: next, headers: plain });
    expect(asked[0]!.headers['accept']).toBe('application/json');
  });

  test('takes a plain watch from a server that knows no other', async () => {
    const line = Buffer.from('{"type":"BOOKMARK","object":{}}\n');
    const { transport } = server('application/json', [[line]]);
    expect(await linesOf(transport, first)).toEqual([{ type: 'BOOKMARK', object: {} }]);
  });

  test.for([
    ['PATCH', '/api/v1/namespaces/a/pods/b/status', 'return=minimal'],
    ['POST', '/api/v1/namespaces/a/events?fieldManager=x', 'return=minimal'],
    ['POST', '/api/v1/namespaces/a/serviceaccounts/b/token', undefined],
    ['PATCH', '/api/v1/nodes/a/status', 'return=minimal'],
    ['PATCH', '/api/v1/nodes/a', undefined],
  ] as const)('%s %s prefers %s', async ([method, path, prefer]) => {
    const { transport, asked } = server('application/json', []);
    await transport.request({ method, path, headers: plain });
    expect(asked[0]!.headers['prefer']).toBe(prefer);
  });
});
