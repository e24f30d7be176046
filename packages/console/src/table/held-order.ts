/**
 * While the pointer is over the rows or a key is on them, none moves under it: order and membership stand as they were, only
 * what the cells say changes. What came or went meanwhile is counted, and taken over when the pointer leaves.
 */
import type { Row } from '@skerry/center/contract';
import { useState } from 'react';

export interface HeldRows {
  readonly rows: readonly Row[];
  /** Rows that came, went or moved while the order was held. */
  readonly waiting: number;
}

export function holdRows(held: readonly Row[], latest: readonly Row[]): HeldRows {
  const byKey = new Map(latest.map((row) => [row.key, row]));
  const heldKeys = new Set(held.map((row) => row.key));
  const came = latest.filter((row) => !heldKeys.has(row.key)).length;
  const went = held.filter((row) => !byKey.has(row.key)).length;
  const common = latest.filter((row) => heldKeys.has(row.key)).map((row) => row.key);
  const heldCommon = held.filter((row) => byKey.has(row.key)).map((row) => row.key);
  const moved = common.filter((key, index) => heldCommon[index] !== key).length;
  return { rows: held.map((row) => byKey.get(row.key) ?? row), waiting: came + went + moved };
}

/** @param key of the question that the rows answer: rows of another question are never held back */
export function useHeldRows(latest: readonly Row[], key: string) {
  const [held, setHeld] = useState<{ key: string; rows: readonly Row[] } | undefined>();
  const result = held && held.key === key ? holdRows(held.rows, latest) : { rows: latest, waiting: 0 };
  return {
    ...result,
    hold: () => setHeld((now) => now ?? { key, rows: latest }),
    release: () => setHeld(undefined),
  };
}
