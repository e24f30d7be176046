/**
 * Where an installation keeps its files. One process at a time owns a data directory; the lock is an exclusive `flock` by
 * way of SQLite, which the kernel gives back however the owner ends.
 */
import { mkdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SkerryError } from '@skerry/base';

export interface DataDirectory {
  readonly path: string;
  /** State, keys and certificates of the center. */
  readonly server: string;
  readonly pki: string;
  readonly database: string;
  /** Sockets; 0700. */
  readonly run: string;
  readonly apiSocket: string;
  readonly adminKubeconfig: string;
  readonly logs: string;
  /** One folder per machine that `skerry up` made. */
  readonly machines: string;
}

/** `/var/lib/skerry` for root, `$XDG_DATA_HOME/skerry` for others. */
export function defaultDataDirectory(env: NodeJS.ProcessEnv, isRoot: boolean): string {
  if (isRoot) return '/var/lib/skerry';
  return join(env['XDG_DATA_HOME'] ?? join(homedir(), '.local/share'), 'skerry');
}

export function dataDirectory(path: string): DataDirectory {
  const base = resolve(path);
  const run = join(base, 'run');
  return {
    path: base,
    server: join(base, 'server'),
    pki: join(base, 'server/pki'),
    database: join(base, 'server/cluster.db'),
    run,
    apiSocket: join(run, 'api.sock'),
    adminKubeconfig: join(base, 'admin.kubeconfig'),
    logs: join(base, 'logs'),
    machines: join(base, 'machines'),
  };
}

/** Makes the folders, 0700. Fails with `data-directory-unusable` where that can't be done. */
export function createDataDirectory(data: DataDirectory): void {
  try {
    for (const path of [data.path, data.server, data.pki, data.run, data.logs]) {
      mkdirSync(path, { recursive: true, mode: 0o700 });
    }
    if (!statSync(data.path).isDirectory()) throw new Error('it is not a directory');
  } catch (error) {
    throw new SkerryError(
      'data-directory-unusable',
      `cannot use data directory ${data.path}: ${error instanceof Error ? error.message : String(error)}; choose another with --data-dir`,
      { cause: error },
    );
  }
}

/** Holds the directory until released; `owner` names the command in the message another one gets. */
export function lockDataDirectory(data: DataDirectory, owner: string): { release(): void } {
  const database = new DatabaseSync(join(data.path, 'lock'), { timeout: 0 });
  try {
    database.exec('PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    throw new SkerryError(
      'data-directory-in-use',
      `data directory ${data.path} is in use by another skerry; stop that one, or run \`${owner}\` with another --data-dir`,
      { cause: error },
    );
  }
  return { release: () => database.close() };
}
