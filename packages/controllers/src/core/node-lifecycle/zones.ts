/**
 * How fast nodes of a zone may be emptied. When most of a zone is silent, more likely the network or we are at fault than
 * the nodes: then evictions slow down or stop, and when every zone is silent they all stop.
 * Rules: https://kubernetes.io/docs/concepts/architecture/nodes/#rate-limits-on-eviction
 */
import type { Node } from '@skerry/api';
import type { Clock } from '@skerry/base';
import { readyStatus } from '#core/node-lifecycle/taints.ts';

/** As the flags of stock managers have them; unset, their defaults. */
export interface EvictionRates {
  /** Nodes of a zone in a second. */
  readonly rate?: number;
  /** The same where most of a large zone is silent; nothing is emptied in a small one. */
  readonly secondaryRate?: number;
  /** A zone with more nodes is large. */
  readonly largeClusterSize?: number;
  /** Share of silent nodes from which a zone counts as disturbed. */
  readonly unhealthyZoneShare?: number;
}

export type ZoneState = 'normal' | 'partial' | 'full';

export function zoneOf(node: Node): string {
  const labels = node.metadata.labels ?? {};
  return `${labels['topology.kubernetes.io/region'] ?? ''}:${labels['topology.kubernetes.io/zone'] ?? ''}`;
}

export function zoneState(nodes: readonly Node[], unhealthyZoneShare = 0.55): ZoneState {
  const silent = nodes.filter((node) => readyStatus(node) !== 'True').length;
  if (silent === nodes.length && silent > 0) return 'full';
  return silent > 2 && silent / nodes.length >= unhealthyZoneShare ? 'partial' : 'normal';
}

/** One token bucket per zone, each with room for one. */
export class EvictionPace {
  readonly #clock: Clock;
  readonly #rates: EvictionRates;
  readonly #buckets = new Map<string, { tokens: number; atMs: number }>();
  #zones = new Map<string, { state: ZoneState; size: number }>();

  constructor(clock: Clock, rates: EvictionRates = {}) {
    this.#clock = clock;
    this.#rates = rates;
  }

  /** Looks at all nodes; to be called before `take`. */
  observe(nodes: readonly Node[]): void {
    const byZone = Map.groupBy(nodes, zoneOf);
    this.#zones = new Map(
      [...byZone].map(([zone, members]) => [
        zone,
        { state: zoneState(members, this.#rates.unhealthyZoneShare), size: members.length },
      ]),
    );
    for (const zone of this.#buckets.keys()) if (!this.#zones.has(zone)) this.#buckets.delete(zone);
  }

  /** All zones silent: we are the ones who are cut off. */
  get isEverythingSilent(): boolean {
    return [...this.#zones.values()].every(({ state }) => state === 'full');
  }

  /** Whether one more node of the zone may be emptied now. */
  take(zone: string): boolean {
    if (this.isEverythingSilent) return false;
    const nowMs = this.#clock.monotonic();
    const bucket = this.#buckets.get(zone) ?? { tokens: 1, atMs: nowMs };
    const tokens = Math.min(1, bucket.tokens + ((nowMs - bucket.atMs) / 1000) * this.#rate(zone));
    const may = tokens >= 1 && this.#rate(zone) > 0;
    this.#buckets.set(zone, { tokens: may ? tokens - 1 : tokens, atMs: nowMs });
    return may;
  }

  #rate(zone: string): number {
    const { state, size } = this.#zones.get(zone) ?? { state: 'normal', size: 0 };
    const { rate = 0.1, secondaryRate = 0.01, largeClusterSize = 50 } = this.#rates;
    if (state !== 'partial') return rate;
    return size > largeClusterSize ? secondaryRate : 0;
  }
}
