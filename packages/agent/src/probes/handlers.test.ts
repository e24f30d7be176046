import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createProbeRunner, resolvePort } from '#probes/handlers.ts';
import { RuntimeError } from '#runtime.ts';
import { testContainer } from '#testing/pods.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const target = { containerId: 'c', container: testContainer('main'), address: '127.0.0.1' };
const run = createProbeRunner({
  async execSync(_, command) {
    if (command[0] === 'slow') throw new RuntimeError('timeout', 'deadline exceeded');
    return {
      stdout: Buffer.from('out'),
      stderr: Buffer.from('err'),
      exitCode: command[0] === 'good' ? 0 : 1,
    };
  },
});

test('an HTTP probe passes below 400 and sends its headers', async () => {
  const seen: (string | undefined)[] = [];
  const port = await listen(
    createHttpServer((request, response) => {
      seen.push(request.url, request.headers['x-probe'] as string);
      response.writeHead(request.url === '/moved' ? 302 : request.url === '/bad' ? 503 : 204).end();
    }),
  );
  const get = (path: string) =>
    run({ httpGet: { path, port, httpHeaders: [{ name: 'X-Probe', value: 'yes' }] } }, target, 5);
  expect(await get('/')).toEqual({ outcome: 'success' });
  expect(await get('/moved')).toEqual({ outcome: 'success' });
  expect(await get('/bad')).toEqual({
    outcome: 'failure',
    message: 'HTTP probe failed with statuscode: 503',
  });
  expect(seen.slice(0, 2)).toEqual(['/', 'yes']);
});

test('a TCP probe passes when someone listens', async () => {
  const server = createServer((socket) => socket.destroy());
  const port = await listen(server);
  expect(await run({ tcpSocket: { port } }, target, 5)).toEqual({ outcome: 'success' });
  await new Promise((resolve) => server.close(resolve));
  servers.length = 0;
  expect(await run({ tcpSocket: { port } }, target, 5)).toEqual({
    outcome: 'failure',
    message: `dial tcp 127.0.0.1:${port}: connect: connection refused`,
  });
});

test('a command passes with exit code zero, and its output says why not', async () => {
  expect(await run({ exec: { command: ['good'] } }, target, 1)).toEqual({ outcome: 'success' });
  expect(await run({ exec: { command: ['bad'] } }, target, 1)).toEqual({
    outcome: 'failure',
    message: 'outerr',
  });
  expect(await run({ exec: { command: ['slow'] } }, target, 1)).toEqual({
    outcome: 'failure',
    message: 'command timed out: "slow" timed out after 1s',
  });
});

test('ports may be named', () => {
  const container = testContainer('main', { ports: [{ name: 'http', containerPort: 80 }] });
  expect(resolvePort('http', container)).toBe(80);
  expect(resolvePort('8080', container)).toBe(8080);
  expect(() => resolvePort('grpc', container)).toThrow(`couldn't find port: "grpc"`);
});
