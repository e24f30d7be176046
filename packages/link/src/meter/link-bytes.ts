/** Bytes by purpose, both ways: what a link has cost. Plain numbers, so that they add up over links and nodes. */
import { type LinkPurpose, linkPurposes } from '#meter/purposes.ts';

export interface PurposeBytes {
  sentBytes: number;
  receivedBytes: number;
}

export type BytesByPurpose = Readonly<Record<LinkPurpose, Readonly<PurposeBytes>>>;

export class LinkBytes {
  readonly #of: Record<LinkPurpose, PurposeBytes>;

  constructor() {
    const none = linkPurposes.map((purpose) => [purpose, { sentBytes: 0, receivedBytes: 0 }]);
    this.#of = Object.fromEntries(none) as Record<LinkPurpose, PurposeBytes>;
  }

  add(purpose: LinkPurpose, direction: 'sent' | 'received', bytes: number): void {
    if (direction === 'sent') this.#of[purpose].sentBytes += bytes;
    else this.#of[purpose].receivedBytes += bytes;
  }

  addAll(other: LinkBytes): void {
    for (const [purpose, { sentBytes, receivedBytes }] of Object.entries(other.#of)) {
      this.add(purpose as LinkPurpose, 'sent', sentBytes);
      this.add(purpose as LinkPurpose, 'received', receivedBytes);
    }
  }

  get sum(): PurposeBytes {
    const sum = { sentBytes: 0, receivedBytes: 0 };
    for (const { sentBytes, receivedBytes } of Object.values(this.#of)) {
      sum.sentBytes += sentBytes;
      sum.receivedBytes += receivedBytes;
    }
    return sum;
  }

  snapshot(): BytesByPurpose {
    return Object.fromEntries(
      linkPurposes.map((purpose) => {
        const { sentBytes, receivedBytes } = this.#of[purpose];
        return [purpose, { sentBytes: Math.round(sentBytes), receivedBytes: Math.round(receivedBytes) }];
      }),
    ) as Record<LinkPurpose, PurposeBytes>;
  }
}
