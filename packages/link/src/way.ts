/**
 * How the link is asked for: by its own name in TLS, or, where something between refuses a name that it does not know, as an
 * Upgrade of HTTP/1.1. The server is verified alike on both.
 *
 * The way that worked last is tried first. The other follows at once where the answer was about the protocol; where the connection
 * was only cut short, which a center that is busy or starting does too, it follows every third time, so that thousands of machines
 * that return at once don't knock twice as often.
 */
import { SkerryError, type Logger } from '@skerry/base';

export type Way = 'alpn' | 'upgrade';

const unclearFailuresMax = 3;

export class Ways {
  readonly #log: Logger;
  #first: Way = 'alpn';
  #unclear = 0;

  constructor({ log }: { log: Logger }) {
    this.#log = log;
  }

  /** Rejects with what the first way said. */
  async connect<T>(open: (way: Way) => Promise<T>): Promise<T> {
    try {
      const opened = await open(this.#first);
      this.#unclear = 0;
      return opened;
    } catch (error) {
      if (!this.#isWorthTheOther(error)) throw error;
      const other: Way = this.#first === 'alpn' ? 'upgrade' : 'alpn';
      const opened = await open(other).catch(() => {
        throw error;
      });
      this.#log.info('link goes another way', { way: other, because: String(error) });
      this.#first = other;
      return opened;
    }
  }

  #isWorthTheOther(error: unknown): boolean {
    if (!(error instanceof SkerryError)) return false;
    if (error.code === 'link-protocol') return true;
    if (error.code !== 'link-cut-short' || ++this.#unclear < unclearFailuresMax) return false;
    this.#unclear = 0;
    return true;
  }
}
