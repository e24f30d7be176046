/** What the components of our own found, put together by region: read from pods' status, or from pods through the API server. */
import type { Node, Pod } from '@skerry/api';
import { type Clock, SkerryError } from '@skerry/base';
import { type ApiClient, resources } from '@skerry/client';
import type { DataDirectory } from '#data-directory.ts';
import type { LoadResult } from '#programs/load/generate-load.ts';
import type { ProbeReport } from '#programs/probe/prober.ts';
import { table } from '#terminal/table.ts';
import { withCluster } from './component-commands.ts';
import { loadByRegion, type Placed, probesByRegion } from './report-tables.ts';

export async function reportOfComponent(
  data: DataDirectory,
  given: { name: string; cluster?: string; output: string; clock: Clock },
): Promise<string> {
  const { name, cluster, output, clock } = given;
  if (name !== 'load-generator' && name !== 'prober')
    throw new SkerryError('component-unknown', `${name} reports nothing; load-generator and prober do`);
  return withCluster(data, { cluster, clock }, async (client) => {
    if (name === 'load-generator') {
      const results = await loadResults(client);
      if (output === 'json') return `${JSON.stringify(results, null, 2)}\n`;
      return table(...loadByRegion(results));
    }
    const reports = await probeReports(client);
    if (output === 'json') return `${JSON.stringify(reports, null, 2)}\n`;
    return table(...probesByRegion(reports));
  });
}

/** Of pods that have ended, by the message they left. */
async function loadResults(client: ApiClient): Promise<Placed<LoadResult>[]> {
  const pods = await podsOf(client, 'load-generator');
  return pods.flatMap(({ pod, region }) => {
    const message = pod.status?.containerStatuses?.[0]?.state?.terminated?.message;
    const result = message === undefined ? undefined : parseResult(message);
    return result ? [{ region, report: result }] : [];
  });
}

async function probeReports(client: ApiClient): Promise<Placed<ProbeReport>[]> {
  const pods = await podsOf(client, 'prober');
  const reports = await Promise.all(
    pods.map(async ({ pod, region }) => {
      const path = `/api/v1/namespaces/prober/pods/${pod.metadata?.name}:9115/proxy/report`;
      try {
        return { region, report: await client.request<ProbeReport>('GET', path) };
      } catch {
        // Cut off for now: what it found is told when it is back.
        return undefined;
      }
    }),
  );
  return reports.filter((report) => report !== undefined);
}

async function podsOf(client: ApiClient, name: string): Promise<{ pod: Pod; region: string }[]> {
  const labelSelector = `app.kubernetes.io/name=${name}`;
  const [pods, nodes] = await Promise.all([
    client.resource<Pod>(resources.pods).list({ namespace: name, labelSelector }),
    client.resource<Node>(resources.nodes).list(),
  ]);
  const regions = new Map(
    nodes.items.map(({ metadata }) => [
      metadata?.name,
      metadata?.labels?.['topology.kubernetes.io/region'] ?? '-',
    ]),
  );
  return pods.items.map((pod) => ({ pod, region: regions.get(pod.spec?.nodeName) ?? '-' }));
}

function parseResult(text: string): LoadResult | undefined {
  try {
    return JSON.parse(text) as LoadResult;
  } catch {
    return undefined;
  }
}
