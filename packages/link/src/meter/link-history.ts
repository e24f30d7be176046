/** What is known of the links of one node since this process counts: one after another, and what they cost together. */
import type { Clock } from '@skerry/base';
import { LinkBytes, type BytesByPurpose, type PurposeBytes } from '#meter/link-bytes.ts';

const dayMs = 86_400_000;

export class LinkHistory {
  readonly bytes = new LinkBytes();
  readonly countingSinceMs: number;
  /** Links after the first. */
  reconnects = 0;
  #links = 0;
  #day: number;
  #atMidnight: PurposeBytes = { sentBytes: 0, receivedBytes: 0 };

  constructor(clock: Clock) {
    this.countingSinceMs = clock.now();
    this.#day = Math.floor(this.countingSinceMs / dayMs);
  }

  linked(): void {
    if (this.#links++ > 0) this.reconnects++;
  }

  /** Called often enough that a day (UTC) begins within a heartbeat of midnight. */
  tick(nowMs: number): void {
    const day = Math.floor(nowMs / dayMs);
    if (day === this.#day) return;
    this.#day = day;
    this.#atMidnight = this.bytes.sum;
  }

  snapshot(nowMs: number): { purposes: BytesByPurpose; today: PurposeBytes } {
    this.tick(nowMs);
    const { sentBytes, receivedBytes } = this.bytes.sum;
    return {
      purposes: this.bytes.snapshot(),
      today: {
        sentBytes: Math.round(sentBytes - this.#atMidnight.sentBytes),
        receivedBytes: Math.round(receivedBytes - this.#atMidnight.receivedBytes),
      },
    };
  }
}
