/**
 * Removes pods that nobody else will: finished ones beyond a bound, those of nodes that have gone (after 40 s, in which a
 * node may come back), those being deleted that never had a node, and those being deleted on nodes marked out of service.
 * Rules: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-garbage-collection
 */
import { isApiError } from '@skerry/api';
import type { Node, Pod } from '@skerry/api';
import { resources } from '@skerry/client';
import { createPeriodic } from '#runtime/controller.ts';
import type { Controller, ControllerContext } from '#runtime/controller.ts';
import type { Metrics } from '#runtime/metrics.ts';
import { numbersOf } from '#runtime/numbers.ts';
import { isFinished } from '#runtime/pods.ts';
import { disruptionOf } from '#runtime/disruption.ts';

export interface PodGcSettings {
  /** Finished pods that may stay; 12,500 unless told. */
  readonly terminatedPodsMax?: number;
  /** How often pods are looked at; 20 s unless told. */
  readonly podGcPeriodMs?: number;
  /** How long a node may be away until its pods are removed; 40 s unless told. */
  readonly podGcQuarantineMs?: number;
}

const outOfServiceTaint = 'node.kubernetes.io/out-of-service';

export function createPodGcController(
  context: ControllerContext,
  {
    terminatedPodsMax = 12_500,
    podGcPeriodMs: everyMs = 20_000,
    podGcQuarantineMs: quarantineMs = 40_000,
  }: PodGcSettings = {},
): Controller {
  const { client, informers, clock, log } = context;
  const pods = informers.informer<Pod>(resources.pods);
  const nodes = informers.informer<Node>(resources.nodes);
  const podClient = client.resource<Pod>(resources.pods);
  const nodeClient = client.resource<Node>(resources.nodes);
  const numbers = numbersOf(context, podGcNumbers);
  /** Names of nodes that pods have and nobody knows, with when that was seen first. */
  const missing = new Map<string, number>();

  async function collectFinished(all: readonly Pod[]): Promise<void> {
    const finished = all.filter(isFinished);
    const excess = finished.length - terminatedPodsMax;
    if (excess <= 0) return;
    const isEvicted = (pod: Pod) => Number(pod.status?.reason === 'Evicted');
    const order = finished.toSorted(
      (a, b) =>
        isEvicted(b) - isEvicted(a) ||
        ((a.metadata.creationTimestamp ?? '') < (b.metadata.creationTimestamp ?? '') ? -1 : 1),
    );
    log.info('removing finished pods', { count: excess });
    for (const pod of order.slice(0, excess)) await remove(pod, 'terminated');
  }

  async function collectOrphans(all: readonly Pod[]): Promise<void> {
    const nowMs = clock.monotonic();
    const unknown = new Map<string, Pod[]>();
    for (const pod of all) {
      const node = pod.spec?.nodeName;
      if (node && !nodes.get(undefined, node)) unknown.set(node, [...(unknown.get(node) ?? []), pod]);
    }
    for (const node of missing.keys()) if (!unknown.has(node)) missing.delete(node);
    for (const [node, orphans] of unknown) {
      const sinceMs = missing.get(node) ?? nowMs;
      missing.set(node, sinceMs);
      if (nowMs - sinceMs < quarantineMs || (await exists(node))) continue;
      log.info('removing pods of a node that has gone', { node, count: orphans.length });
      for (const pod of orphans) {
        await remove(pod, 'orphaned', {
          reason: 'DeletionByPodGC',
          message: 'PodGC: node no longer exists',
        });
      }
    }
  }

  async function collectTerminating(all: readonly Pod[]): Promise<void> {
    for (const pod of all) {
      if (!pod.metadata.deletionTimestamp) continue;
      if (!pod.spec?.nodeName) {
        await remove(pod, 'unscheduled');
        continue;
      }
      const node = nodes.get(undefined, pod.spec.nodeName);
      const isOut = node?.spec?.taints?.some(({ key }) => key === outOfServiceTaint);
      if (node && isOut && !isNodeReady(node)) {
        await remove(pod, 'out-of-service');
      }
    }
  }

  async function exists(node: string): Promise<boolean> {
    try {
      await nodeClient.get(node);
      return true;
    } catch (error) {
      if (isApiError(error, 'NotFound')) return false;
      throw error;
    }
  }

  async function remove(
    pod: Pod,
    why: Reason,
    disruption?: { reason: string; message: string },
  ): Promise<void> {
    const { name = '', namespace = '', uid } = pod.metadata;
    numbers.deleted.with(namespace, why).add();
    try {
      if (!isFinished(pod)) {
        const conditions = disruption && disruptionOf(pod, disruption, clock.now());
        const status = { ...pod.status, phase: 'Failed', ...(conditions ? { conditions } : {}) };
        await podClient.update({ ...pod, status }, { subresource: 'status' });
      }
      await podClient.delete(name, { namespace, gracePeriodSeconds: 0, preconditions: { uid } });
    } catch (error) {
      if (isApiError(error, 'NotFound') || isApiError(error, 'Conflict')) return;
      numbers.failed.with(namespace, why).add();
      throw error;
    }
  }

  return createPeriodic({
    name: 'pod-garbage-collector-controller',
    context,
    waitFor: [pods, nodes],
    everyMs,
    async visit() {
      await collectFinished(pods.list());
      await collectOrphans(pods.list());
      await collectTerminating(pods.list());
    },
  });
}

type Reason = 'terminated' | 'orphaned' | 'unscheduled' | 'out-of-service';

function podGcNumbers(metrics: Metrics) {
  const counter = (name: string, help: string) =>
    metrics.counter({ name: `pod_gc_collector_${name}`, help, labels: ['namespace', 'reason'] });
  return {
    deleted: counter(
      'force_delete_pods_total',
      'Number of pods that are being forcefully deleted since the Pod GC Controller started.',
    ),
    failed: counter(
      'force_delete_pod_errors_total',
      'Number of errors encountered when forcefully deleting the pods since the Pod GC Controller started.',
    ),
  };
}

function isNodeReady(node: Node): boolean {
  return node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}
