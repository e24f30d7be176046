/**
 * Removes images that nothing uses when the disk they lie on is 85 % full, until it is 80 %, the longest unused first.
 * https://kubernetes.io/docs/concepts/architecture/garbage-collection/#container-image-garbage-collection
 */
import { statfs } from 'node:fs/promises';
import { describeError, sleep, type Clock, type Logger } from '@skerry/base';
import type { ContainerRuntime, Image } from '#runtime.ts';

export interface ImageCollectorOptions {
  readonly runtime: ContainerRuntime;
  /** Images of pods on this node, by name: kept even before a container uses them. */
  readonly wanted: () => readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
  /** Share of the disk in use, 0..1; asked of the disk unless given. */
  readonly usage?: (mountpoint: string) => Promise<{ usedBytes: number; totalBytes: number }>;
}

const periodMs = 5 * 60_000;
const highShare = 0.85;
const lowShare = 0.8;
/** Younger ones may be about to be used. */
const ageMinMs = 2 * 60_000;

export class ImageCollector {
  readonly #options: ImageCollectorOptions;
  readonly #lastUsedMs = new Map<string, number>();

  constructor(options: ImageCollectorOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    while (!signal.aborted) {
      await this.collect().catch((error: unknown) =>
        log.warn('images not collected', { error: describeError(error) }),
      );
      await sleep(clock, periodMs, signal).catch(() => undefined);
    }
  }

  /** Answers the ids of images that were removed. */
  async collect(): Promise<string[]> {
    const { runtime, clock, usage = diskUsage, log } = this.#options;
    const images = await runtime.listImages();
    const unused = await this.#unused(images);
    const { mountpoint } = await runtime.imageFilesystem();
    const { usedBytes, totalBytes } = await usage(mountpoint || '/');
    if (totalBytes === 0 || usedBytes / totalBytes < highShare) return [];
    let toFreeBytes = usedBytes - totalBytes * lowShare;
    const removed: string[] = [];
    const nowMs = clock.monotonic();
    for (const { id, sizeBytes } of unused) {
      if (toFreeBytes <= 0) break;
      if (nowMs - (this.#lastUsedMs.get(id) ?? nowMs) < ageMinMs) continue;
      await runtime.removeImage(id);
      log.info('image removed', { image: id, bytes: sizeBytes });
      removed.push(id);
      toFreeBytes -= sizeBytes;
    }
    return removed;
  }

  async #unused(images: readonly Image[]): Promise<Image[]> {
    const { runtime, wanted, clock } = this.#options;
    const containers = await runtime.listContainers();
    const names = new Set([...wanted(), ...containers.flatMap(({ image, imageId }) => [image, imageId])]);
    const nowMs = clock.monotonic();
    const present = new Set(images.map(({ id }) => id));
    for (const id of this.#lastUsedMs.keys()) if (!present.has(id)) this.#lastUsedMs.delete(id);
    const unused: Image[] = [];
    for (const image of images) {
      const used =
        image.pinned || [image.id, ...image.tags, ...image.digests].some((name) => names.has(name));
      if (used || !this.#lastUsedMs.has(image.id)) this.#lastUsedMs.set(image.id, nowMs);
      if (!used && !image.tags.some((tag) => tag.includes('/pause:'))) unused.push(image);
    }
    return unused.toSorted((a, b) => (this.#lastUsedMs.get(a.id) ?? 0) - (this.#lastUsedMs.get(b.id) ?? 0));
  }
}

async function diskUsage(mountpoint: string): Promise<{ usedBytes: number; totalBytes: number }> {
  const { blocks, bavail, bsize } = await statfs(mountpoint);
  return { totalBytes: blocks * bsize, usedBytes: (blocks - bavail) * bsize };
}
