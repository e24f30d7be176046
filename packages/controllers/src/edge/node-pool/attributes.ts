/**
 * What a pool gives to its nodes. A node remembers in an annotation what it was given, so that what a pool no longer has
 * is taken back, and what somebody else has put on the node, or changed there since, is left alone.
 */
import {
  autonomyDurationAnnotation,
  hostNetworkLabel,
  type Node,
  saysAutonomy,
  type Taint,
} from '@skerry/api';
import { isSame } from '#runtime/canonical.ts';
import { nodePoolLabel } from '#edge/node-pool/definition.ts';
import type { NodePool } from '#edge/node-pool/definition.ts';

export const givenAnnotation = 'nodepool.openyurt.io/previous-attributes';

interface Attributes {
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
  readonly taints: readonly Taint[];
}

/** A merge patch that gives the node its pool's attributes; undefined when there is nothing to change. */
export function attributePatch(node: Node, pool: NodePool | undefined): object | undefined {
  const given = givenTo(node);
  const wanted = withAutonomy(attributesOf(pool), { node, given, pool });
  const labels = merged(node.metadata.labels, { given: given.labels, wanted: wanted.labels });
  const annotations = merged(node.metadata.annotations, {
    given: given.annotations,
    wanted: wanted.annotations,
  });
  const taints = mergedTaints(node.spec?.taints ?? [], { given: given.taints, wanted: wanted.taints });
  const isNothing =
    Object.keys(wanted.labels).length + Object.keys(wanted.annotations).length + wanted.taints.length === 0;
  const memory = isNothing ? null : JSON.stringify(wanted);
  const isMemoryTrue = (node.metadata.annotations?.[givenAnnotation] ?? null) === memory;
  if (!labels && !annotations && !taints && isMemoryTrue) return undefined;
  const { uid, resourceVersion } = node.metadata;
  return {
    metadata: {
      uid,
      resourceVersion,
      ...(labels ? { labels } : {}),
      annotations: { ...annotations, [givenAnnotation]: memory },
    },
    ...(taints ? { spec: { taints: taints.length > 0 ? taints : null } } : {}),
  };
}

function attributesOf(pool: NodePool | undefined): Attributes {
  const { labels = {}, annotations = {}, taints = [], hostNetwork } = pool?.spec ?? {};
  // Membership is never the pool's to give.
  const { [nodePoolLabel]: _membership, ...others } = labels;
  const { [givenAnnotation]: _memory, ...notes } = annotations;
  // Read by the scheduler: pods that want a network of their own go elsewhere.
  const network: Record<string, string> = hostNetwork ? { [hostNetworkLabel]: 'true' } : {};
  return { labels: { ...others, ...network }, annotations: notes, taints };
}

/** What a machine behind a thin line is expected to get over: its pods are kept for a day. */
const autonomyDefault = '24h';

/** Nodes of an edge pool keep their pods when they can't be reached, unless the pool or the node itself says something else. */
function withAutonomy(
  wanted: Attributes,
  { node, given, pool }: { node: Node; given: Attributes; pool: NodePool | undefined },
): Attributes {
  if (!pool || (pool.spec?.type ?? 'Edge') !== 'Edge') return wanted;
  if (saysAutonomy({ metadata: { annotations: wanted.annotations } })) return wanted;
  const name = autonomyDurationAnnotation;
  const isGiven =
    given.annotations[name] !== undefined && given.annotations[name] === node.metadata.annotations?.[name];
  if (!isGiven && saysAutonomy(node)) return wanted;
  return { ...wanted, annotations: { ...wanted.annotations, [name]: autonomyDefault } };
}

function givenTo(node: Node): Attributes {
  const nothing: Attributes = { labels: {}, annotations: {}, taints: [] };
  try {
    const value: unknown = JSON.parse(node.metadata.annotations?.[givenAnnotation] ?? '{}');
    return typeof value === 'object' && value !== null ? { ...nothing, ...value } : nothing;
  } catch {
    return nothing;
  }
}

/** Changes as a merge patch has them; undefined when there are none. */
function merged(
  present: Readonly<Record<string, string>> = {},
  { given, wanted }: { given: Readonly<Record<string, string>>; wanted: Readonly<Record<string, string>> },
): Record<string, string | null> | undefined {
  const changes: Record<string, string | null> = {};
  for (const [name, value] of Object.entries(wanted)) if (present[name] !== value) changes[name] = value;
  for (const [name, value] of Object.entries(given)) {
    if (!(name in wanted) && present[name] === value) changes[name] = null;
  }
  return Object.keys(changes).length > 0 ? changes : undefined;
}

function mergedTaints(
  present: readonly Taint[],
  { given, wanted }: { given: readonly Taint[]; wanted: readonly Taint[] },
): Taint[] | undefined {
  const isOne = (a: Taint) => (b: Taint) => a.key === b.key && a.effect === b.effect;
  const isEqual = (a: Taint, b: Taint) => isOne(a)(b) && (a.value ?? '') === (b.value ?? '');
  const kept = present.filter((taint) => {
    const old = given.find(isOne(taint));
    return !(old && isEqual(old, taint) && !wanted.some(isOne(taint)));
  });
  const next = kept.map((taint) => {
    const want = wanted.find(isOne(taint));
    return want && !isEqual(want, taint) ? want : taint;
  });
  for (const want of wanted) if (!next.some(isOne(want))) next.push(want);
  return isSame(next, present) ? undefined : next;
}
