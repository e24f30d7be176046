/** What `skerry backup` and `skerry restore` do: as tasks of the center where it runs, by themselves where it doesn't. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Clock, SkerryError } from '@skerry/base';
import { centerResources, type Cluster, requestedBy, restoredFrom, type TaskObject } from '@skerry/center';
import { followTask } from '#clusters/follow-task.ts';
import { requireCenter } from '#compose/installation.ts';
import { localAdmin, managementClient } from '#compose/management-credential.ts';
import { type DataDirectory, dataDirectory, lockDataDirectory } from '#data-directory.ts';
import type { Report } from '#terminal/report.ts';
import { makeBackup, restoreBackup } from './backup.ts';

interface Given {
  readonly clock: Clock;
  readonly report: Report;
}

export async function backup(
  data: DataDirectory,
  { output, cluster, clock, report }: Given & { output: string; cluster?: string },
): Promise<void> {
  const file = resolve(output);
  if (runs(data)) await backupByCenter(data, { file, cluster, clock, report });
  else await backupAtRest(data, { file, cluster, clock });
  report.line(`${file}: keep it as secret as the keys that it holds`);
}

function runs(data: DataDirectory): boolean {
  requireCenter(data);
  try {
    lockDataDirectory(data, 'skerry backup').release();
    return false;
  } catch (error) {
    if (error instanceof SkerryError && error.code === 'data-directory-in-use') return true;
    throw error;
  }
}

async function backupByCenter(
  data: DataDirectory,
  { file, cluster, clock, report }: Given & { file: string; cluster?: string },
): Promise<void> {
  const client = managementClient(data, clock);
  try {
    const task = await client.resource<TaskObject>(centerResources.tasks).create({
      metadata: { generateName: 'backup-' },
      spec: {
        kind: 'backup',
        title: cluster === undefined ? 'Back up the center' : `Back up cluster ${cluster}`,
        ...(cluster === undefined ? {} : { cluster }),
        user: localAdmin,
        input: { file },
      },
    });
    await followTask(client, task.metadata?.name ?? '', { clock, report });
  } finally {
    client.close();
  }
}

async function backupAtRest(
  data: DataDirectory,
  { file, cluster, clock }: { file: string; cluster?: string; clock: Clock },
): Promise<void> {
  const hosted = cluster === undefined ? undefined : dataDirectory(join(data.clusters, cluster));
  // Any other name is that of the center's own cluster.
  const folder = hosted && existsSync(hosted.database) ? hosted : data;
  await makeBackup({
    data: folder,
    what: cluster === undefined ? 'center' : 'cluster',
    cluster: cluster ?? 'all',
    file,
    clock,
  });
}

/** Into a data directory that is new, or as one more cluster of a center that runs. */
export async function restore(
  data: DataDirectory,
  { file: named, as: name, clock, report }: Given & { file: string; as?: string },
): Promise<void> {
  const file = resolve(named);
  if (name === undefined) {
    const { what, cluster, made } = await restoreBackup(file, data.path);
    const of = what === 'center' ? 'the whole center' : `cluster ${cluster}`;
    report.line(`${of} as it was at ${made}; start it with \`skerry server --data-dir ${data.path}\``);
    return;
  }
  const client = managementClient(data, clock);
  try {
    const annotations = { [requestedBy]: localAdmin, [restoredFrom]: file };
    const { metadata } = await client
      .resource<Cluster>(centerResources.clusters)
      .create({ metadata: { name, annotations }, spec: { type: 'hosted', displayName: name } });
    await followTask(client, `restore-${name}-${metadata?.uid?.slice(0, 8)}`, { clock, report });
  } finally {
    client.close();
  }
}
