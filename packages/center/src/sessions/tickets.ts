/**
 * What opens one WebSocket: browsers can't put a header on an upgrade, so an ordinary request, with all its checks, gets a
 * ticket first. It is good once, for 30 seconds, for one session and one address.
 */
import { randomBytes } from 'node:crypto';
import { ApiError } from '@skerry/api';
import type { Clock } from '@skerry/base';

const validMs = 30_000;
const perSessionMax = 64;

interface Held {
  readonly sessionId: string;
  readonly target: string;
  readonly untilMs: number;
}

export class Tickets {
  readonly #clock: Clock;
  readonly #held = new Map<string, Held>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `target`: path and query. Throws 429. */
  issue(sessionId: string, target: string): string {
    const nowMs = this.#clock.monotonic();
    for (const [ticket, { untilMs }] of this.#held) if (untilMs <= nowMs) this.#held.delete(ticket);
    const own = [...this.#held.values()].filter((held) => held.sessionId === sessionId);
    if (own.length >= perSessionMax) {
      throw new ApiError('TooManyRequests', 'too many tickets that were not used; wait for some to end');
    }
    const ticket = randomBytes(32).toString('base64url');
    this.#held.set(ticket, { sessionId, target: targetOf(target), untilMs: nowMs + validMs });
    return ticket;
  }

  /** Takes it; whether it was good for this. A ticket shown for another address or session is gone too. */
  redeem(ticket: string, { sessionId, target }: { sessionId: string; target: string }): boolean {
    const held = this.#held.get(ticket);
    this.#held.delete(ticket);
    return (
      held !== undefined &&
      held.untilMs > this.#clock.monotonic() &&
      held.sessionId === sessionId &&
      held.target === targetOf(target)
    );
  }
}

/** Path and query without the ticket, in one spelling. */
function targetOf(text: string): string {
  const mark = text.indexOf('?');
  const query = new URLSearchParams(mark < 0 ? '' : text.slice(mark + 1));
  query.delete('ticket');
  query.sort();
  return `${mark < 0 ? text : text.slice(0, mark)}?${query.toString()}`;
}
