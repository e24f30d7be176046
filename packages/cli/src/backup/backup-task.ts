import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { type Clock, SkerryError } from '@skerry/base';
import { saidText, type TaskKind } from '@skerry/center';
import { type DataDirectory, dataDirectory } from '#data-directory.ts';
import { makeBackup } from './backup.ts';
import { type BackupBounds, backupSuffix, pruneBackups } from './prune-backups.ts';

export interface BackupTaskOptions {
  readonly data: DataDirectory;
  readonly ownName: () => string;
  readonly clock: Clock;
  /** Of those that no file is named for, each cluster's by themselves. */
  readonly bounds: BackupBounds;
}

/**
 * A backup as a task: of `spec.cluster`, or of the whole center. It is written to `input.file`, which only the local
 * administrator can name, else below `backups/` of the data directory, where old ones give way.
 */
export function backupTask({ data, ownName, clock, bounds }: BackupTaskOptions): TaskKind {
  return {
    steps: () => [
      {
        title: 'copied',
        async run(context) {
          const { cluster, input } = context.spec;
          const file = fileOf(data, { task: context.name, cluster, asked: input?.['file'] });
          // Begun by this very task: a center that ended between writing and recording has done it.
          if (context.memo['file'] === file && existsSync(file)) return saidText(file);
          await context.remember({ file });
          await makeBackup({
            data: folderOf(data, cluster, ownName()),
            what: cluster === undefined ? 'center' : 'cluster',
            cluster: cluster ?? ownName(),
            file,
            clock,
            signal: context.signal,
            say: (store) => context.say(saidText(store)),
          });
          if (input?.['file'] === undefined)
            await pruneBackups(dirname(file), { ...bounds, nowMs: clock.now() });
          return saidText(file);
        },
      },
    ],
  };
}

/** No cluster can have this name. */
const wholeCenter = '_center';

function fileOf(
  data: DataDirectory,
  { task, cluster = wholeCenter, asked }: { task: string; cluster: string | undefined; asked: unknown },
): string {
  if (typeof asked !== 'string') {
    if (cluster !== wholeCenter && !isName(cluster)) throw unknownCluster(cluster);
    return join(data.path, 'backups', cluster, `${task}${backupSuffix}`);
  }
  if (!isAbsolute(asked)) throw new SkerryError('backup-failed', `${asked} is no absolute path`);
  return asked;
}

function folderOf(data: DataDirectory, cluster: string | undefined, own: string): DataDirectory {
  if (cluster === undefined || cluster === own) return data;
  const folder = dataDirectory(join(data.clusters, cluster));
  if (!isName(cluster) || !existsSync(folder.database)) throw unknownCluster(cluster);
  return folder;
}

function isName(cluster: string): boolean {
  return /^[a-z0-9][a-z0-9.-]*$/.test(cluster);
}

function unknownCluster(cluster: string): SkerryError {
  return new SkerryError('cluster-not-found', `there is no hosted cluster ${cluster}`);
}
