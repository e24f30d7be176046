import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { StoreUnavailableError } from '#contract.ts';
import { storeFailure } from '#sqlite/failure.ts';

/**
 * One process per file. Node has no file locks, SQLite does: an empty database `<path>.lock` under an exclusive lock that the
 * kernel takes back when the process dies, however it dies. A file holding only a pid would outlive a `kill -9` and would then
 * have to be guessed about. The pid, for people, is beside it in `<path>.pid`; no one may read `.lock` itself, since closing
 * any descriptor of it gives up the process's lock.
 */
export class FileLock {
  readonly #db: DatabaseSync;
  readonly #pidPath: string;

  private constructor(db: DatabaseSync, pidPath: string) {
    this.#db = db;
    this.#pidPath = pidPath;
  }

  static acquire(path: string): FileLock {
    const pidPath = `${path}.pid`;
    let db: DatabaseSync | undefined;
    try {
      db = new DatabaseSync(`${path}.lock`, { timeout: 0 });
      db.exec('BEGIN EXCLUSIVE');
      writeFileSync(pidPath, `${process.pid}\n`);
      return new FileLock(db, pidPath);
    } catch (error) {
      db?.close();
      const failure = storeFailure(error, `lock ${path}`);
      if (failure.code !== 'store-locked') throw failure;
      const holder = readPid(pidPath);
      throw new StoreUnavailableError(
        'store-locked',
        `open ${path}: process ${holder ?? '(unknown)'} has it open; stop that process or use another folder`,
        { cause: error },
      );
    }
  }

  release(): void {
    rmSync(this.#pidPath, { force: true });
    this.#db.close();
  }
}

function readPid(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}
