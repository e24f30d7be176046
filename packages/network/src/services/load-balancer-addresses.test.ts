import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Service } from '@skerry/api';
import { silentLogger } from '@skerry/base';
import { eventually, FakeClock } from '@skerry/base/testing';
import type { InformerHandler } from '@skerry/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLoadBalancerAddresses } from '#services/load-balancer-addresses.ts';
import { placementAnnotation } from '#services/service-ports.ts';
import { standInFor } from '#services/stand-in.ts';
import { service } from '#testing/service-objects.ts';

const address = '192.168.0.200';
const members = ['a-1', 'a-2', 'a-3'];

let folder: string;
let clock: FakeClock;
let stop: AbortController;
let running: Promise<void>;
let held: Set<string>;
let isCut: boolean;
let silent: Set<string>;
/** Whether some machine of the network still answers for the address. */
let isAnswered: boolean;
let placedOn: string;
let tell: () => void;
let change: (old: Service) => void;

const front = () =>
  service(
    { type: 'LoadBalancer' },
    { annotations: { [placementAnnotation]: JSON.stringify([{ pool: 'a', node: placedOn, address }]) } },
  );

/** An interface, and a network in which one may ask for an address. */
function run(...command: string[]): Promise<string> {
  const text = command.join(' ');
  if (text.startsWith('ip address add')) held.add(command[3] ?? '');
  else if (text.startsWith('ip address delete')) held.delete(command[3] ?? '');
  else if (text.startsWith('arping') && command.includes('-D') && isAnswered)
    return Promise.reject(new Error('arping: exit 1'));
  else if (text.startsWith('ip -j address show')) {
    const all = [...held].map((each) => ({ local: each.split('/')[0] }));
    return Promise.resolve(JSON.stringify([{ ifname: 'eth0', addr_info: all }]));
  } else if (text.startsWith('ip -j route get')) return Promise.resolve('[{"dev":"eth0"}]');
  return Promise.resolve('');
}

function start(nodeName: string): void {
  const handlers: InformerHandler<Service>[] = [];
  change = (old) => handlers.forEach((handler) => handler.onUpdate?.(front(), old));
  const listeners: (() => void)[] = [];
  tell = () => listeners.forEach((listener) => listener());
  const addresses = createLoadBalancerAddresses({
    nodeName,
    pool: 'a',
    services: {
      list: () => [front()],
      known: () => Promise.resolve(),
      addHandler(handler) {
        handlers.push(handler);
        return () => undefined;
      },
    },
    members: () => members,
    knowledge: {
      isCut: () => isCut,
      isSilent: (node) => silent.has(node),
      onChange(listener) {
        listeners.push(listener);
        return () => undefined;
      },
    },
    stateFile: join(folder, 'addresses.json'),
    run,
    clock,
    log: silentLogger,
  });
  running = addresses.run(stop.signal);
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skerry-addresses-'));
  clock = new FakeClock();
  stop = new AbortController();
  held = new Set();
  isCut = false;
  silent = new Set();
  isAnswered = false;
  placedOn = 'a-1';
});

afterEach(async () => {
  stop.abort();
  await running;
  rmSync(folder, { recursive: true, force: true });
});

const holds = (expected: boolean) =>
  eventually(() => expect([...held]).toEqual(expected ? [`${address}/32`] : []));

test('while the link is cut the next machine takes the address of one that is silent, until it is heard', async () => {
  start('a-2');
  silent.add('a-1');
  tell();
  await holds(false);
  isCut = true;
  tell();
  await holds(true);
  // The center has not moved it yet.
  isCut = false;
  tell();
  await holds(true);
  silent.clear();
  tell();
  await holds(false);
});

test('an address that somebody still answers for is not taken, and asked for again', async () => {
  start('a-2');
  isCut = true;
  isAnswered = true;
  silent.add('a-1');
  tell();
  await eventually(() => expect(clock.pendingTimers).toBeGreaterThan(0));
  await holds(false);
  isAnswered = false;
  await clock.advance(10_000);
  await holds(true);
});

test('an address that the center has moved is taken when its former machine no longer answers for it', async () => {
  isAnswered = true;
  placedOn = 'a-2';
  start('a-2');
  await eventually(() => expect(clock.pendingTimers).toBeGreaterThan(0));
  await holds(false);
  isAnswered = false;
  await clock.advance(20_000);
  await holds(true);
});

test('an address that goes from its interface, as all of IPv6 do when that goes down, is put there again', async () => {
  placedOn = 'a-2';
  start('a-2');
  await holds(true);
  held.clear();
  await eventually(() => expect(clock.pendingTimers).toBeGreaterThan(0));
  await clock.advance(30_000);
  await holds(true);
});

test('what the center has given to another machine meanwhile is given up', async () => {
  start('a-2');
  isCut = true;
  silent.add('a-1');
  tell();
  await holds(true);
  isCut = false;
  const old = front();
  placedOn = 'a-3';
  change(old);
  await holds(false);
});

test.each<[string, readonly string[], string | undefined]>([
  ['a-1', [], 'a-2'],
  ['a-1', ['a-2'], 'a-3'],
  ['a-3', [], 'a-1'],
  ['a-1', ['a-2', 'a-3'], undefined],
  ['b-1', [], undefined],
])('for %s, with %j silent too, stands in %s', (node, others, expected) => {
  const all = new Set([node, ...others]);
  expect(standInFor(node, members.toReversed(), (each) => all.has(each))).toBe(expected);
});
