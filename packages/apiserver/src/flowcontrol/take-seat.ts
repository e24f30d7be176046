import type { Clock } from '@skerry/base';
import type { FlowControl, Seat } from '#flowcontrol/flow-control.ts';
import type { Exchange } from '#http/exchange.ts';
import type { RequestInfo } from '#request-info.ts';
import type { UserInfo } from '#security.ts';

/** Bytes that a client may send of a body before anyone reads it: the window of a stream. */
const unreadBytesMax = 1024 * 1024;
/** The longest that any request waits for a seat; a watch waits this long, others a quarter of what they have. */
const waitMsMax = 60_000;
const watchWaitMs = 15_000;

/** The server is too busy for this request. Answered as text, not as a Status, as clients know it. */
export class OverloadedError extends Error {
  override readonly name = 'OverloadedError';
  readonly retryAfterSeconds: number;

  constructor(retryAfterSeconds: number) {
    super('Too many requests, please try again later.');
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/**
 * A seat for the request, for which it may wait; names the flow and level it fell under in the answer's headers. A watch
 * gives its seat back when its answer begins.
 * @throws OverloadedError
 */
export async function takeSeat(
  control: FlowControl,
  exchange: Exchange,
  request: {
    readonly user: UserInfo;
    readonly info: RequestInfo;
    /** Unset: no timeout. */
    readonly timeoutMs: number | undefined;
    /** Since when the request is here, on the clock's `monotonic`. */
    readonly startedMs: number;
    readonly clock: Clock;
  },
): Promise<Seat> {
  const { user, info, timeoutMs, startedMs, clock } = request;
  const classified = control.classify(user, info);
  exchange.setHeader('X-Kubernetes-PF-FlowSchema-UID', classified.flow.uid);
  exchange.setHeader('X-Kubernetes-PF-PriorityLevel-UID', classified.level.uid);
  const limitMs = Math.min(timeoutMs === undefined ? watchWaitMs : timeoutMs / 4, waitMsMax);
  const entered = control.enter({
    ...classified,
    query: exchange.query,
    bodyBytes: unreadBytesOf(exchange),
    signal: () => exchange.signal,
    waitMs: limitMs - (clock.monotonic() - startedMs),
  });
  const seat = entered instanceof Promise ? await entered : entered;
  if ('refused' in seat) throw new OverloadedError(seat.retryAfterSeconds);
  if (info.type !== 'resource' || info.verb !== 'watch') return seat;
  const forget = control.watches.begin(info, exchange.query);
  // By a name of its own: V8 takes a function that is written where it is assigned for one that lives long.
  const release = () => seat.release();
  exchange.onAnswer = release;
  return {
    release() {
      seat.release();
      forget();
    },
  };
}

function unreadBytesOf({ method, headers }: Exchange): number {
  const declared = headers['content-length'];
  if (declared !== undefined) return Math.min(Number(declared) || 0, unreadBytesMax);
  return method === 'GET' || method === 'HEAD' ? 0 : unreadBytesMax;
}
