/**
 * Slows down who guesses. Failures of an account and of an address are counted apart: the account's wait doubles from the
 * fifth failure on, to 15 minutes, so that guessing one password takes years; an address, behind which many people may be,
 * waits from the twentieth on. A success forgets the account's failures, and an hour forgets all. A user who doesn't exist is
 * counted like one who does. Callers may name a browser that the user is known by in place of the account, so that a stranger who
 * guesses at a name does not keep its owner out.
 */
import { ApiError } from '@skerry/api';
import type { Clock } from '@skerry/base';
import { networkOf } from '#people/address-network.ts';

interface Failures {
  count: number;
  lastMs: number;
  waitUntilMs: number;
}

const forgetMs = 3_600_000;
const waitBaseMs = 2_000;
const waitMaxMs = 15 * 60_000;
const freeOfAccount = 4;
const freeOfAddress = 19;
/** What is known of others is forgotten first; an attacker with so many addresses is slowed by each account's wait. */
const keysMax = 50_000;

export class Throttle {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #accounts = new Map<string, Failures>();
  readonly #addresses = new Map<string, Failures>();

  constructor({ clock, random }: { clock: Clock; random: () => number }) {
    this.#clock = clock;
    this.#random = random;
  }

  /**
   * Throws 429 while either has to wait. Counts the attempt as a failure until `succeeded` is called, so that many at once don't slip
   * through. A browser that the user is known by goes by itself, without `address`.
   */
  attempt(account: string, address?: string): void {
    const nowMs = this.#clock.monotonic();
    const network = address === undefined ? undefined : networkOf(address);
    const waits = [
      this.#accounts.get(account),
      network === undefined ? undefined : this.#addresses.get(network),
    ];
    const waitMs = Math.max(...waits.map((known) => (known?.waitUntilMs ?? 0) - nowMs));
    if (waitMs > 0) {
      const seconds = Math.ceil(waitMs / 1000);
      throw new ApiError('TooManyRequests', `too many failed attempts; try again in ${seconds} s`, {
        details: { retryAfterSeconds: seconds },
      });
    }
    this.#count(this.#accounts, account, freeOfAccount);
    if (network !== undefined) this.#count(this.#addresses, network, freeOfAddress);
  }

  succeeded(account: string, address?: string): void {
    this.#accounts.delete(account);
    const known = address === undefined ? undefined : this.#addresses.get(networkOf(address));
    if (!known) return;
    known.count--;
    known.waitUntilMs = 0;
  }

  #count(map: Map<string, Failures>, key: string, free: number): void {
    const nowMs = this.#clock.monotonic();
    const known = map.get(key);
    const count = (known && nowMs - known.lastMs < forgetMs ? known.count : 0) + 1;
    // A little chance, so that nobody can count on the moment.
    const waitMs = Math.min(waitBaseMs * 2 ** (count - free - 1), waitMaxMs) * (0.9 + 0.2 * this.#random());
    map.delete(key);
    map.set(key, { count, lastMs: nowMs, waitUntilMs: count > free ? nowMs + waitMs : 0 });
    const [oldest] = map.keys();
    if (map.size > keysMax && oldest !== undefined) map.delete(oldest);
  }
}
