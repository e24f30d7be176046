import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@skerry/base';
import { FakeClock } from '@skerry/base/testing';
import { resources } from '@skerry/client';
import { FakeApiClient } from '@skerry/client/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { agentFiles, parseAgentConfig, writeAgentIdentity } from './agent-config.ts';
import { CenterAddresses, followCenterAddress } from './center-addresses.ts';

const config = {
  server: 'old.example:6443',
  nodeName: 'a',
  labels: { at: 'shop' },
  taints: [],
  runtimeEndpoint: 'simulated',
};

let directory: string;
let vault: Map<string, string>;
/** Addresses that lead to the center. */
let open: Set<string>;
let tried: string[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-addresses-'));
  await writeAgentIdentity(directory, { authorityPem: 'a', certificatePem: 'c', keyPem: 'k', config });
  vault = new Map();
  open = new Set(['old.example:6443']);
  tried = [];
});
afterEach(() => rm(directory, { recursive: true }));

async function started(): Promise<CenterAddresses> {
  const text = await readFile(agentFiles(directory).config, 'utf8');
  return new CenterAddresses({
    config: parseAgentConfig(text, 'agent.yaml'),
    dataDirectory: directory,
    vault: () => ({ get: (key) => vault.get(key), set: (key, value) => void vault.set(key, value) }),
    log: silentLogger,
  });
}

function connect(addresses: CenterAddresses): Promise<string> {
  return addresses.connect(async ({ text }) => {
    tried.push(text);
    if (!open.has(text)) throw new Error(`nothing at ${text}`);
    return text;
  });
}

describe('a machine whose center moves', () => {
  test('finds it at the address that it had said, also after a restart, and keeps to that', async () => {
    (await started()).announce('https://new.example:7443');
    const addresses = await started();
    expect(await connect(addresses)).toBe('old.example:6443');
    open = new Set(['new.example:7443']);
    expect(await connect(addresses)).toBe('new.example:7443');
    tried = [];
    const later = await started();
    expect(later.used.text).toBe('new.example:7443');
    expect(await connect(later)).toBe('new.example:7443');
    expect(tried).toEqual(['new.example:7443']);
    const text = await readFile(agentFiles(directory).config, 'utf8');
    expect(parseAgentConfig(text, 'agent.yaml')).toEqual({ ...config, server: 'new.example:7443' });
  });

  test('is told what is wrong with the address in use where neither leads there', async () => {
    const addresses = await started();
    addresses.announce('https://new.example:7443');
    open = new Set();
    await expect(connect(addresses)).rejects.toThrow('nothing at old.example:6443');
    expect(tried).toEqual(['old.example:6443', 'new.example:7443']);
    expect(addresses.used.text).toBe('old.example:6443');
  });

  test.each([
    '',
    'https://',
    'not an address',
    'https://a:b:c',
    'https://127.0.0.1:6443',
    'https://[::1]:6443',
  ])('keeps nothing of %j', async (text) => {
    const addresses = await started();
    addresses.announce(text);
    open = new Set();
    await expect(connect(addresses)).rejects.toThrow();
    expect(tried).toEqual(['old.example:6443']);
  });
});

test('what the center says is read on each link', async () => {
  const clock = new FakeClock();
  const client = new FakeApiClient({ clock });
  const seed = (server: string) =>
    client.seed(resources.configMaps, {
      metadata: { name: 'cluster-info', namespace: 'kube-public' },
      data: { kubeconfig: JSON.stringify({ clusters: [{ cluster: { server } }] }) },
    } as never);
  seed('https://first.example:6443');
  let since: number | undefined;
  const addresses = await started();
  const end = new AbortController();
  const running = followCenterAddress({
    addresses,
    client,
    linkedSinceMs: () => since,
    clock,
    log: silentLogger,
  }).run(end.signal);
  await clock.advance(60_000);
  expect([...vault.values()]).toEqual([]);
  since = 1;
  await clock.advance(60_000);
  expect([...vault.values()]).toEqual(['https://first.example:6443']);
  client.remove(resources.configMaps, { namespace: 'kube-public', name: 'cluster-info' });
  seed('https://second.example:6443');
  await clock.advance(60_000);
  expect([...vault.values()]).toEqual(['https://first.example:6443']);
  since = 2;
  await clock.advance(60_000);
  expect([...vault.values()]).toEqual(['https://second.example:6443']);
  end.abort();
  await clock.advance(0);
  await running;
});
