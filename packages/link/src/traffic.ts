/** Bytes by purpose. Purposes are labels of metrics, so their number is bounded: what comes beyond counts as `other`. */
import type { Meter } from '#tunnel.ts';

const purposesMax = 64;

export interface TrafficBytes {
  sentBytes: number;
  receivedBytes: number;
  streams: number;
}

export class Traffic {
  readonly #byPurpose = new Map<string, TrafficBytes>();

  /** A meter for one new stream. */
  open(purpose: string): Meter {
    const bytes = this.#of(purpose);
    bytes.streams++;
    return {
      sent: (count) => void (bytes.sentBytes += count),
      received: (count) => void (bytes.receivedBytes += count),
    };
  }

  snapshot(): Record<string, TrafficBytes> {
    return Object.fromEntries([...this.#byPurpose].map(([purpose, bytes]) => [purpose, { ...bytes }]));
  }

  #of(purpose: string): TrafficBytes {
    const label = this.#byPurpose.has(purpose) || this.#byPurpose.size < purposesMax ? purpose : 'other';
    let bytes = this.#byPurpose.get(label);
    if (!bytes) this.#byPurpose.set(label, (bytes = { sentBytes: 0, receivedBytes: 0, streams: 0 }));
    return bytes;
  }
}
