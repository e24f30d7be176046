/** One of those among whom a sum is shared: it gets its target times a factor that is the same for all, within its bounds. */
export interface Claim {
  readonly target: number;
  readonly lowest: number;
  readonly highest: number;
}

const targetMin = 0.001;
const rounds = 60;

/**
 * Shares `sum` so that each gets `factor × target`, cut to its bounds; undefined when the bounds leave no way. The factor is
 * found by halving: what is given out grows with it.
 */
export function shareOut(
  sum: number,
  claims: readonly Claim[],
): { shares: number[]; factor: number } | undefined {
  const lowest = total(claims.map((claim) => claim.lowest));
  const highest = total(claims.map((claim) => claim.highest));
  if (sum < lowest || sum > highest) return undefined;
  const sharesAt = (factor: number) =>
    claims.map((claim) =>
      Math.max(claim.lowest, Math.min(claim.highest, factor * Math.max(claim.target, targetMin))),
    );
  let below = 0;
  let above = Math.max(...claims.map((claim) => claim.highest / Math.max(claim.target, targetMin)), 1);
  for (let round = 0; round < rounds; round++) {
    const middle = (below + above) / 2;
    if (total(sharesAt(middle)) < sum) below = middle;
    else above = middle;
  }
  return { shares: sharesAt(above), factor: above };
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
