/**
 * The state of a node: whether it can be reached, works, and takes pods, in this order.
 *
 * A node whose status is unknown is not red: its pods most likely run on. It is `Disconnected`, or `Autonomous` where it
 * is meant to run on its own for a time; once that time is over it is `Offline`. It is `Dead` when the machines of its pool that
 * have a link do not hear it either.
 */
import { autonomyMs, deadCondition, type Node } from '@skerry/api';
import type { StateCell } from '#cache/item.ts';
import { conditionOf, isTrue, state, whyOf } from '#views/states/state.ts';

const pressures = ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'NetworkUnavailable'] as const;

export function nodeState(node: Node, nowMs: number): StateCell {
  const { conditions } = node.status ?? {};
  const ready = conditionOf(conditions, 'Ready');
  const since = ready?.lastTransitionTime;
  if (!ready) return state('Unknown', 'unknown', { why: 'the node has not reported yet' });
  if (ready.status === 'Unknown') return unreachableState(node, { since, nowMs });
  if (ready.status !== 'True') return state('NotReady', 'error', { why: whyOf(ready), since });
  if (node.spec?.unschedulable) return state('Cordoned', 'unknown', { why: 'takes no new pods' });
  const pressed = pressures.find((type) => isTrue(conditions, type));
  if (pressed) {
    const condition = conditionOf(conditions, pressed);
    return state('Ready', 'warning', {
      why: `${pressed}: ${condition?.message ?? condition?.reason ?? ''}`,
      since: condition?.lastTransitionTime,
    });
  }
  return state('Ready', 'ok', { since });
}

function unreachableState(
  node: Node,
  { since, nowMs }: { since: string | undefined; nowMs: number },
): StateCell {
  const { conditions } = node.status ?? {};
  if (isTrue(conditions, deadCondition))
    return state('Dead', 'error', { why: whyOf(conditionOf(conditions, deadCondition)), since });
  const duration = autonomyMs(node);
  if (duration !== undefined) {
    const isOver = Date.parse(since ?? '') + duration <= nowMs;
    return isOver
      ? offlineState(since)
      : state('Autonomous', 'disconnected', { why: 'runs on its own', since });
  }
  return state('Disconnected', 'disconnected', {
    why: whyOf(conditionOf(conditions, 'Ready')),
    since,
  });
}

export function offlineState(since: string | undefined): StateCell {
  return state('Offline', 'error', { why: 'its time to run on its own is over', since });
}

/** Whether pods of the node are shown as they were last seen. */
export function isOutOfReach(cell: StateCell | undefined): boolean {
  return ['Disconnected', 'Autonomous', 'Offline', 'Dead'].includes(cell?.state ?? '');
}
