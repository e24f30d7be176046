import { duplexPair } from 'node:stream';
import { expect, test } from 'vitest';
import { joinStreams } from '#join.ts';

function pairs() {
  const [client, a] = duplexPair();
  const [b, server] = duplexPair();
  return { client, a, b, server };
}

test('a client hears all of an answer, and may talk on when the server has ended its side', async () => {
  const { client, a, b, server } = pairs();
  joinStreams(a, b);
  server.end('answer');
  let answered = '';
  for await (const chunk of client) answered += String(chunk);
  expect(answered).toBe('answer');
  client.end('late');
  let late = '';
  for await (const chunk of server) late += String(chunk);
  expect(late).toBe('late');
});

test('a server that stays is let go when its client has ended, with all that it sent', async () => {
  const { client, a, b, server } = pairs();
  joinStreams(a, b);
  const closed = Promise.all([a, b].map((end) => new Promise((resolve) => end.once('close', resolve))));
  client.end('question');
  const [asked] = await new Promise<Buffer[]>((resolve) =>
    server.once('data', (chunk: Buffer) => resolve([chunk])),
  );
  expect(String(asked)).toBe('question');
  await closed;
});

test('a client is let go when its server has closed, though what it sent is not taken any more', async () => {
  const { client, a, b } = pairs();
  joinStreams(a, b);
  const closing = [a, b].map((end) => new Promise((resolve) => end.once('close', resolve)));
  b.once('end', () => b.destroy()).push(null);
  b.end();
  await closing[1];
  client.resume().end('nobody will take this');
  await closing[0];
});
