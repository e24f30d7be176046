/** Clients that take their time, or go in the middle: watches by the hundred, bodies in drops, readers that don't read. */
import * as fc from 'fast-check';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Socket } from 'node:net';
import { openPlain } from '../client.ts';
import { expectHonest } from '../expectations.ts';
import { probe, type Probe } from '../probe.ts';
import { adminToken } from '../server-contract.ts';
import type { Target } from '../target.ts';

const as = `Host: x\r\nAuthorization: Bearer ${adminToken}\r\n`;
const objects = '/api/v1/namespaces/default/configmaps';

/** What each client sends first; it then says nothing more until it goes. */
const beginnings: Readonly<Record<string, string>> = {
  'nothing at all': '',
  'half a request line': 'GET /api',
  'headers without an end': `GET ${objects} HTTP/1.1\r\n${as}X: y\r\n`,
  'a body that never comes': `POST ${objects} HTTP/1.1\r\n${as}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n`,
  'half a body': `POST ${objects} HTTP/1.1\r\n${as}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"metadata":`,
  'half a chunk': `POST ${objects} HTTP/1.1\r\n${as}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{`,
  'a watch': `GET ${objects}?watch=1 HTTP/1.1\r\n${as}\r\n`,
  'a watch of everything': `GET /api/v1/watch/secrets HTTP/1.1\r\n${as}\r\n`,
  'a watch that sends what is there': `GET ${objects}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true HTTP/1.1\r\n${as}\r\n`,
  'large answers that nobody reads': `GET /openapi/v2 HTTP/1.1\r\n${as}\r\n`.repeat(2),
  'an upgrade that goes nowhere': `GET /api/v1/namespaces/default/pods/x/exec?command=a HTTP/1.1\r\n${as}Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n`,
  'the wish to go on': `POST ${objects} HTTP/1.1\r\n${as}Content-Type: application/json\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n`,
};
const endings = ['gone', 'closed', 'silent'] as const;

const input = fc.record({
  beginning: fc.constantFrom(...Object.keys(beginnings)),
  ending: fc.constantFrom(...endings),
  clients: fc.constantFrom(10, 100, 400),
  drops: fc.boolean(),
});

export const pressure: readonly Probe[] = [
  probe('many clients that come and go', input, crowd, { share: 0.06 }),
];

async function crowd(
  target: Target,
  {
    beginning,
    ending,
    clients,
    drops,
  }: { beginning: string; ending: (typeof endings)[number]; clients: number; drops: boolean },
): Promise<void> {
  const before = await target.report();
  const text = beginnings[beginning]!;
  const sockets = await Promise.all(Array.from({ length: clients }, () => openPlain(target.ready.plainPort)));
  for (const socket of sockets) {
    socket.on('error', () => undefined);
    // Nobody reads: what comes back stays on its way.
    socket.pause();
    if (drops) dribble(socket, text);
    else socket.write(text);
  }
  await sleep(100);
  // Others are served meanwhile.
  const served = await target.client.call({ path: objects, timeoutMs: 15_000 });
  expectHonest(served);
  if (served.status !== 200) throw new Error(`others are answered ${served.status}`);
  for (const socket of sockets) {
    if (ending === 'closed') socket.end();
    if (ending !== 'closed') socket.destroy();
  }
  await sleep(50);
  for (const socket of sockets) socket.destroy();
  await expectGone(target, before.connections);
}

function dribble(socket: Socket, text: string): void {
  for (let at = 0; at < Math.min(text.length, 400); at += 40) socket.write(text.slice(at, at + 40));
}

/** No connection outlives its client. */
async function expectGone(target: Target, connections: number): Promise<void> {
  const spare = 10;
  for (let tries = 0; tries < 100; tries++) {
    const report = await target.report();
    if (report.connections <= connections + spare) return;
    await sleep(50);
  }
  throw new Error('connections are still there though their clients are gone');
}
