/** Takes away old backups that nobody named a file for, so that they do not fill the disk that the store is on. */
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface BackupBounds {
  /** So many are kept; 0: all. */
  readonly keep: number;
  /** Days; 0: however old. The newest is kept in any case. */
  readonly maxAgeDays: number;
}

export const backupSuffix = '.skerry-backup';
const dayMs = 24 * 60 * 60_000;

/** @returns the names of those that went */
export async function pruneBackups(
  folder: string,
  { keep, maxAgeDays, nowMs }: BackupBounds & { readonly nowMs: number },
): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(backupSuffix));
  const dated = await Promise.all(
    names.map(async (name) => ({ name, madeMs: (await stat(join(folder, name))).mtimeMs })),
  );
  dated.sort((a, b) => b.madeMs - a.madeMs || (a.name < b.name ? 1 : -1));
  const old = dated.filter(
    ({ madeMs }, index) =>
      index > 0 && ((keep > 0 && index >= keep) || (maxAgeDays > 0 && nowMs - madeMs > maxAgeDays * dayMs)),
  );
  for (const { name } of old) await rm(join(folder, name), { force: true });
  return old.map(({ name }) => name);
}
