/**
 * The center's process: the management API, the hosting of clusters, long tasks, and the console's HTTPS server. One process
 * for all of it, since each Node process costs some 40 MB before it does anything; what must outlive its faults, the
 * clusters' processes, is the supervisor's.
 */
import { pinOfCertificate } from '@skerry/pki';
import { type Clock, type Logger, type Service, sleep, supervise } from '@skerry/base';
import {
  AddressRules,
  AvailabilityKeeper,
  centerResources,
  type Cluster,
  type ClusterAccess,
  ClusterController,
  clusterDefinition,
  ComponentController,
  componentDefinition,
  componentRoutes,
  ComponentService,
  componentTask,
  connectImported,
  ensureIdentities,
  ensureOwnCluster,
  guardedDial,
  installDefinitions,
  installPolicies,
  kubeconfigStamp,
  managementCluster,
  peopleDefinitions,
  type OpenConnection,
  RegisteredConnections,
  taskDefinition,
  type TaskObject,
  taskRoutes,
  TaskRunner,
} from '@skerry/center';
import type { ApiClient } from '@skerry/client';
import { aborted } from '#process/run-until-stopped.ts';
import { settleMemory } from '#process/settle-memory.ts';
import { backupTask } from '#backup/backup-task.ts';
import { certificateReading } from './certificate-upkeep.ts';
import type { ConsoleFacts } from './center.ts';
import { MachineHost } from './cluster-host.ts';
import { componentOptions } from './component-options.ts';
import { startConsole } from './console.ts';
import { connectOverSocket } from './hosted-connection.ts';
import { type Installation, reachableAddress, writeAdminKubeconfig } from './installation.ts';
import { startManagementApi } from './management-api.ts';

export interface CenterProcessOptions {
  readonly installation: Installation;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  readonly onReady: (facts: ConsoleFacts) => void;
  /** To the supervisor, and from it. */
  readonly tell: (message: object) => void;
  readonly onTold: (take: (message: unknown) => void) => void;
}

const refreshEveryMs = 1_000;
const backupsKept = 10;

export async function runCenterProcess(options: CenterProcessOptions, signal: AbortSignal): Promise<void> {
  const { installation, clock, log, random, tell, onTold, onReady } = options;
  const { data } = installation;
  await using opened = new AsyncDisposableStack();
  const management = await startManagementApi(data, { clock, log, random });
  opened.defer(() => management.close());
  const { client } = management;
  await installDefinitions(
    client,
    [clusterDefinition, taskDefinition, componentDefinition, ...peopleDefinitions],
    {
      clock,
      signal,
    },
  );
  await installPolicies(client);
  await ensureIdentities(client, { machinesJoin: false });
  let ownName = '';
  const host = new MachineHost({ data, own: installation, ownName: () => ownName, clock, tell });
  onTold((message) => host.take(message));
  const { clusterName } = installation.config;
  ownName = await ensureOwnCluster(client, { clusterName, facts: await host.factsOfOwn() });

  const dial = guardedDial(new AddressRules(installation.config.importAllow ?? []));
  const connections = new RegisteredConnections({
    client,
    clock,
    log,
    connect: (cluster) =>
      cluster.spec.type === 'imported'
        ? connectImported(cluster, { client, dial, clock })
        : connectHosted(host, cluster, clock),
    stampOf: ({ metadata, spec }) =>
      spec.type === 'imported' ? kubeconfigStamp(client, metadata?.name ?? '') : Promise.resolve(''),
    fixed: { [managementCluster]: management.connection },
  });
  opened.defer(() => connections.close());
  const clusters = new ClusterController({ client, host, dial, clock, log, onTask: () => tasks.wake() });
  const componentWork = componentOptions({ data, client, config: installation.config, dial, clock, log });
  const tasks = new TaskRunner({
    client,
    clock,
    log,
    kinds: {
      ...clusters.taskKinds,
      backup: backupTask({
        data,
        ownName: () => ownName,
        clock,
        bounds: {
          keep: installation.config.backupsKeep ?? backupsKept,
          maxAgeDays: installation.config.backupsMaxAge ?? 0,
        },
      }),
      component: componentTask(componentWork),
    },
  });
  const components = new ComponentController({ client, clock, log, onTask: () => tasks.wake() });
  const availability = new AvailabilityKeeper({
    client,
    clock,
    log,
    probe: (cluster, probing) => probe(connections, cluster, probing),
  });
  const services: Service[] = [
    clusters,
    components,
    { name: 'tasks', run: (stop) => tasks.run(stop) },
    availability,
    { name: 'connections', run: (stop) => keepConnected(connections, clock, stop) },
  ];
  const stop = new AbortController();
  const working = services.map((service) => supervise(service, { clock, log, signal: stop.signal }));
  opened.defer(async () => {
    stop.abort(new Error('asked to stop'));
    await Promise.allSettled(working);
  });

  const service = new ComponentService(componentWork, () => tasks.wake());
  const routes = (access: ClusterAccess) => [
    ...taskRoutes({ client, access }),
    ...componentRoutes({ service, access, task: (name) => taskOf(client, name) }),
  ];
  const console = await startConsole({ installation, management, connections, routes, clock, log, random });
  opened.defer(() => console.close());
  const certificates = certificateReading({
    installation,
    clock,
    onRenewed: (certificate) => console.renew(certificate),
  });
  working.push(supervise(certificates, { clock, log, signal: stop.signal }));
  onReady(console.facts);
  settleMemory();
  await aborted(signal);
}

function taskOf(client: ApiClient, name: string): Promise<TaskObject> {
  return client.resource<TaskObject>(centerResources.tasks).get(name);
}

async function connectHosted(host: MachineHost, cluster: Cluster, clock: Clock): Promise<OpenConnection> {
  const installation = await host.installation(cluster.metadata?.name ?? '');
  const { data, authority, componentTokens, config, serverCertificate } = installation;
  await writeAdminKubeconfig(installation, clock);
  const admin = await host.adminClient(cluster.metadata?.name ?? '');
  try {
    await ensureIdentities(admin);
  } finally {
    admin.close();
  }
  const server = `https://${config.advertise[0] ?? reachableAddress(config)}:${config.port}`;
  return connectOverSocket(data.apiSocket, {
    tokens: componentTokens,
    address: {
      server,
      ca: authority.certificatePem,
      pin: pinOfCertificate(serverCertificate.certificatePem),
    },
    hosted: true,
  });
}

async function keepConnected(
  connections: RegisteredConnections,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await connections.refresh();
    await sleep(clock, refreshEveryMs, signal).catch(() => undefined);
  }
}

/** Ready, and of which version. */
async function probe(
  connections: RegisteredConnections,
  { metadata }: Cluster,
  signal: AbortSignal,
): Promise<string> {
  const connection = connections.get(metadata?.name ?? '');
  if (!connection) throw new Error('it has not been reached yet');
  const ask = async (path: string) => {
    const headers = { accept: 'application/json', 'user-agent': 'skerry-probe' };
    const answer = await connection.reader.request({ method: 'GET', path, headers, signal });
    const chunks: Uint8Array[] = [];
    for await (const chunk of answer.body) chunks.push(chunk);
    if (answer.status !== 200) throw new Error(`${path} answers ${answer.status}`);
    return Buffer.concat(chunks).toString('utf8');
  };
  await ask('/readyz');
  return (JSON.parse(await ask('/version')) as { gitVersion: string }).gitVersion;
}
