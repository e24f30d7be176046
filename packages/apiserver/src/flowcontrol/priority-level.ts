import type { PriorityLevelConfiguration } from '@skerry/api';
import type { Clock } from '@skerry/base';
import type { DemandSummary } from '#flowcontrol/demand.ts';
import { QueueSet, type QueueObserver, type Queuing } from '#flowcontrol/queue-set.ts';

/** How much of the former demand is still believed after one period. */
const smoothing = 0.977;
const handSizeMax = 15;
/** Part of a level's seats that one request may take. */
const widestPart = 0.15;

/** One priority level: its seats, now and by configuration, and the requests on them. */
export class PriorityLevel<T> {
  readonly name: string;
  readonly requests: QueueSet<T>;
  uid = '';
  exempt = false;
  shares = 0;
  lendablePercent = 0;
  borrowingLimitPercent: number | undefined;
  /** No longer configured; goes when its requests have gone. */
  leaving = false;
  /** Seats by its shares; what it keeps while others borrow; what it has with all that it may borrow; what it has now. */
  nominal = 0;
  lowest = 0;
  highest = 0;
  /** Widest request; unset: no bound but those of all levels. */
  seatsMax: number | undefined;
  peak = 0;
  average = 0;
  deviation = 0;
  smoothed = 0;
  target = 0;

  constructor(
    configuration: PriorityLevelConfiguration,
    parts: { readonly clock: Clock; readonly observer: QueueObserver<T> },
  ) {
    this.name = configuration.metadata.name ?? '';
    this.requests = new QueueSet(queuingOf(configuration)!, { ...parts, limit: 0 });
    this.configure(configuration);
  }

  get current(): number {
    return this.requests.limit;
  }

  configure({ metadata, spec }: PriorityLevelConfiguration): void {
    const limiter = spec?.limited ?? spec?.exempt;
    this.uid = metadata.uid ?? '';
    this.exempt = spec?.type === 'Exempt';
    this.shares = limiter?.nominalConcurrencyShares ?? (this.exempt ? 0 : 30);
    this.lendablePercent = limiter?.lendablePercent ?? 0;
    this.borrowingLimitPercent = spec?.limited?.borrowingLimitPercent;
    this.leaving = false;
    const queuing = queuingOf({ metadata, spec });
    if (queuing) this.requests.configure({ queuing });
  }

  /** Its part of the server's seats. */
  share(seats: number, shareSum: number): void {
    const isNew = this.highest === 0;
    this.nominal = shareSum > 0 ? Math.ceil((seats * this.shares) / shareSum) : 0;
    const lendable = Math.round((this.nominal * this.lendablePercent) / 100);
    const borrowable =
      this.borrowingLimitPercent === undefined
        ? seats
        : Math.round((this.nominal * this.borrowingLimitPercent) / 100);
    this.lowest = this.nominal - lendable;
    this.highest = this.nominal + borrowable;
    const { queuing } = this.requests;
    this.seatsMax =
      queuing.type === 'queue'
        ? Math.max(
            1,
            Math.min(Math.ceil(this.nominal * widestPart), Math.floor(this.nominal / queuing.handSize)),
          )
        : undefined;
    if (isNew) this.requests.configure({ limit: this.nominal - Math.floor(lendable / 2) });
  }

  /** Takes in what was wanted since the last time. */
  note(demand: DemandSummary): void {
    this.peak = Math.round(demand.highest);
    if (demand.seconds <= 0) return;
    this.average = demand.average;
    this.deviation = demand.deviation;
    const envelope = demand.average + demand.deviation;
    this.smoothed = Math.max(envelope, smoothing * this.smoothed + (1 - smoothing) * envelope);
  }

  /** What it must have now: what it wanted at most, within its own seats. */
  get floor(): number {
    return this.exempt
      ? Math.max(this.lowest, this.peak)
      : Math.max(this.lowest, Math.min(this.nominal, this.peak));
  }
}

/** Undefined for a configuration that contradicts itself. */
export function queuingOf({ metadata, spec }: PriorityLevelConfiguration): Queuing | undefined {
  if (!spec || (spec.type === 'Exempt') !== (metadata.name === 'exempt')) return undefined;
  if (spec.type === 'Exempt') return spec.exempt && !spec.limited ? { type: 'exempt' } : undefined;
  const response = spec.limited?.limitResponse;
  if (spec.type !== 'Limited' || !response || spec.exempt) return undefined;
  if (response.type === 'Reject') return response.queuing ? undefined : { type: 'reject' };
  const { queuing } = response;
  if (response.type !== 'Queue' || !queuing) return undefined;
  const queues = queuing.queues ?? 64;
  const handSize = queuing.handSize ?? 8;
  if (queues < 1 || handSize < 1 || handSize > Math.min(queues, handSizeMax)) return undefined;
  return { type: 'queue', queues, handSize, lengthMax: queuing.queueLengthLimit ?? 50 };
}
