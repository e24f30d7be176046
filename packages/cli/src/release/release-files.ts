/**
 * The archives that a center offers its machines: its own program for its own architecture, packed when it is first asked for,
 * and those for other architectures that `skerry release` left in the folder.
 */
import { existsSync } from 'node:fs';
import { access, constants, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SkerryError } from '@skerry/base';
import {
  type Architecture,
  architectureOf,
  architectures,
  describeArchive,
  type ReleaseArchive,
  writeReleaseArchive,
} from './archive.ts';

export interface ReleaseFilesOptions {
  /** Where archives lie. */
  readonly directory: string;
  readonly version: string;
  /** Entry file of this program; `dist/skerry.mjs` when it runs from the bundle. */
  readonly entry: string | undefined;
  readonly node: string;
  readonly processArchitecture: string;
}

export class ReleaseFiles {
  readonly #options: ReleaseFilesOptions;
  readonly #known = new Map<Architecture, Promise<ReleaseArchive>>();

  constructor(options: ReleaseFilesOptions) {
    this.#options = options;
  }

  /** What there is now; packs the own one where it isn't there yet. */
  async all(): Promise<readonly ReleaseArchive[]> {
    const found = await Promise.allSettled(architectures.map((architecture) => this.get(architecture)));
    return found.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  }

  /** Throws `release-not-made` where there is none. */
  get(architecture: Architecture): Promise<ReleaseArchive> {
    const known = this.#known.get(architecture);
    if (known) return known;
    const made = this.#find(architecture);
    this.#known.set(architecture, made);
    // Put there later, it is found later.
    made.catch(() => this.#known.delete(architecture));
    return made;
  }

  pathOf(architecture: Architecture): string {
    const { directory, version } = this.#options;
    return join(directory, `skerry-${version}-linux-${architecture}.tar.gz`);
  }

  async #find(architecture: Architecture): Promise<ReleaseArchive> {
    const { entry, node, processArchitecture, version } = this.#options;
    const target = this.pathOf(architecture);
    if (architecture === architectureOf(processArchitecture) && entry?.endsWith('.mjs')) {
      // Another build may have the same version.
      if (!(await isNewer(target, entry))) {
        await this.#removeOthers(architecture);
        await writeReleaseArchive({ bundle: dirname(entry), node, target });
      }
    }
    if (existsSync(target)) return describeArchive(target, architecture);
    throw new SkerryError(
      'release-not-made',
      `this center has no release ${version} for linux/${architecture}; make one with \`skerry release --arch ${architecture} --node FILE\` on the center`,
    );
  }

  async #removeOthers(architecture: Architecture): Promise<void> {
    const { directory } = this.#options;
    const names = await readdir(directory).catch(() => []);
    const others = names.filter((name) => name.endsWith(`-linux-${architecture}.tar.gz`));
    await Promise.all(others.map((name) => rm(join(directory, name), { force: true })));
  }
}

/** Beside the bundle, whose build they are, so that all clusters of a center share them; else with the state. */
export async function releaseDirectory(entry: string | undefined, dataDirectory: string): Promise<string> {
  const folder = entry?.endsWith('.mjs') ? dirname(entry) : undefined;
  const isWritable =
    folder !== undefined &&
    (await access(folder, constants.W_OK).then(
      () => true,
      () => false,
    ));
  return join(isWritable ? folder : dataDirectory, 'release');
}

async function isNewer(file: string, than: string): Promise<boolean> {
  const [archive, bundle] = await Promise.all([stat(file).catch(() => undefined), stat(than)]);
  return archive !== undefined && archive.mtimeMs > bundle.mtimeMs;
}
