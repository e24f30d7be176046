/**
 * What the center knows of a node that it no longer hears: that the link is cut, since when, and for how long its pods are kept. Silence
 * is no proof of death: most of such machines go on working, so neither condition is one that pods are evicted for.
 */
import { autonomyCondition, autonomyMs, disconnectedCondition } from '@skerry/api';
import type { Node, NodeCondition } from '@skerry/api';
import { timestamp, withCondition } from '#runtime/status.ts';

export interface Connection {
  readonly conditions: readonly NodeCondition[];
  /** When they change by the passing of time alone. */
  readonly changesAtMs?: number;
}

export function connectionOf(node: Node, nowMs: number): Connection {
  const conditions = node.status?.conditions ?? [];
  const ready = conditions.find(({ type }) => type === 'Ready');
  if (!ready) return { conditions };
  const sinceMs = Date.parse(ready.lastTransitionTime ?? '');
  if (ready.status !== 'Unknown' || Number.isNaN(sinceMs))
    return { conditions: connected(conditions, nowMs) };
  const disconnected = withCondition<NodeCondition>(
    conditions,
    {
      type: disconnectedCondition,
      status: 'True',
      reason: 'LinkLost',
      message: `The node has not been heard of since ${timestamp(sinceMs)}; what runs there most likely goes on.`,
    },
    nowMs,
  );
  const durationMs = autonomyMs(node);
  if (durationMs === undefined) {
    const kept = conditions.some(({ type }) => type === autonomyCondition);
    return kept
      ? {
          conditions: autonomy(
            disconnected,
            'False',
            'NotConfigured',
            'Pods are evicted as on any node.',
            nowMs,
          ),
        }
      : { conditions: disconnected };
  }
  const endMs = sinceMs + durationMs;
  if (endMs <= nowMs) {
    const message = `Pods were kept until ${timestamp(endMs)}.`;
    return { conditions: autonomy(disconnected, 'False', 'DurationEnded', message, nowMs) };
  }
  const until = endMs === Infinity ? 'the node returns' : timestamp(endMs);
  return {
    conditions: autonomy(disconnected, 'True', 'PodsKept', `Pods are kept until ${until}.`, nowMs),
    ...(endMs === Infinity ? {} : { changesAtMs: endMs }),
  };
}

/** Nodes that were never lost have neither condition. */
function connected(conditions: readonly NodeCondition[], nowMs: number): readonly NodeCondition[] {
  const wasLost = conditions.some(({ type }) => type === disconnectedCondition);
  if (!wasLost) return conditions;
  const linked = withCondition<NodeCondition>(
    conditions,
    {
      type: disconnectedCondition,
      status: 'False',
      reason: 'Linked',
      message: 'The node reports its status.',
    },
    nowMs,
  );
  const wasKept = conditions.some(({ type }) => type === autonomyCondition);
  return wasKept ? autonomy(linked, 'False', 'Linked', 'The node reports its status.', nowMs) : linked;
}

function autonomy(
  conditions: readonly NodeCondition[],
  status: 'True' | 'False',
  reason: string,
  message: string,
  nowMs: number,
): readonly NodeCondition[] {
  return withCondition<NodeCondition>(
    conditions,
    { type: autonomyCondition, status, reason, message },
    nowMs,
  );
}
