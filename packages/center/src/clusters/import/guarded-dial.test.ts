import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { AddressRules } from '#clusters/import/address-rules.ts';
import { guardedDial, type Resolve } from '#clusters/import/guarded-dial.ts';

describe('an address', () => {
  const rules = new AddressRules([]);
  test.each([
    ['127.0.0.1', 'a loopback address'],
    ['127.9.9.9', 'a loopback address'],
    ['::1', 'a loopback address'],
    ['::ffff:127.0.0.1', 'a loopback address'],
    ['::ffff:7f00:1', 'a loopback address'],
    ['::127.0.0.1', 'a loopback address'],
    ['64:ff9b::127.0.0.1', 'a loopback address'],
    ['2002:7f00:1::', 'a loopback address'],
    ['169.254.169.254', 'the metadata service of a cloud'],
    ['::ffff:169.254.169.254', 'the metadata service of a cloud'],
    ['100.100.100.200', 'the metadata service of a cloud'],
    ['fd00:ec2::254', 'the metadata service of a cloud'],
    ['169.254.1.1', 'a link-local address'],
    ['fe80::1%eth0', 'a link-local address'],
    ['0.0.0.0', 'no address of a server'],
    ['::', 'no address of a server'],
    ['224.0.0.1', 'no address of a server'],
    ['255.255.255.255', 'no address of a server'],
    ['ff02::1', 'no address of a server'],
  ])('%s is refused as %s', (address, what) => {
    expect(rules.fault(address)).toBe(`${address} is ${what}`);
  });

  test.each(['10.1.2.3', '192.168.1.1', '203.0.113.9', '2001:db8::1', '64:ff9b::203.0.113.9'])(
    '%s may be dialled',
    (address) => {
      expect(rules.fault(address)).toBeUndefined();
    },
  );

  test('may be allowed by name, in whatever form it is written', () => {
    const allowing = new AddressRules(['127.0.0.0/8', '::1']);
    for (const address of ['127.0.0.1', '::ffff:127.0.0.1', '::1'])
      expect(allowing.fault(address), address).toBeUndefined();
    expect(allowing.fault('169.254.169.254')).toBeDefined();
  });
});

async function outcome(dial: ReturnType<typeof guardedDial>, host: string, port: number): Promise<string> {
  const socket = dial({ host, port });
  try {
    await once(socket, 'connect');
    return 'connected';
  } catch (error) {
    return (error as Error).message;
  } finally {
    socket.destroy();
  }
}

describe('a connection', () => {
  const answering =
    (...answers: string[][]): Resolve =>
    (_host, done) => {
      const addresses = answers.length > 1 ? answers.shift() : answers[0];
      done(
        null,
        (addresses ?? []).map((address) => ({ address, family: 4 })),
      );
    };

  async function listening() {
    const server = createServer((socket) => socket.end());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { port: (server.address() as AddressInfo).port, close: () => server.close() };
  }

  test('to a name of a refused address is not made', async () => {
    const server = await listening();
    const dial = guardedDial(new AddressRules([]), answering(['127.0.0.1']));
    expect(await outcome(dial, 'innocent.example.com', server.port)).toMatch(/127\.0\.0\.1 is a loopback/);
    expect(await outcome(dial, '127.0.0.1', server.port)).toMatch(/127\.0\.0\.1 is a loopback/);
    server.close();
  });

  test('is refused when one of several addresses is', async () => {
    const dial = guardedDial(new AddressRules([]), answering(['203.0.113.9', '169.254.169.254']));
    expect(await outcome(dial, 'both.example.com', 443)).toMatch(/metadata/);
  });

  test('asks for the name once, so that a second answer leads nowhere', async () => {
    const server = await listening();
    let asked = 0;
    const dial = guardedDial(new AddressRules(['127.0.0.2']), (_host, done) => {
      asked++;
      done(null, [{ address: asked === 1 ? '127.0.0.2' : '127.0.0.1', family: 4 }]);
    });
    await outcome(dial, 'rebinding.example.com', server.port);
    expect(asked).toBe(1);
    expect(await outcome(dial, 'rebinding.example.com', server.port)).toMatch(/127\.0\.0\.1 is a loopback/);
    server.close();
  });

  test('to what is allowed is made', async () => {
    const server = await listening();
    const dial = guardedDial(new AddressRules(['127.0.0.1']), answering(['127.0.0.1']));
    expect(await outcome(dial, 'lab.example.com', server.port)).toBe('connected');
    server.close();
  });
});
