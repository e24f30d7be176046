/**
 * An image of this program with the Node it runs on: what components of our own run in pods, and a way to have Skerry in a
 * registry of one's own. Made from what is installed here, since no registry has it: the bundle, Node, and the libraries
 * that Node has loaded.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile, realpath } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { type ImageSpec, writeImageArchive } from '@skerry/agent';
import { SkerryError } from '@skerry/base';
import { version } from '#version.ts';

export const programImage = `skerry.io/skerry:${version}`;

type Files = ImageSpec['files'];
type File = Extract<Files[number], { type: 'file' }>;

/** In the bundle's folder, made anew by whoever needs it: archives for machines hold a Node of their own each. */
const leftOut = new Set(['compile-cache', 'release']);

/** `folder` holds the bundle. */
export async function writeProgramImage(file: string, folder: string): Promise<void> {
  if (!existsSync(join(folder, 'skerry.mjs')))
    throw new SkerryError(
      'image-not-made',
      `${folder} holds no bundle; run this from an installed skerry, or after set-up`,
    );
  const files = [
    ...(await bundleFiles(folder)),
    await fileAt('skerry/node', process.execPath, 0o755),
    ...(await libraryFiles()),
  ];
  await writeImageArchive(file, {
    reference: programImage,
    files: [...foldersOf(files), ...files],
    entrypoint: ['/skerry/node', '/skerry/dist/skerry.mjs'],
    user: '65534:65534',
    labels: { 'org.opencontainers.image.title': 'skerry', 'org.opencontainers.image.version': version },
  });
}

async function bundleFiles(folder: string): Promise<File[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter(
    (entry) => entry.isFile() && !leftOut.has(relative(folder, entry.parentPath).split(sep)[0] ?? ''),
  );
  return Promise.all(
    files.map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      return fileAt(`skerry/dist/${relative(folder, path).split(sep).join('/')}`, path, 0o644);
    }),
  );
}

/** Under the names by which the loader looks for them. */
async function libraryFiles(): Promise<File[]> {
  const report = process.report.getReport() as { sharedObjects?: readonly string[] };
  const libraries = (report.sharedObjects ?? []).filter(
    (path) => path.startsWith('/') && path !== process.execPath,
  );
  return Promise.all(libraries.map(async (path) => fileAt(path.slice(1), await realpath(path), 0o755)));
}

async function fileAt(path: string, source: string, mode: number): Promise<File> {
  return { type: 'file', path, mode, content: await readFile(source) };
}

function foldersOf(files: readonly File[]): Files {
  const folders = new Set<string>(['tmp', 'dev']);
  for (const { path } of files) {
    const parts = path.split('/').slice(0, -1);
    for (let length = 1; length <= parts.length; length++) folders.add(parts.slice(0, length).join('/'));
  }
  return [...folders]
    .sort()
    .map((path) => ({ type: 'directory', path, mode: path === 'tmp' ? 0o1777 : 0o755 }));
}
