/** What `skerry cluster` does, by way of the management API; the work itself is the center's. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isApiError, type Secret } from '@skerry/api';
import { type Clock, SkerryError } from '@skerry/base';
import { centerResources, type Cluster, kubeconfigSecret, requestedBy } from '@skerry/center';
import { type ApiClient, kubeconfigText, parseForeignKubeconfig, resources } from '@skerry/client';
import type { CreateFlags, ImportFlags } from '#commands/cluster.ts';
import { localAdmin, managementClient } from '#compose/management-credential.ts';
import { type DataDirectory, dataDirectory } from '#data-directory.ts';
import type { Report } from '#terminal/report.ts';
import { table } from '#terminal/table.ts';
import { followTask } from './follow-task.ts';

export async function createCluster(
  data: DataDirectory,
  { name, flags, clock, report }: { name: string; flags: CreateFlags; clock: Clock; report: Report },
): Promise<void> {
  await using management = open(data, clock);
  const created = await management.clusters.create({
    metadata: { name, annotations: { [requestedBy]: localAdmin } },
    spec: {
      type: 'hosted',
      displayName: flags.displayName ?? name,
      region: flags.region,
      version: flags.kubernetesVersion,
      podCIDR: flags.podCidr,
      serviceCIDR: flags.serviceCidr,
      port: flags.port,
      advertise: flags.advertise,
      deletionProtection: flags.protect,
    },
  });
  const task = `create-cluster-${name}-${created.metadata?.uid?.slice(0, 8)}`;
  await followTask(management.client, task, { clock, report });
  const { status } = await management.clusters.get(name);
  report.line(
    `${name} answers at ${status?.endpoint}; \`skerry cluster kubeconfig ${name}\` prints its kubeconfig`,
  );
}

export async function importCluster(
  data: DataDirectory,
  { name, flags, clock, report }: { name: string; flags: ImportFlags; clock: Clock; report: Report },
): Promise<void> {
  const text = await readFile(flags.kubeconfig, 'utf8').catch((cause: unknown) => {
    throw new SkerryError('kubeconfig-unreadable', `${flags.kubeconfig} can't be read`, { cause });
  });
  // Only the chosen context goes on, whatever else the file holds.
  const chosen = parseForeignKubeconfig(text, flags.context);
  await using management = open(data, clock);
  const secrets = management.client.resource<Secret>(resources.secrets);
  const secret = kubeconfigSecret(name, kubeconfigText({ cluster: name, user: 'center', ...chosen }));
  await secrets.create(secret);
  let task: string;
  try {
    const { metadata } = await management.clusters.create({
      metadata: { name, annotations: { [requestedBy]: localAdmin } },
      spec: { type: 'imported', displayName: flags.displayName ?? name, region: flags.region },
    });
    task = `import-cluster-${name}-${metadata?.uid?.slice(0, 8)}`;
  } catch (error) {
    await secrets.delete(secret.metadata?.name ?? '', { namespace: secret.metadata?.namespace });
    throw error;
  }
  await followTask(management.client, task, { clock, report });
}

export async function listClusters(
  data: DataDirectory,
  { output, clock }: { output: string; clock: Clock },
): Promise<string> {
  await using management = open(data, clock);
  const clusters = await management.clusters.list();
  if (output === 'json') return `${JSON.stringify(clusters, null, 2)}\n`;
  return table(
    ['NAME', 'TYPE', 'REGION', 'PHASE', 'VERSION', 'ENDPOINT', 'AVAILABILITY', 'RESTARTS', 'PROTECTED'],
    clusters.items.map(({ metadata, spec, status }) => [
      metadata?.name ?? '',
      spec.type,
      spec.region ?? '-',
      status?.phase ?? 'Pending',
      status?.version ?? '-',
      status?.endpoint ?? '-',
      status?.availability ? `${(status.availability.ratio * 100).toFixed(3)} %` : '-',
      String(status?.processes?.restarts ?? '-'),
      spec.deletionProtection ? 'yes' : 'no',
    ]),
  );
}

export async function deleteCluster(
  data: DataDirectory,
  { name, confirm, clock, report }: { name: string; confirm: string; clock: Clock; report: Report },
): Promise<void> {
  if (confirm !== name)
    throw new SkerryError('cluster-not-confirmed', `--confirm says ${confirm}, which is not ${name}`);
  await using management = open(data, clock);
  const { metadata } = await management.get(name);
  await management.clusters.delete(name);
  const task = `delete-cluster-${name}-${metadata?.uid?.slice(0, 8)}`;
  await followTask(management.client, task, { clock, report });
}

export async function protectCluster(
  data: DataDirectory,
  { name, on, clock }: { name: string; on: boolean; clock: Clock },
): Promise<void> {
  await using management = open(data, clock);
  await management.get(name);
  await management.clusters.patch(name, { spec: { deletionProtection: on } }, { type: 'merge' });
}

export async function clusterKubeconfig(
  data: DataDirectory,
  { name, clock }: { name: string; clock: Clock },
): Promise<string> {
  await using management = open(data, clock);
  const { spec, metadata } = await management.get(name);
  if (spec.type !== 'hosted')
    throw new SkerryError(
      'cluster-invalid',
      `${name} is not hosted here: its kubeconfig is the one it was imported by`,
    );
  const own = metadata?.labels?.['center.skerry.io/own'] === 'true';
  const folder = own ? data : dataDirectory(join(data.clusters, name));
  return readFile(folder.adminKubeconfig, 'utf8');
}

function open(data: DataDirectory, clock: Clock) {
  const client: ApiClient = managementClient(data, clock);
  const clusters = client.resource<Cluster>(centerResources.clusters);
  return {
    client,
    clusters,
    async get(name: string): Promise<Cluster> {
      try {
        return await clusters.get(name);
      } catch (error) {
        if (!isApiError(error, 'NotFound')) throw error;
        throw new SkerryError(
          'cluster-not-found',
          `there is no cluster ${name}; \`skerry cluster list\` shows them`,
        );
      }
    },
    [Symbol.asyncDispose]: () => {
      client.close();
      return Promise.resolve();
    },
  };
}
