/**
 * Where an installation keeps its files. One process at a time owns a data directory; the lock is an exclusive `flock` by
 * way of SQLite, which the kernel gives back however the owner ends.
 */
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describeError, SkerryError } from '@skerry/base';

export interface DataDirectory {
  readonly path: string;
  /** State, keys and certificates of the center. */
  readonly server: string;
  readonly pki: string;
  readonly database: string;
  /** Sockets; 0700. */
  readonly run: string;
  readonly apiSocket: string;
  /** Where controllers and scheduler tell their numbers. */
  readonly controllersSocket: string;
  readonly adminKubeconfig: string;
  readonly logs: string;
  /** One folder per machine that `skerry up` made. */
  readonly machines: string;
  /** State and keys of the center itself: clusters, people, components. */
  readonly center: string;
  /** One folder per hosted cluster, each of this same layout. */
  readonly clusters: string;
  readonly managementSocket: string;
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
    controllersSocket: join(run, 'ctl.sock'),
    adminKubeconfig: join(base, 'admin.kubeconfig'),
    logs: join(base, 'logs'),
    machines: join(base, 'machines'),
    center: join(base, 'center'),
    clusters: join(base, 'clusters'),
    managementSocket: join(run, 'management.sock'),
  };
}

/** Makes the folders, 0700. Fails with `data-directory-unusable` where that can't be done. */
export function createDataDirectory(data: DataDirectory): void {
  try {
    for (const path of [data.path, data.server, data.pki, data.run, data.logs]) {
      makeFolder(path);
    }
    if (!statSync(data.path).isDirectory()) throw new Error('it is not a directory');
  } catch (error) {
    throw unusable(data, error);
  }
}

function unusable(data: DataDirectory, error: unknown): SkerryError {
  return new SkerryError(
    'data-directory-unusable',
    `cannot use data directory ${data.path}: ${describeError(error)}; choose another with --data-dir`,
  );
}

/** Not by Node's recursive mkdir, which never ends where the kernel answers ENOENT for a parent that is there, as in /proc. */
function makeFolder(path: string): void {
  if (existsSync(path) && statSync(path).isDirectory()) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  mkdirSync(path, { mode: 0o700 });
}

/** Holds the directory until released; `owner` names the command in the message another one gets. */
export function lockDataDirectory(data: DataDirectory, owner: string): { release(): void } {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(join(data.path, 'lock'), { timeout: 0 });
    database.exec('PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    if (!/locked/.test(String(error))) throw unusable(data, error);
    throw new SkerryError(
      'data-directory-in-use',
      `data directory ${data.path} is in use by another skerry; stop that one, or run \`${owner}\` with another --data-dir`,
      { cause: error },
    );
  }
  const held = database;
  return { release: () => held.close() };
}
