/**
 * The archives that a center offers its machines: its own program for its own architecture, packed when it is first asked for,
 * and those for other architectures that `skerry release` left in the folder.
 *
 * They are kept by what they hold, the machines' program and the version of Node that it is for: another build may have the
 * same version, and machines that were given the former one under it would stay behind for good.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { access, constants, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SkerryError } from '@skerry/base';
import {
  type Architecture,
  architectureOf,
  architectures,
  describeArchive,
  noBundle,
  program,
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
  /** `v24.0.0` */
  readonly nodeVersion: string;
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

  /** Packs it with that binary of Node in the place of all there were for the architecture. Throws `release-not-made`. */
  async make(architecture: Architecture, node: string): Promise<ReleaseArchive> {
    const target = await this.#pathOf(architecture);
    await writeReleaseArchive({ bundle: dirname(this.#options.entry ?? ''), node, target });
    await this.#removeOthers(architecture, target);
    return describeArchive(target, architecture);
  }

  async #find(architecture: Architecture): Promise<ReleaseArchive> {
    const { node, processArchitecture, version } = this.#options;
    const target = await this.#pathOf(architecture);
    if (existsSync(target)) return describeArchive(target, architecture);
    if (architecture === architectureOf(processArchitecture)) return this.make(architecture, node);
    throw new SkerryError(
      'release-not-made',
      `this center has no release of this build of ${version} for linux/${architecture}; make one with \`skerry release --arch ${architecture} --node FILE\` on the center`,
    );
  }

  async #pathOf(architecture: Architecture): Promise<string> {
    const { directory, version } = this.#options;
    return join(directory, `skerry-${version}-${await this.#build()}-linux-${architecture}.tar.gz`);
  }

  /** The same for all archives of one build, whatever their architecture. */
  async #build(): Promise<string> {
    const { entry, nodeVersion } = this.#options;
    if (!entry?.endsWith('.mjs'))
      throw new SkerryError(
        'release-not-made',
        'this runs from its sources; run an installed skerry, or dist/skerry.mjs',
      );
    const hash = createHash('sha256').update(`${nodeVersion}\n`);
    const file = join(dirname(entry), program);
    try {
      hash.update(await readFile(file));
    } catch (cause) {
      throw noBundle(dirname(entry), cause);
    }
    return hash.digest('hex').slice(0, 8);
  }

  async #removeOthers(architecture: Architecture, kept: string): Promise<void> {
    const { directory } = this.#options;
    const names = await readdir(directory).catch(() => []);
    const others = names.filter(
      (name) => name.endsWith(`-linux-${architecture}.tar.gz`) && join(directory, name) !== kept,
    );
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
