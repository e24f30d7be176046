/**
 * What the center knows of a node that it no longer hears: that the link is cut, since when, for how long its pods are kept, and
 * whether the other machines of its pool hear it. Silence towards the center is no proof of death: most of such machines go on
 * working. None of these conditions is one that pods are evicted for.
 */
import {
  autonomyCondition,
  autonomyMs,
  conditionsOfReturn,
  deadCondition,
  disconnectedCondition,
} from '@skerry/api';
import type { Node, NodeCondition } from '@skerry/api';
import { timestamp, withCondition } from '#runtime/status.ts';
import { isDead, type PeerVerdict } from '#core/node-lifecycle/peer-verdict.ts';

export interface Connection {
  readonly conditions: readonly NodeCondition[];
  /** When they change by the passing of time alone. */
  readonly changesAtMs?: number;
}

export function connectionOf(node: Node, nowMs: number, verdict: PeerVerdict): Connection {
  const conditions = node.status?.conditions ?? [];
  const ready = conditions.find(({ type }) => type === 'Ready');
  if (!ready) return { conditions };
  const sinceMs = Date.parse(ready.lastTransitionTime ?? '');
  if (ready.status !== 'Unknown' || Number.isNaN(sinceMs))
    return { conditions: connected(conditions, nowMs) };
  const dead = isDead(verdict);
  const outlook = dead
    ? 'the other machines of its pool do not hear it either'
    : verdict.isHeard
      ? 'the other machines of its pool hear it, so what runs there goes on'
      : 'what runs there most likely goes on';
  const disconnected = withDeath(
    withCondition<NodeCondition>(
      conditions,
      {
        type: disconnectedCondition,
        status: 'True',
        reason: 'LinkLost',
        message: `The node has not been heard of since ${timestamp(sinceMs)}; ${outlook}.`,
      },
      nowMs,
    ),
    dead
      ? {
          status: 'True',
          reason: 'PeersSilent',
          message: `${verdict.silent} of ${verdict.linked} machines of its pool that have a link do not hear it any more.`,
        }
      : {
          status: 'False',
          reason: 'NotAgreed',
          message: 'No majority of at least three machines of its pool that have a link says so.',
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
  const atRest = new Map(conditionsOfReturn(conditions, nowMs).map((each) => [each.type, each]));
  return conditions.map((each) => atRest.get(each.type) ?? each);
}

/** Who was never taken for dead has no such condition. */
function withDeath(
  conditions: readonly NodeCondition[],
  state: { readonly status: 'True' | 'False'; readonly reason: string; readonly message: string },
  nowMs: number,
): readonly NodeCondition[] {
  const was = conditions.some(({ type }) => type === deadCondition);
  if (state.status === 'False' && !was) return conditions;
  return withCondition<NodeCondition>(conditions, { type: deadCondition, ...state }, nowMs);
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
