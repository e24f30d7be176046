import type { Work } from '#flowcontrol/queue-set.ts';
import type { WatchCount } from '#flowcontrol/watch-count.ts';
import { isTrue, type RequestInfo, type ResourceRequest } from '#request-info.ts';

/** Objects of a resource and the bytes of their text. */
export interface ResourceSize {
  readonly count: number;
  readonly bytes: number;
}

export type SizeOf = (group: string, resource: string) => ResourceSize | undefined;

const bytesPerSeat = 100_000;
/** A list goes out in pieces: however long, no more of it is in memory at once. */
const listBytesMax = 1_000_000;
const listSeatsMax = 100;
const writeSeatsMax = 10;
const watchersPerSeat = 10;
/** How long telling the watchers of one seat takes. */
const notifyMs = 5;

const one: Work = { initialSeats: 1, finalSeats: 0, lingerMs: 0 };

/**
 * What a request will cost, from what is known before it is served: a list by the objects it will read, a write by the
 * watchers that it will wake, everything else one seat.
 * @param seatsMax most seats that a request of its level may take; undefined: no bound of the level.
 */
export function estimateWork(
  info: RequestInfo,
  query: URLSearchParams,
  {
    seatsMax,
    sizeOf,
    watches,
  }: { readonly seatsMax: number | undefined; readonly sizeOf: SizeOf; readonly watches: WatchCount },
): Work {
  if (info.type === 'path') return one;
  switch (info.verb) {
    case 'list':
      return ofList(info, query, { seatsMax, sizeOf });
    case 'watch':
      return sendsState(query) ? ofList(info, query, { seatsMax, sizeOf }) : one;
    case 'create':
    case 'update':
    case 'patch':
    case 'delete':
      return ofWrite(info, { seatsMax, watches });
    default:
      return one;
  }
}

function sendsState(query: URLSearchParams): boolean {
  const revision = query.get('resourceVersion') ?? '';
  return isTrue(query.get('sendInitialEvents')) || revision === '' || revision === '0';
}

function ofList(
  info: ResourceRequest,
  query: URLSearchParams,
  { seatsMax, sizeOf }: { readonly seatsMax: number | undefined; readonly sizeOf: SizeOf },
): Work {
  const size = sizeOf(info.group, info.resource);
  if (!size || size.count === 0 || info.name) return one;
  const limit = Number(query.get('limit') ?? 0);
  const count = limit > 0 ? Math.min(limit, size.count) : size.count;
  const bytes = Math.min(count * (size.bytes / size.count), listBytesMax);
  const seats = Math.min(
    Math.max(Math.ceil(bytes / bytesPerSeat), 1),
    seatsMax ?? listSeatsMax,
    listSeatsMax,
  );
  return seats === 1 ? one : { ...one, initialSeats: seats };
}

function ofWrite(
  info: ResourceRequest,
  { seatsMax, watches }: { readonly seatsMax: number | undefined; readonly watches: WatchCount },
): Work {
  // A token is no object: nobody watches it come.
  if (info.resource === 'serviceaccounts' && info.subresource === 'token') return one;
  const watchers = watches.interestedIn(info);
  if (watchers < watchersPerSeat) return one;
  const wanted = Math.ceil(watchers / watchersPerSeat);
  const finalSeats = Math.min(wanted, seatsMax ?? writeSeatsMax, writeSeatsMax);
  return { initialSeats: 1, finalSeats, lingerMs: (wanted * notifyMs) / finalSeats };
}
