/** The two clusters on which sequences are played: kube-apiserver with kube-controller-manager, and ours in this process. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeObject, Node } from '@skerry/api';
import { type AccountRights, dialLoopback } from '@skerry/apiserver/testing';
import { silentLogger, systemClock } from '@skerry/base';
import { type ApiClient, resources } from '@skerry/client';
import { runControllers } from '@skerry/controllers';
import { createCertificateAuthority } from '@skerry/pki';
import { runScheduler, schedulerConfiguration } from '@skerry/scheduler';
import { accountClient, adminClient } from '../admin-client.ts';
import { startOwnServer } from '../own-server.ts';
import { managerPrograms, startControllerManager, startScheduler } from '../reference-managers.ts';
import { startReferenceServer } from '../reference-server.ts';
import { type Adapter, metricsGroup, startAdapter } from './adapter.ts';
import { nodeNames, Player } from './player.ts';
import { schedulerName } from './sequence.ts';

export interface PlayedCluster {
  readonly client: ApiClient;
  readonly player: Player;
  readonly adapter: Adapter;
  close(): Promise<void>;
}

/** Nobody renews Leases: nodes are what the sequences say of them, and new ones that say nothing are soon lost. */
const nodeMonitorGraceMs = 24 * 3_600_000;
const nodeStartupGraceMs = 2_000;
const nodeMonitorEveryMs = 500;
/** Nodes of a zone that are emptied in a second. */
const nodeEvictionRate = 0.2;

/** Each of our controllers speaks as its own account, with the rights that it has in any cluster. */
export async function startOwnCluster(rights?: AccountRights): Promise<PlayedCluster> {
  const adapter = await startAdapter();
  const server = await startOwnServer({ dial: dialLoopback, ...(rights ? { rights } : {}) });
  const client = adminClient(server.target, 'sequences');
  const stop = new AbortController();
  const authority = await createCertificateAuthority({ commonName: 'test', clock: systemClock });
  const common = { clock: systemClock, log: silentLogger, random: Math.random, signal: stop.signal };
  const running = Promise.all([
    runControllers({
      ...common,
      client,
      clientOf: (account) => accountClient(server.target, account),
      clusterCidr: '10.244.0.0/16',
      authority,
      autoscalerSyncPeriodMs: 1_000,
      nodeMonitorGracePeriodMs: nodeMonitorGraceMs,
      nodeStartupGracePeriodMs: nodeStartupGraceMs,
      nodeMonitorPeriodMs: nodeMonitorEveryMs,
      nodeEviction: { rate: nodeEvictionRate },
      podGcPeriodMs: 500,
      podGcQuarantineMs: 1_000,
    }),
    runScheduler({
      ...common,
      client,
      configuration: schedulerConfiguration({
        apiVersion: 'kubescheduler.config.k8s.io/v1',
        kind: 'KubeSchedulerConfiguration',
        profiles: [{ schedulerName }],
      }),
    }),
  ]);
  return played(client, adapter, stop, async () => {
    await running;
    await server.close();
  });
}

export async function startStockCluster(): Promise<PlayedCluster> {
  const programs = managerPrograms();
  if (!programs)
    throw new Error('KUBE_CONTROLLER_MANAGER, KUBE_SCHEDULER, KUBE_APISERVER and ETCD name no programs');
  const server = await startReferenceServer();
  const authority = await createCertificateAuthority({ commonName: 'test', clock: systemClock });
  const certificateFile = join(server.directory, 'authority.pem');
  const keyFile = join(server.directory, 'authority.key');
  writeFileSync(certificateFile, authority.certificatePem);
  writeFileSync(keyFile, authority.keyPem, { mode: 0o600 });
  const managers = [
    startControllerManager(server, programs.controllerManager, [
      '--controllers=*,token-cleaner-controller',
      '--horizontal-pod-autoscaler-sync-period=1s',
      `--node-monitor-grace-period=${nodeMonitorGraceMs}ms`,
      `--node-startup-grace-period=${nodeStartupGraceMs}ms`,
      `--node-monitor-period=${nodeMonitorEveryMs}ms`,
      `--node-eviction-rate=${nodeEvictionRate}`,
      `--root-ca-file=${certificateFile}`,
      `--cluster-signing-cert-file=${certificateFile}`,
      `--cluster-signing-key-file=${keyFile}`,
    ]),
    startScheduler(server, programs.scheduler, [], [{ schedulerName }]),
  ];
  const adapter = await startAdapter();
  return played(adminClient(server, 'sequences'), adapter, new AbortController(), async () => {
    await Promise.all(managers.map((manager) => manager.stop()));
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
  }
}
