import { compareAnswers, describeDifference } from '../compare.ts';
import type { Looks } from './play.ts';
import type { Sequence } from './sequence.ts';

/** `look: path: ours …, expected …`, without those that are known. */
export function differencesOf({ known = {} }: Sequence, ours: Looks, expected: Looks): string[] {
  return [...new Set([...Object.keys(expected), ...Object.keys(ours)])].flatMap((look) =>
    compareAnswers(
      { code: 0, headers: {}, body: byText(ours[look]) },
      { code: 0, headers: {}, body: byText(expected[look]) },
    )
      .map((difference) => ({ ...difference, path: `${look}: ${difference.path.replace(/^body\./, '')}` }))
      .filter(({ path }) => !Object.keys(known).some((each) => path.startsWith(each)))
      .map(describeDifference),
  );
}

/** Events by what they say, so that one more or less is one difference. */
function byText(look: unknown): unknown {
  if (typeof look !== 'object' || look === null || !('events' in look)) return look;
  const events = (look.events as unknown[][]).map((event) => [event.join(' | '), true]);
  return { ...look, events: Object.fromEntries(events) as Record<string, unknown> };
}
