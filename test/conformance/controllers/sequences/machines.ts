/** Nodes of a sequence: no pods but its own come to them, and they say of themselves what it says. */
import { resources } from '@skerry/client';
import type { Stage } from '../sequence.ts';
import { template } from './objects.ts';

const ownTaint = { key: 'example.com/own', effect: 'NoSchedule' };
export const ownToleration = { key: ownTaint.key, operator: 'Exists', effect: ownTaint.effect };

/** Each in a zone of its own: how many nodes are emptied at a time is counted by zone. */
function place(name: string): object {
  return { 'kubernetes.io/hostname': `~${name}`, 'topology.kubernetes.io/zone': `~${name}` };
}

/** Ready, or without a word of how it is. */
export async function makeNode(
  stage: Stage,
  name: string,
  { labels = {}, saysReady = true }: { readonly labels?: object; readonly saysReady?: boolean } = {},
): Promise<void> {
  await stage.create(resources.nodes, {
    metadata: { name: `~${name}`, labels: { ...place(name), ...labels } },
    spec: { taints: [ownTaint] },
  } as never);
  const allocatable = { cpu: '100', memory: '100Gi', pods: '500' };
  await stage.merge(
    resources.nodes,
    `~${name}`,
    { status: { allocatable, capacity: allocatable } },
    'status',
  );
  if (saysReady) await say(stage, name, { Ready: 'True' });
}

/** What a node tells of itself, in conditions. */
export async function say(
  stage: Stage,
  name: string,
  statuses: Readonly<Record<string, string>>,
): Promise<void> {
  const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  const conditions = Object.entries(statuses).map(([type, status]) => ({
    type,
    status,
    reason: 'Said',
    message: 'so it says',
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  }));
  await stage.merge(resources.nodes, `~${name}`, { status: { conditions } }, 'status');
}

/** A pod that is on its node already. */
export function podOn(node: string, name: string, { spec = {}, metadata = {}, image = 'runs:a' } = {}) {
  return {
    metadata: { name, ...metadata },
    spec: { ...template(name, image).spec, nodeName: `~${node}`, ...spec },
  } as never;
}
