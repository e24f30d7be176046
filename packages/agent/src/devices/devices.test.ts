import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Container, Pod } from '@skerry/api';
import { silentLogger, systemClock } from '@skerry/base';
import { eventually } from '@skerry/base/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createDeviceManager } from './manager.ts';
import { runSampleDevicePlugin } from './sample-plugin.ts';

const gpu = 'nvidia.com/gpu';

describe('a device manager with a plugin of two devices', () => {
  let directory: string;
  let stop: AbortController;
  let stopPlugin: AbortController;
  let running: Promise<unknown>[];
  let manager: ReturnType<typeof createDeviceManager>;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'skerry-devices-'));
    stop = new AbortController();
    stopPlugin = new AbortController();
    manager = startManager(stop.signal);
    const plugin = { kubeletDir: directory, resource: gpu, count: 2, clock: systemClock, log: silentLogger };
    running.push(runSampleDevicePlugin(plugin, stopPlugin.signal));
    await eventually(() => expect(manager.resources().get(gpu)).toEqual({ capacity: 2, allocatable: 2 }));
  });

  afterEach(async () => {
    stopPlugin.abort();
    stop.abort();
    await Promise.all(running);
    await rm(directory, { recursive: true });
  });

  function startManager(signal: AbortSignal) {
    const made = createDeviceManager({ kubeletDirectory: directory, clock: systemClock, log: silentLogger });
    running = [...(running ?? []), made.run(signal)];
    return made;
  }

  test('gives a device to one container at a time, and it back when the pod is gone', async () => {
    const first = await manager.allocate(pod('a'), asking(1));
    const second = await manager.allocate(pod('b'), asking(1));
    expect(new Set([first, second].map((allocation) => allocation?.env[0]?.value))).toEqual(
      new Set(['sample-0', 'sample-1']),
    );
    await expect(manager.allocate(pod('c'), asking(1))).rejects.toThrow(`1 of ${gpu} asked for and 0 free`);
    manager.release('a');
    expect(await manager.allocate(pod('c'), asking(1))).toEqual(first);
  });

  test('never gives the same device to two containers that ask at once', async () => {
    const given = await Promise.all([
      manager.allocate(pod('a'), asking(1)),
      manager.allocate(pod('b'), asking(1)),
    ]);
    expect(new Set(given.map((allocation) => allocation?.env[0]?.value)).size).toBe(2);
  });

  test('gives a container that starts again what it had, also after a restart of the agent', async () => {
    await manager.allocate(pod('a'), asking(1));
    const before = await manager.allocate(pod('b'), asking(1));
    stop.abort();
    await running[0];
    stop = new AbortController();
    manager = startManager(stop.signal);
    await eventually(() => expect(manager.resources().get(gpu)?.allocatable).toBe(2));
    expect(await manager.allocate(pod('b'), asking(1))).toEqual(before);
  });

  test('has no allocatable devices once the plugin is gone', async () => {
    stopPlugin.abort();
    await eventually(() => expect(manager.resources().get(gpu)).toEqual({ capacity: 2, allocatable: 0 }));
  });

  test('asks for nothing where a container asks for no devices', async () => {
    expect(
      await manager.allocate(pod('a'), { name: 'main', resources: { limits: { cpu: '1' } } }),
    ).toBeUndefined();
  });

  test('says which plugin is missing, also after a restart of the agent', async () => {
    stopPlugin.abort();
    stop.abort();
    await Promise.all(running);
    stop = new AbortController();
    manager = startManager(stop.signal);
    await expect(manager.allocate(pod('a'), asking(1))).rejects.toThrow(`no device plugin for ${gpu}`);
  });

  test('gives nothing for a resource that never had a plugin here, and lets the container run', async () => {
    const other = { name: 'main', resources: { limits: { 'example.com/fpga': '1' } } };
    expect(await manager.allocate(pod('a'), other)).toBeUndefined();
  });
});

test('a plugin that starts before the agent is there once the agent is', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'skerry-devices-'));
  const stop = new AbortController();
  const { promise: hasWaited, resolve } = Promise.withResolvers<void>();
  const log = { ...silentLogger, info: (message: string) => void (message.includes('waits') && resolve()) };
  const plugin = { kubeletDir: directory, resource: gpu, count: 1, clock: systemClock, log };
  const running = [runSampleDevicePlugin(plugin, stop.signal)];
  await hasWaited;
  const manager = createDeviceManager({ kubeletDirectory: directory, clock: systemClock, log: silentLogger });
  running.push(manager.run(stop.signal));
  await eventually(() => expect(manager.resources().get(gpu)).toEqual({ capacity: 1, allocatable: 1 }));
  stop.abort();
  await Promise.all(running);
  await rm(directory, { recursive: true });
});

function pod(uid: string): Pod {
  return { metadata: { uid, name: uid, namespace: 'default' }, spec: { containers: [] } };
}

function asking(count: number): Container {
  return { name: 'main', resources: { limits: { [gpu]: String(count) } } };
}
