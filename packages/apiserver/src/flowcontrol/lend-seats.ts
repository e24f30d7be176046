import type { PriorityLevel } from '#flowcontrol/priority-level.ts';
import { shareOut } from '#flowcontrol/share-out.ts';

/**
 * Gives each level seats by what it wanted: at least what it keeps, at most what it may borrow, and between them the same part
 * of its target as the others get. What exempt requests take is taken before.
 * @returns that part.
 */
export function lendSeats(levels: readonly PriorityLevel<unknown>[]): number {
  const limited = levels.filter(({ exempt }) => !exempt);
  let left = levels.reduce((total, { nominal }) => total + nominal, 0);
  for (const level of levels) {
    if (!level.exempt) continue;
    level.requests.configure({ limit: level.floor });
    left -= level.floor;
  }
  const claims = limited.map((level) => ({
    lowest: level.floor,
    highest: level.highest,
    target: Math.max(level.floor, level.smoothed),
  }));
  for (const [index, level] of limited.entries()) level.target = claims[index]!.target;
  const shared = shareOut(Math.max(left, 0), claims);
  const part = partOfFloors(limited, left);
  for (const [index, level] of limited.entries()) {
    const limit = shared?.shares[index] ?? level.lowest + (level.floor - level.lowest) * part;
    level.requests.configure({ limit: Math.round(limit) });
  }
  return shared?.factor ?? 0;
}

/** What is left may be less than the levels are owed: then each gets this part of what it wanted beyond what it keeps. */
function partOfFloors(levels: readonly PriorityLevel<unknown>[], left: number): number {
  const lowest = levels.reduce((total, level) => total + level.lowest, 0);
  const floor = levels.reduce((total, level) => total + level.floor, 0);
  return floor > lowest ? Math.min(Math.max((left - lowest) / (floor - lowest), 0), 1) : 0;
}
