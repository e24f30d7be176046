/**
 * Where the join script puts the program: each build in a folder of its own beside the others, and a link to the one that runs.
 *
 *   /usr/local/lib/skerry/0.1.0-3f9a1c07/{node,skerry.mjs}
 *   /usr/local/lib/skerry/current -> 0.1.0-3f9a1c07
 *   /usr/local/bin/skerry          runs current/node current/skerry.mjs
 *
 * So an upgrade is one rename, and the way back another.
 */
import { realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

export const entryName = 'skerry.mjs';

export interface Installed {
  /** Folder of all builds. */
  readonly prefix: string;
  /** Folder name of the build that this process runs. */
  readonly build: string;
}

/** Undefined where this program was not installed so: a checkout, or a package of someone else. */
export function installedBuild(entry: string | undefined): Installed | undefined {
  if (entry === undefined || basename(entry) !== entryName) return undefined;
  let folder: string;
  try {
    folder = dirname(realpathSync(entry));
  } catch {
    return undefined;
  }
  const prefix = dirname(folder);
  try {
    // Another build may be current by now; that there is one tells the layout.
    realpathSync(join(prefix, 'current', entryName));
  } catch {
    return undefined;
  }
  return { prefix, build: basename(folder) };
}

export function currentNode(prefix: string): string {
  return join(prefix, 'current', 'node');
}

export function currentEntry(prefix: string): string {
  return join(prefix, 'current', entryName);
}

/** Names of builds go into paths and, by the join script, into a shell. */
export function buildName(version: string, sha256: string): string {
  return `${version.replaceAll(/[^\w.-]/g, '-')}-${sha256.slice(0, 8)}`;
}
