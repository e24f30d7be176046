/** The two clusters on which sequences are played: kube-apiserver with kube-controller-manager, and ours in this process. */
import type { KubeObject, Node } from '@skerry/api';
import { type AccountRights, dialLoopback } from '@skerry/apiserver/testing';
import { silentLogger, systemClock } from '@skerry/base';
import { type ApiClient, resources } from '@skerry/client';
import { catalogue, type ControllerName, runControllers } from '@skerry/controllers';
import { createCertificateAuthority } from '@skerry/pki';
import { accountClient, adminClient } from '../admin-client.ts';
import { startOwnServer } from '../own-server.ts';
import { controllerManagerProgram, startControllerManager } from '../reference-managers.ts';
import { startReferenceServer } from '../reference-server.ts';
import { type Adapter, metricsGroup, startAdapter } from './adapter.ts';
import { nodeNames, Player } from './player.ts';

export interface PlayedCluster {
  readonly client: ApiClient;
  readonly player: Player;
  readonly adapter: Adapter;
  close(): Promise<void>;
}

/** They judge nodes by what agents say, and there are none. */
const notRun: readonly string[] = ['node-lifecycle-controller', 'taint-eviction-controller'];

/** Each of our controllers speaks as its own account, with the rights that it has in any cluster. */
export async function startOwnCluster(rights?: AccountRights): Promise<PlayedCluster> {
  const adapter = await startAdapter();
  const server = await startOwnServer({ dial: dialLoopback, ...(rights ? { rights } : {}) });
  const client = adminClient(server.target, 'sequences');
  const stop = new AbortController();
  const authority = await createCertificateAuthority({ commonName: 'test', clock: systemClock });
  const names = (Object.keys(catalogue) as ControllerName[]).filter((name) => !notRun.includes(name));
  const running = runControllers({
    client,
    clientOf: (account) => accountClient(server.target, account),
    clock: systemClock,
    log: silentLogger,
    random: Math.random,
    signal: stop.signal,
    clusterCidr: '10.244.0.0/16',
    authority,
    names,
    autoscalerSyncPeriodMs: 1_000,
  });
  return played(client, adapter, stop, async () => {
    await running;
    await server.close();
  });
}

export async function startStockCluster(): Promise<PlayedCluster> {
  const program = controllerManagerProgram();
  if (!program) throw new Error('KUBE_CONTROLLER_MANAGER, KUBE_APISERVER and ETCD name no programs');
  const server = await startReferenceServer();
  const manager = startControllerManager(server, program, [
    `--controllers=*,${notRun.map((name) => `-${name}`).join(',')}`,
    '--horizontal-pod-autoscaler-sync-period=1s',
  ]);
  const adapter = await startAdapter();
  return played(adminClient(server, 'sequences'), adapter, new AbortController(), async () => {
    await manager.stop();
    await server.close();
  });
}

async function played(
  client: ApiClient,
  adapter: Adapter,
  stop: AbortController,
  end: () => Promise<void>,
): Promise<PlayedCluster> {
  try {
    await makeNodes(client);
    await bringMetrics(client, adapter);
  } catch (error) {
    stop.abort();
    await Promise.all([end(), adapter.close()]);
    throw error;
  }
  const player = new Player(client);
  const playing = player.run(stop.signal);
  return {
    client,
    player,
    adapter,
    async close() {
      stop.abort();
      await playing.catch(() => undefined);
      await end();
      await adapter.close();
      client.close();
    },
  };
}

/** A Service that is another name of this machine: both servers find the adapter by it. */
async function bringMetrics(client: ApiClient, { port }: Adapter): Promise<void> {
  const service = { namespace: 'default', name: 'metrics-adapter' };
  await client.resource(resources.services).create({
    metadata: service,
    spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ port }] },
  } as KubeObject);
  const body = {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: `v1beta1.${metricsGroup}` },
    spec: {
      group: metricsGroup,
      version: 'v1beta1',
      groupPriorityMinimum: 100,
      versionPriority: 100,
      insecureSkipTLSVerify: true,
      service: { ...service, port },
    },
  };
  await client.request('POST', '/apis/apiregistration.k8s.io/v1/apiservices', { body });
}

async function makeNodes(client: ApiClient): Promise<void> {
  const nodes = client.resource<Node>(resources.nodes);
  for (const name of nodeNames) {
    await nodes.create({ metadata: { name } });
    const allocatable = { cpu: '100', memory: '100Gi', pods: '500' };
    const conditions = [{ type: 'Ready', status: 'True' }];
    const status = { allocatable, capacity: allocatable, conditions };
    // By patch: controllers write to new nodes, too.
    await nodes.patch(name, { status }, { type: 'merge', subresource: 'status' });
    // New ones are tainted, and who would take that away again does not run.
    await nodes.patch(name, { spec: { taints: null } }, { type: 'merge' });
  }
}
