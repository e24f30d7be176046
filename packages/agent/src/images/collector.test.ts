import { expect, test } from 'vitest';
import { silentLogger } from '@skerry/base';
import { FakeClock } from '@skerry/base/testing';
import { ImageCollector } from '#images/collector.ts';
import type { ContainerRuntime, Image } from '#runtime.ts';
import { testContainer, testStatus } from '#testing/pods.ts';

const image = (id: string, rest: Partial<Image> = {}): Image => ({
  id,
  tags: [`${id}:1`],
  digests: [],
  sizeBytes: 10,
  pinned: false,
  ...rest,
});

function setUp(usedBytes: number) {
  const clock = new FakeClock();
  const images = new Map(
    [
      image('old'),
      image('young'),
      image('running'),
      image('wanted'),
      image('pinned', { pinned: true }),
      image('pause', { tags: ['registry.k8s.io/pause:3.10'] }),
    ].map((each) => [each.id, each]),
  );
  const runtime: Partial<ContainerRuntime> = {
    listImages: async () => [...images.values()],
    listContainers: async () => [testStatus(testContainer('running', { image: 'running:1' }), 'running')],
    imageFilesystem: async () => ({ atMs: 0, mountpoint: '/', usedBytes: 0, inodesUsed: 0 }),
    removeImage: async (id) => void images.delete(id),
  };
  const collector = new ImageCollector({
    runtime: runtime as ContainerRuntime,
    wanted: () => ['wanted:1'],
    clock,
    log: silentLogger,
    usage: async () => ({ usedBytes, totalBytes: 100 }),
  });
  return { clock, collector, images };
}

test('while there is room, nothing is removed', async () => {
  const { clock, collector } = setUp(84);
  await collector.collect();
  await clock.advance(300_000);
  expect(await collector.collect()).toEqual([]);
});

test('a full disk loses images that nothing uses, and only as many as are needed', async () => {
  const { clock, collector, images } = setUp(90);
  expect(await collector.collect()).toEqual([]);
  await clock.advance(300_000);
  expect(await collector.collect()).toEqual(['old']);
  expect([...images.keys()]).toEqual(['young', 'running', 'wanted', 'pinned', 'pause']);
});

test('what is in use is never removed, however full the disk', async () => {
  const { clock, collector, images } = setUp(100);
  await collector.collect();
  await clock.advance(300_000);
  await collector.collect();
  expect([...images.keys()]).toEqual(['running', 'wanted', 'pinned', 'pause']);
});
