/**
 * Finds out whether an upstream leads back here, as when the machine's resolver was told to ask us: a question by a name
 * that nobody else has is sent there, and must not come in.
 */
import { encodeQuestion } from '#dns/message.ts';
import type { Upstream } from '#dns/upstream.ts';

export class LoopProbe {
  readonly #random: () => number;
  readonly #names = new Set<string>();
  readonly #seen = new Set<string>();

  constructor({ random }: { readonly random: () => number }) {
    this.#random = random;
  }

  /** Whether it is one of the names under way; it is remembered as having come in. */
  isOwn(name: string): boolean {
    if (!this.#names.has(name)) return false;
    this.#seen.add(name);
    return true;
  }

  /** Resolves when the upstream has answered or its time is up. */
  async leadsBack(upstream: Upstream): Promise<boolean> {
    const name = `${this.#label()}.${this.#label()}.loop-probe.invalid`;
    this.#names.add(name);
    try {
      await upstream
        .ask({ question: encodeQuestion(name, 'HINFO'), wantsDnssec: false })
        .catch(() => undefined);
      return this.#seen.has(name);
    } finally {
      this.#names.delete(name);
      this.#seen.delete(name);
    }
  }

  #label(): string {
    return Math.floor(this.#random() * 2 ** 48).toString(36);
  }
}
