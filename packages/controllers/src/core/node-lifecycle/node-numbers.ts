/** Numbers of nodes and of what their silence costs their pods, under the names of stock clusters. */
import type { Node } from '@skerry/api';
import type { Informer } from '@skerry/client';
import { readyStatus } from '#core/node-lifecycle/taints.ts';
import { zoneOf } from '#core/node-lifecycle/zones.ts';
import type { Metrics } from '#runtime/metrics.ts';
import { exponential } from '#runtime/numbers.ts';

export function nodeNumbers(metrics: Metrics) {
  let copies: Informer<Node> | undefined;
  const byZone = (name: string, help: string, of: (nodes: number, silent: number) => number) =>
    metrics.sampled({ name: `node_collector_${name}`, help, type: 'gauge', labels: ['zone'] }, () =>
      [...Map.groupBy(copies?.list() ?? [], zoneOf)].map(([zone, nodes]) => {
        const silent = nodes.filter((node) => readyStatus(node) !== 'True').length;
        return [[zone], of(nodes.length, silent)] as const;
      }),
    );
  byZone('zone_size', 'Gauge measuring number of registered Nodes per zones.', (nodes) => nodes);
  byZone(
    'zone_health',
    'Gauge measuring percentage of healthy nodes per zone.',
    (nodes, silent) => (100 * (nodes - silent)) / nodes,
  );
  byZone(
    'unhealthy_nodes_in_zone',
    'Gauge measuring number of not Ready Nodes per zones.',
    (_, silent) => silent,
  );
  const evictions = metrics.counter({
    name: 'node_collector_evictions_total',
    help: 'Number of Node evictions that happened since current instance of NodeController started.',
    labels: ['zone'],
  });
  const all = metrics
    .histogram({
      name: 'node_collector_update_all_nodes_health_duration_seconds',
      help: 'Duration in seconds for NodeController to update the health of all nodes.',
      buckets: exponential(0.01, 4, 8),
    })
    .with();
  const one = metrics
    .histogram({
      name: 'node_collector_update_node_health_duration_seconds',
      help: 'Duration in seconds for NodeController to update the health of a single node.',
      buckets: exponential(0.001, 4, 8),
    })
    .with();
  return {
    follow: (nodes: Informer<Node>) => void (copies = nodes),
    emptied: (node: Node) => evictions.with(zoneOf(node)).add(),
    judgedAll: (seconds: number) => all.observe(seconds),
    judged: (seconds: number) => one.observe(seconds),
  };
}

export function taintEvictionNumbers(metrics: Metrics) {
  const deletions = metrics
    .counter({
      name: 'taint_eviction_controller_pod_deletions_total',
      help: 'Total number of Pods deleted by TaintEvictionController since its start.',
    })
    .with();
  const lateness = metrics
    .histogram({
      name: 'taint_eviction_controller_pod_deletion_duration_seconds',
      help: 'Latency, in seconds, between the time when a taint effect has been activated for the Pod and its deletion via TaintEvictionController.',
      buckets: [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 30, 60, 120, 180, 240],
    })
    .with();
  return {
    deleted(lateSeconds: number) {
      deletions.add();
      lateness.observe(lateSeconds);
    },
  };
}
