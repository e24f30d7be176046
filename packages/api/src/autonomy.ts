/**
 * How long a node that can't be reached keeps its pods, as OpenYurt's annotations say it: `node.openyurt.io/autonomy-duration` with a
 * duration as Go writes it, where 0 means for good; `node.beta.openyurt.io/autonomy` and `apps.openyurt.io/binding`, older, mean for
 * good when they are `true`, and win. Anything that is no duration, such as `none`, means not at all.
 * https://openyurt.io/docs/user-manuals/autonomy/node-autonomy/
 */
import { timeText } from './instant.ts';
import type { Node, NodeCondition, Taint } from './types.generated.ts';

export const autonomyDurationAnnotation = 'node.openyurt.io/autonomy-duration';
const forGood = ['node.beta.openyurt.io/autonomy', 'apps.openyurt.io/binding'] as const;

/** Condition of a Node that can't be reached: whether its pods are kept. */
export const autonomyCondition = 'Autonomy';
/** Condition of a Node: whether its link to the center is cut. */
export const disconnectedCondition = 'Disconnected';

/** Condition of a Node out of reach: whether a majority of its neighbours in the pool that have a link no longer hear it. */
export const deadCondition = 'Dead';
/** On a Node, by the machine itself, where not all is well in its pool: a `PeerWord` in JSON. */
export const peersAnnotation = 'skerry.io/peers';

/** What a machine says of other machines of its pool, by their nodes' names. */
export interface PeerWord {
  /** It heard them on the local network, and does not any more. */
  readonly silent: readonly string[];
  /** They have no link, and are heard on the local network. */
  readonly heard: readonly string[];
}

const reports = { status: 'False', reason: 'Linked', message: 'The node reports its status.' };
const cutConditions: readonly string[] = [disconnectedCondition, deadCondition, autonomyCondition];

/**
 * What becomes of a cut's conditions once the node reports its status again: those that are not at rest, put to rest. The node says it with its
 * own report, so that thousands of nodes that return cost one write each; the center says it of nodes that don't.
 */
export function conditionsOfReturn(conditions: readonly NodeCondition[], nowMs: number): NodeCondition[] {
  return conditions
    .filter(({ type }) => cutConditions.includes(type))
    .filter(({ status, reason }) => status !== reports.status || reason !== reports.reason)
    .map((old) => ({
      ...old,
      ...reports,
      lastTransitionTime: old.status === reports.status ? old.lastTransitionTime : timeText(nowMs),
    }));
}

/** On a Node that is not heard. */
export const unreachableTaint = 'node.kubernetes.io/unreachable';

/**
 * What becomes of a Node's taints with the report that it is ready again after a cut: those of the cut go. Otherwise the center would
 * write every node that returns once more, only for them. Elsewhere a report changes no taints, and the center takes them away.
 */
export function taintsOfReturn(node: Node, old: Node): Taint[] | undefined {
  const { taints } = node.spec ?? {};
  const isReturn =
    statusOf(old, disconnectedCondition) === 'True' &&
    statusOf(old, 'Ready') !== 'True' &&
    statusOf(node, 'Ready') === 'True';
  return isReturn ? taints?.filter(({ key }) => key !== unreachableTaint) : taints;
}

function statusOf({ status }: Node, condition: string): string | undefined {
  return status?.conditions?.find(({ type }) => type === condition)?.status;
}

/** In milliseconds: Infinity for good, undefined not at all. */
export function autonomyMs({ metadata }: Pick<Node, 'metadata'>): number | undefined {
  const annotations = metadata?.annotations ?? {};
  if (forGood.some((name) => annotations[name] === 'true')) return Infinity;
  const duration = durationMs(annotations[autonomyDurationAnnotation]);
  return duration === 0 ? Infinity : duration;
}

/** Whether the node itself says something about it. */
export function saysAutonomy({ metadata }: Pick<Node, 'metadata'>): boolean {
  const annotations = metadata?.annotations ?? {};
  return [autonomyDurationAnnotation, ...forGood].some((name) => annotations[name] !== undefined);
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A duration as Go writes it: `1h30m`. Undefined for anything else. */
export function durationMs(text: string | undefined): number | undefined {
  if (text === undefined || !/^(?:0|(?:\d+(?:\.\d+)?(?:ms|s|m|h))+)$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g))
    total += Number(amount) * (unitMs[unit ?? ''] ?? 0);
  return total;
}
