import { createHash } from 'node:crypto';

/**
 * Deals each flow a hand of queues, so that a flow that fills its own leaves nearly every other flow at least one that is
 * not. The same flow gets the same hand each time. Rule:
 * https://kubernetes.io/docs/concepts/cluster-administration/flow-control/#prioritylevelconfiguration
 */
export function dealHand(hash: bigint, deckSize: number, handSize: number): number[] {
  const remainders: number[] = [];
  let rest = hash;
  for (let dealt = 0; dealt < handSize; dealt++) {
    const left = BigInt(deckSize - dealt);
    remainders.push(Number(rest % left));
    rest /= left;
  }
  // Each remainder counts the cards that are still in the deck: those dealt before are stepped over.
  return remainders.map((remainder, index) => {
    let card = remainder;
    for (let before = index; before > 0; before--) if (card >= remainders[before - 1]!) card++;
    return card;
  });
}

export function hashOfFlow(schema: string, distinguisher: string): bigint {
  return createHash('sha256').update(`${schema}\0${distinguisher}`).digest().readBigUInt64LE(0);
}
