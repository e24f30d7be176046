import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLogger } from '@skerry/base';
import { PacketFilter } from '#network/packet-filter.ts';
import type { HostPort } from '#network/pod-rules.ts';

const web: HostPort = { protocol: 'tcp', hostPort: 8080, podAddress: '10.1.0.5', podPort: 80 };
const dns: HostPort = { protocol: 'udp', hostPort: 5353, podAddress: '10.1.0.6', podPort: 53 };

let directory: string;
let loaded: string[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-rules-'));
  loaded = [];
});

afterEach(() => rm(directory, { recursive: true, force: true }));

function open(load = async (script: string) => void loaded.push(script)): Promise<PacketFilter> {
  const stateFile = join(directory, 'host-ports.json');
  return PacketFilter.open({ bridge: 'skerry-none', stateFile, log: silentLogger, load });
}

/** Targets of the last rules that the kernel got. */
function targets(): string[] {
  return [...(loaded.at(-1) ?? '').matchAll(/dnat to (\S+)/g)].map(([, target = '']) => target);
}

test('nothing is loaded before the range of the pods is known', async () => {
  const filter = await open();
  await filter.set('a', [web]);
  expect(loaded).toEqual([]);
  await filter.setPodCidrs(['10.1.0.0/24']);
  expect(targets()).toEqual(['10.1.0.5:80']);
});

test('rules that are withdrawn are loaded again when there is a range', async () => {
  const filter = await open();
  await filter.setPodCidrs(['10.1.0.0/24'], ['10.1.0.0/16']);
  await filter.withdraw();
  await filter.withdraw();
  expect(loaded.at(-1)).not.toContain('masquerade');
  expect(loaded).toHaveLength(2);
  await filter.set('a', [web]);
  expect(loaded).toHaveLength(2);
  await filter.setPodCidrs(['10.1.0.0/24']);
  expect(loaded.at(-1)).toContain('10.1.0.0/16');
  expect(targets()).toEqual(['10.1.0.5:80']);
});

test('saying the same again loads nothing', async () => {
  const filter = await open();
  await filter.setPodCidrs(['10.1.0.0/24']);
  await filter.set('a', [web]);
  await filter.set('a', [web]);
  await filter.set('b', []);
  await filter.setPodCidrs(['10.1.0.0/24']);
  expect(loaded).toHaveLength(2);
});

test('an agent that starts again keeps the ports of all pods while it learns of them one by one', async () => {
  const before = await open();
  await before.setPodCidrs(['10.1.0.0/24']);
  await before.set('a', [web]);
  await before.set('b', [dns]);
  const after = await open();
  expect(after.podUids).toEqual(['a', 'b']);
  await after.setPodCidrs(['10.1.0.0/24']);
  await after.set('b', [dns]);
  expect(targets()).toEqual(['10.1.0.5:80', '10.1.0.6:53']);
  await after.set('a', []);
  expect(targets()).toEqual(['10.1.0.6:53']);
});

test('rules that the kernel did not take are tried again', async () => {
  let fails = true;
  const filter = await open(async (script) => {
    if (fails) throw new Error('nft: not found');
    loaded.push(script);
  });
  await expect(filter.setPodCidrs(['10.1.0.0/24'])).rejects.toThrow('not found');
  await expect(filter.set('a', [web])).rejects.toThrow('not found');
  fails = false;
  await filter.set('a', [web]);
  expect(targets()).toEqual(['10.1.0.5:80']);
});

test.each(['', '[]', 'null', '{"a": 1, "b": [{"podAddress": "; flush ruleset"}]}'])(
  'a state file that says %j opens no port',
  async (text) => {
    await writeFile(join(directory, 'host-ports.json'), text);
    const filter = await open();
    await filter.setPodCidrs(['10.1.0.0/24']);
    expect(targets()).toEqual([]);
  },
);
