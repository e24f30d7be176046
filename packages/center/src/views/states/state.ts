import type { Tone } from '#contract/index.ts';
import type { StateCell } from '#cache/item.ts';

interface Condition {
  readonly type?: string;
  readonly status?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}

/** A state with what is known of its reason; texts are cut, since a state is shown in a cell. */
export function state(
  word: string,
  tone: Tone,
  { why, since }: { why?: string | undefined; since?: string | undefined } = {},
): StateCell {
  return {
    state: word,
    tone,
    ...(why ? { why: cut(why) } : {}),
    ...(since ? { since } : {}),
  };
}

export function conditionOf<C extends Condition>(
  conditions: readonly C[] | undefined,
  type: string,
): C | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** `reason: message`, or whichever there is. */
export function whyOf(condition: Pick<Condition, 'reason' | 'message'> | undefined): string | undefined {
  const { reason, message } = condition ?? {};
  return reason && message ? `${reason}: ${message}` : reason || message || undefined;
}

export function isTrue(conditions: readonly Condition[] | undefined, type: string): boolean {
  return conditionOf(conditions, type)?.status === 'True';
}

const whyLengthMax = 300;

function cut(text: string): string {
  return text.length > whyLengthMax ? `${text.slice(0, whyLengthMax - 1)}…` : text;
}
