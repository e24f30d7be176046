import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { type Clock, SkerryError } from '@skerry/base';
import type { TaskKind } from '@skerry/center';
import { type DataDirectory, dataDirectory } from '#data-directory.ts';
import { makeBackup } from './backup.ts';

export interface BackupTaskOptions {
  readonly data: DataDirectory;
  readonly ownName: () => string;
  readonly clock: Clock;
}

/**
 * A backup as a task: of `spec.cluster`, or of the whole center. It is written to `input.file`, which only the local
 * administrator can name, else below `backups/` of the data directory.
 */
export function backupTask({ data, ownName, clock }: BackupTaskOptions): TaskKind {
  return {
    steps: () => [
      {
        title: 'copied',
        async run(context) {
          const { cluster, input } = context.spec;
          const file = fileOf(data, context.name, input?.['file']);
          // Begun by this very task: a center that ended between writing and recording has done it.
          if (context.memo['file'] === file && existsSync(file)) return file;
          await context.remember({ file });
          await makeBackup({
            data: folderOf(data, cluster, ownName()),
            what: cluster === undefined ? 'center' : 'cluster',
            cluster: cluster ?? ownName(),
            file,
            clock,
            signal: context.signal,
            say: (store) => context.say(store),
          });
          return file;
        },
      },
    ],
  };
}

function fileOf(data: DataDirectory, task: string, asked: unknown): string {
  if (typeof asked !== 'string') return join(data.path, 'backups', `${task}.skerry-backup`);
  if (!isAbsolute(asked)) throw new SkerryError('backup-failed', `${asked} is no absolute path`);
  return asked;
}

function folderOf(data: DataDirectory, cluster: string | undefined, own: string): DataDirectory {
  if (cluster === undefined || cluster === own) return data;
  const folder = dataDirectory(join(data.clusters, cluster));
  if (!/^[a-z0-9][a-z0-9.-]*$/.test(cluster) || !existsSync(folder.database))
    throw new SkerryError('cluster-not-found', `there is no hosted cluster ${cluster}`);
  return folder;
}
