/** Plays a case on a cluster whose scheduler is started when all is there, and takes it away again. */
import assert from 'node:assert/strict';
import type { KubeObject, Node, Pod } from '@skerry/api';
import { eventually } from '@skerry/base/testing';
import { type ApiClient, type ResourceRef, resources } from '@skerry/client';
import type { Outcome, SchedulingCase } from './case.ts';
import { priorityClasses } from './priority-classes.ts';

export interface SchedulerCluster {
  readonly client: ApiClient;
  startScheduler(): Promise<RunningScheduler>;
}

export interface RunningScheduler {
  /** Once it has bound the pod: how it rated the nodes that could take it. */
  scores(): Promise<Outcome['scores']>;
  stop(): Promise<void>;
}

export const patient = { timeoutMs: 60_000, everyMs: 20 };

export async function playCase(cluster: SchedulerCluster, played: SchedulingCase): Promise<Outcome> {
  const { client } = cluster;
  const made: [ResourceRef, KubeObject][] = [];
  const make = async (ref: ResourceRef, object: KubeObject) => {
    const { status, ...rest } = object as KubeObject & { status?: object };
    const created = await client.resource(ref).create(rest as KubeObject);
    made.push([ref, created]);
    const scope = { name: created.metadata?.name ?? '', namespace: created.metadata?.namespace };
    if (status)
      await client
        .resource(ref)
        .patch(scope.name, { status }, { type: 'merge', subresource: 'status', namespace: scope.namespace });
    return created;
  };
  try {
    for (const node of played.nodes) await makeNode(client, node, make);
    for (const [ref, object] of played.objects ?? []) await make(ref, object);
    for (const pod of played.running ?? []) await make(resources.pods, pod);
    for (const name of played.leaving ?? [])
      await client.resource(resources.pods).delete(name, { namespace: 'default' });
    await make(resources.pods, played.pod);
    return await outcomeOf(cluster, played);
  } finally {
    for (const [ref, object] of made.toReversed()) await remove(client, ref, object);
  }
}

/** What cases find there: namespace `other` of team `x`, classes, and accounts, without which pods are refused. */
export async function furnish(client: ApiClient): Promise<void> {
  const namespaces = client.resource(resources.namespaces);
  await eventually(() => namespaces.get('default'), patient);
  await namespaces.create({ metadata: { name: 'other', labels: { team: 'x' } } });
  for (const each of priorityClasses) await client.resource(resources.priorityClasses).create(each);
  for (const namespace of ['default', 'other'])
    await client.resource(resources.serviceAccounts).create({ metadata: { name: 'default', namespace } });
}

/** Servers taint a new node until its conditions are known, and nobody looks at those here. */
async function makeNode(
  client: ApiClient,
  node: Node,
  make: (ref: ResourceRef, object: KubeObject) => Promise<unknown>,
): Promise<void> {
  await make(resources.nodes, node);
  const { taints = null } = node.spec ?? {};
  await client
    .resource(resources.nodes)
    .patch(node.metadata.name ?? '', { spec: { taints } }, { type: 'merge' });
}

async function outcomeOf(cluster: SchedulerCluster, { pod, running = [] }: SchedulingCase): Promise<Outcome> {
  const pods = cluster.client.resource<Pod>(resources.pods);
  const { name = '', namespace = 'default' } = pod.metadata;
  const scheduler = await cluster.startScheduler();
  let decided: Pod | undefined;
  const conditionOf = ({ status }: Pod) => status?.conditions?.find(({ type }) => type === 'PodScheduled');
  try {
    await eventually(async () => {
      const seen = await pods.get(name, { namespace });
      assert(seen.spec?.nodeName ?? conditionOf(seen)?.message);
      decided = seen;
    }, patient);
    const condition = decided && conditionOf(decided);
    const refused = decided?.spec?.nodeName
      ? undefined
      : { reason: condition?.reason ?? '', message: condition?.message ?? '' };
    const nominated = decided?.status?.nominatedNodeName;
    const victims = nominated ? await victimsAmong(cluster.client, running) : [];
    const scores = refused ? undefined : await scheduler.scores();
    return {
      ...(refused ? { refused } : {}),
      ...(decided?.spec?.nodeName && !scores ? { node: decided.spec.nodeName } : {}),
      ...(nominated ? { nominated } : {}),
      ...(victims.length > 0 ? { victims } : {}),
      ...(scores ? { scores } : {}),
    };
  } finally {
    await scheduler.stop();
  }
}

/** Ends are asked for side by side, all before long. */
async function victimsAmong(client: ApiClient, running: readonly Pod[]): Promise<string[]> {
  let names: string[] = [];
  let rounds = 0;
  await eventually(async () => {
    const now: string[] = [];
    for (const { metadata } of running) {
      const seen = await client
        .resource<Pod>(resources.pods)
        .get(metadata.name ?? '', { namespace: metadata.namespace ?? 'default' });
      if (seen.metadata.deletionTimestamp) now.push(metadata.name ?? '');
    }
    rounds = now.length > 0 && now.join() === names.join() ? rounds + 1 : 0;
    names = now;
    assert(rounds >= 5);
  }, patient);
  return names.toSorted();
}

async function remove(client: ApiClient, ref: ResourceRef, { metadata }: KubeObject): Promise<void> {
  const { name = '', namespace } = metadata ?? {};
  const resource = client.resource(ref);
  const scope = namespace ? { namespace } : {};
  await resource.delete(name, { ...scope, gracePeriodSeconds: 0 }).catch(() => undefined);
  await resource
    .patch(name, { metadata: { finalizers: null } }, { type: 'merge', ...scope })
    .catch(() => undefined);
}
