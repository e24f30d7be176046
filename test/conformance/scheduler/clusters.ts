/** The two clusters on which cases are played: kube-apiserver with kube-scheduler, and ours in this process. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeObject, Namespace, Node, Pod, Service } from '@skerry/api';
import { silentLogger, systemClock } from '@skerry/base';
import { eventually } from '@skerry/base/testing';
import { type ApiClient, resources } from '@skerry/client';
import { Cluster, podInfoOf, runScheduler, scoresOf } from '@skerry/scheduler';
import { adminClient } from '../admin-client.ts';
import { startOwnServer } from '../own-server.ts';
import { managerPrograms, startScheduler } from '../reference-managers.ts';
import { startReferenceServer } from '../reference-server.ts';
import type { Outcome } from './case.ts';
import { furnish, patient, type SchedulerCluster } from './play.ts';

export interface ClosableCluster extends SchedulerCluster {
  close(): Promise<void>;
}

export async function startOwnCluster(): Promise<ClosableCluster> {
  const server = await startOwnServer();
  const client = adminClient(server.target, 'scheduling cases');
  await furnish(client);
  return {
    client,
    async startScheduler() {
      const scores = await ownScores(client);
      const stop = new AbortController();
      const running = runScheduler({
        client,
        clock: systemClock,
        log: silentLogger,
        random: Math.random,
        signal: stop.signal,
      });
      return {
        scores: () => Promise.resolve(scores),
        async stop() {
          stop.abort();
          await running;
        },
      };
    },
    async close() {
      client.close();
      await server.close();
    },
  };
}

/** What our plug-ins say of the one pod that waits, as all is now. */
async function ownScores(client: ApiClient): Promise<Outcome['scores']> {
  const all = async <T extends KubeObject>(ref: Parameters<ApiClient['resource']>[0]) =>
    (await client.resource<T>(ref).list()).items;
  const namespaces = await all<Namespace>(resources.namespaces);

  const services = await all<Service>(resources.services);
  const labels = new Map(namespaces.map(({ metadata }) => [metadata.name, metadata.labels ?? {}]));
  const cluster = new Cluster({
    namespaceLabels: (name) => labels.get(name) ?? {},
    services: (namespace) => services.filter(({ metadata }) => metadata.namespace === namespace),
  });
  for (const node of await all<Node>(resources.nodes)) cluster.setNode(node);
  const pods = await all<Pod>(resources.pods);
  for (const pod of pods) if (pod.spec?.nodeName) cluster.placePod(podInfoOf(pod), pod.spec.nodeName);
  const waiting = pods.find(({ spec }) => !spec?.nodeName);
  if (!waiting || waiting.spec?.volumes?.some((volume) => volume.persistentVolumeClaim)) return undefined;
  return scoresOf(cluster, podInfoOf(waiting));
}

/** Says of each pod how each plug-in rates each node. */
const verbosity = '-v=10';
const scored = /"Plugin scored node for pod" pod="default\/p" plugin="(\w+)" node="([^"]+)" score=(-?\d+)/g;

export async function startStockCluster(): Promise<ClosableCluster> {
  const programs = managerPrograms();
  if (!programs)
    throw new Error('KUBE_APISERVER, ETCD, KUBE_CONTROLLER_MANAGER and KUBE_SCHEDULER are needed');
  const server = await startReferenceServer();
  const client = adminClient(server, 'scheduling cases');
  await furnish(client);
  const log = join(server.directory, 'kube-scheduler.log');
  return {
    client,
    async startScheduler() {
      const scheduler = startScheduler(server, programs.scheduler, [verbosity]);
      return {
        async scores() {
          const said = () => readFileSync(log, 'utf8');
          await eventually(() => assert.match(said(), /"Successfully bound pod/), patient);
          const found: Record<string, Record<string, number>> = {};
          for (const [, plugin = '', node = '', score] of said().matchAll(scored))
            (found[node] ??= {})[plugin] = Number(score);
          return Object.keys(found).length > 0 ? found : undefined;
        },
        stop: () => scheduler.stop(),
      };
    },
    async close() {
      client.close();
      await server.close();
    },
  };
}
