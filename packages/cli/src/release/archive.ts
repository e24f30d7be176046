/**
 * A release as one archive: what a machine runs, in one file, and the Node that it runs on. Equal contents make
 * equal bytes, so that a center that was restarted offers the archive of before.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { tarHeader, tarPadding, tarEnd } from '@skerry/agent';
import { SkerryError } from '@skerry/base';
import { entryName } from './layout.ts';

export const architectures = ['amd64', 'arm64'] as const;
export type Architecture = (typeof architectures)[number];

export interface ReleaseArchive {
  readonly architecture: Architecture;
  readonly path: string;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

/** In the folder of the bundle. */
export const program = 'skerry-agent.mjs';

export function architectureOf(processArchitecture: string): Architecture | undefined {
  return processArchitecture === 'x64' ? 'amd64' : processArchitecture === 'arm64' ? 'arm64' : undefined;
}

/** Writes the archive whole or not at all. Throws `release-not-made`. */
export async function writeReleaseArchive(options: {
  /** Folder of the bundle. */
  readonly bundle: string;
  /** Node's binary for the architecture. */
  readonly node: string;
  readonly target: string;
}): Promise<void> {
  const { bundle, node, target } = options;
  const files = [
    { path: 'node', source: node, mode: 0o755 },
    { path: entryName, source: join(bundle, program), mode: 0o644 },
  ];
  if (!existsSync(join(bundle, program))) throw noBundle(bundle);
  await mkdir(dirname(target), { recursive: true });
  // Several processes of a center may be asked at the same time.
  const unfinished = `${target}.${process.pid}.new`;
  try {
    await pipeline(archived(files), createGzip({ level: 6 }), createWriteStream(unfinished, { mode: 0o644 }));
    await rename(unfinished, target);
  } finally {
    await rm(unfinished, { force: true });
  }
}

export function noBundle(bundle: string, cause?: unknown): SkerryError {
  return new SkerryError(
    'release-not-made',
    `${bundle} holds no bundle of this program; machines can be given one by an installed skerry, or after set-up`,
    { cause },
  );
}

export async function describeArchive(path: string, architecture: Architecture): Promise<ReleaseArchive> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return { architecture, path, bytes: (await stat(path)).size, sha256: hash.digest('hex') };
}

/** One file at a time in memory: the largest is Node itself, which is streamed. */
async function* archived(
  files: readonly { path: string; source: string; mode: number }[],
): AsyncGenerator<Uint8Array> {
  for (const { path, source, mode } of files) {
    const { size } = await stat(source);
    yield tarHeader({ type: 'file', path, mode }, size);
    if (size > 1 << 22) yield* createReadStream(source, { highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>;
    else yield await readFile(source);
    yield tarPadding(size);
  }
  yield tarEnd();
}
