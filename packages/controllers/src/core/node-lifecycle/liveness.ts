/**
 * When each node last gave a sign of life, on our own clock. A sign is a change of its Lease or of its Ready heartbeat:
 * comparing times that other machines wrote with ours would make a wrong clock look like a dead node.
 *
 * Time in which we could not have seen a sign (our event loop stalled, the API server was away) counts for nobody.
 */
import type { Lease, Node } from '@skerry/api';
import type { Clock } from '@skerry/base';

export class Liveness {
  readonly #clock: Clock;
  readonly #signs = new Map<string, { sign: string; atMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds since the last sign of the node. */
  observe(node: Node, lease: Lease | undefined): number {
    const name = node.metadata.name ?? '';
    const nowMs = this.#clock.monotonic();
    const heartbeat = node.status?.conditions?.find(
      ({ type, status }) => type === 'Ready' && status !== 'Unknown',
    )?.lastHeartbeatTime;
    // What we ourselves write (Unknown) is no sign.
    const seen = this.#signs.get(name);
    const sign = `${node.metadata.uid}/${lease?.spec?.renewTime ?? ''}/${heartbeat ?? seen?.sign.split('/')[2] ?? ''}`;
    if (seen?.sign !== sign) this.#signs.set(name, { sign, atMs: nowMs });
    return nowMs - (this.#signs.get(name)?.atMs ?? nowMs);
  }

  /** Gives back time in which nobody could be heard. */
  forgive(durationMs: number): void {
    const nowMs = this.#clock.monotonic();
    for (const entry of this.#signs.values()) entry.atMs = Math.min(nowMs, entry.atMs + durationMs);
  }

  keepOnly(names: ReadonlySet<string>): void {
    for (const name of this.#signs.keys()) if (!names.has(name)) this.#signs.delete(name);
  }
}
