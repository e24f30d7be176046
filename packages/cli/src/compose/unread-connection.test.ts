import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';
import { onTestFinished, test, expect } from 'vitest';
import { keepUnread } from './unread-connection.ts';

async function pair(): Promise<{ here: Socket; there: Socket }> {
  const server = net.createServer({ pauseOnConnect: true, allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const there = net.connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [here] = (await once(server, 'connection')) as [Socket];
  for (const end of [here, there]) end.on('error', () => undefined);
  onTestFinished(() => {
    here.destroy();
    there.destroy();
    server.close();
  });
  return { here, there };
}

test('one who goes before his turn is noticed', async () => {
  const { here, there } = await pair();
  keepUnread(here);
  there.end('first words');
  await once(here, 'close');
  expect(here.destroyed).toBe(true);
});

test('what was said before the turn is read after it, and what comes later behind it', async () => {
  const { here, there } = await pair();
  const unread = keepUnread(here);
  const seen = once(here, 'data');
  there.write('first ');
  await seen;
  unread.giveBack();
  there.end('and last');
  here.setEncoding('utf8');
  expect((await here.toArray()).join('')).toBe('first and last');
});

test('one who says too much is not read on', async () => {
  const { here, there } = await pair();
  const unread = keepUnread(here);
  there.end(Buffer.alloc(8 << 20));
  await new Promise((resolve) => here.once('pause', resolve));
  expect(here.bytesRead).toBeLessThan(1 << 20);
  unread.giveBack();
  const bytes = (await here.toArray()).reduce((sum: number, chunk: Buffer) => sum + chunk.length, 0);
  expect(bytes).toBe(8 << 20);
});
