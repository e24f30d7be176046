import type { AnyObject } from '@skerry/api';
import { itemOf, listAnswer, parseListOptions, type Encoder } from '@skerry/serving';
import { sendAnswer } from '#http/answers.ts';
import type { Exchange } from '#http/exchange.ts';

/**
 * Answers a list with objects that are computed when asked for and kept nowhere: those that the label selector matches, in the
 * order given. They have no revision, and so nothing to watch.
 */
export function sendComputedList(
  exchange: Exchange,
  encoder: Encoder,
  objects: readonly AnyObject[],
): Promise<void> {
  const { labelSelector } = parseListOptions(exchange.query);
  const items = objects
    .filter(({ metadata }) => labelSelector.matches(metadata?.labels))
    .map((object) => itemOf(object));
  return sendAnswer(exchange, listAnswer(encoder, items, {}));
}
