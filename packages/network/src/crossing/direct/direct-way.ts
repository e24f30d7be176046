/**
 * The direct way to one gateway of another pool: whether there is one, and at which address. The address is that which its
 * Node says, or that from which it asks: one of two gateways has to be reachable, not both.
 *
 * A way is up when a question was answered there, and down when four in a row were not. Under traffic it is asked once a
 * second; while nothing passes every 25, which keeps it open in most routers on the way and costs a quarter of a megabyte a day.
 * Where nobody answers, it is asked ever less often.
 */
import { randomBytes } from 'node:crypto';
import type { Clock } from '@skerry/base';
import { directType, isProved, numberBytes, writeProbe, type Probe } from '#crossing/direct/probe.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface DirectWayOptions {
  readonly secret: Buffer;
  /** This gateway's. */
  readonly name: Buffer;
  /** Where the other says that it is reached. */
  readonly endpoint: Address | undefined;
  readonly send: (datagram: Buffer, to: Address) => void;
  readonly onChange: () => void;
  readonly clock: Clock;
}

const askMs = 1_000;
const idleMs = 25_000;
/** Between two searches for a way that would be used. */
const searchMaxMs = 10_000;
/** After the last message, the way counts as used. */
const usedMs = 10_000;
const missedMax = 3;
/** Of questions: an answer that comes later counts for nothing. */
const rememberedMax = 16;

export class DirectWay {
  readonly #options: DirectWayOptions;
  /** Where the other end answered last. */
  #address: Address | undefined;
  /** From where it asked last. */
  #heardAt: Address | undefined;
  #missed = 0;
  #askedMs = -Infinity;
  #heardMs = -Infinity;
  /** Between two searches, while there is no way. */
  #searchMs = askMs;
  #usedMs = -Infinity;
  /** By number: where it was asked. */
  readonly #questions = new Map<string, Address>();

  constructor(options: DirectWayOptions) {
    this.#options = options;
  }

  get isUp(): boolean {
    return this.#address !== undefined;
  }

  /** Ways may differ by direction: where it asks from, it also speaks from. What it says is sealed. */
  mayComeFrom(from: Address): boolean {
    return [this.#address, this.#heardAt].some((address) => address && areSame(address, from));
  }

  /** There is something to say to the other end, whichever way it goes. Answers where, if directly. */
  use(): Address | undefined {
    this.#usedMs = this.#now;
    return this.#address;
  }

  /** To be called some times a second. */
  tick(): void {
    const isUsed = this.#now - this.#usedMs < usedMs;
    const isAwaited = isUsed || this.#missed > 0;
    const soonMs = this.#address ? askMs : this.#searchMs;
    if (this.#now - this.#askedMs < (isAwaited ? soonMs : idleMs)) return;
    if (this.#missed > missedMax) this.#lose();
    this.#askedMs = this.#now;
    if (this.#address) {
      this.#missed++;
      this.#ask(this.#address, { isLong: false });
      return;
    }
    this.#searchMs = Math.min(this.#searchMs * 2, searchMaxMs);
    for (const address of this.#candidates()) this.#ask(address, { isLong: true });
  }

  #lose(): void {
    this.#address = undefined;
    this.#missed = 0;
    this.#searchMs = askMs;
    this.#options.onChange();
  }

  receive(probe: Probe, datagram: Buffer, from: Address): void {
    const { secret, name, send } = this.#options;
    if (!isProved(probe, datagram, secret)) return;
    if (probe.type === directType.question) {
      send(writeProbe({ type: directType.answer, number: probe.number, name }, secret), from);
      this.#heard(from);
      return;
    }
    const asked = this.#questions.get(probe.number.toString('hex'));
    if (!asked || !areSame(asked, from)) return;
    this.#questions.delete(probe.number.toString('hex'));
    this.#missed = 0;
    if (this.#address) return;
    this.#address = from;
    this.#options.onChange();
  }

  /** It may be there: asked at once. A question that somebody else sends again leads to one a second, and to nothing else. */
  #heard(from: Address): void {
    if (this.#heardAt && areSame(this.#heardAt, from)) return;
    this.#heardAt = from;
    if (this.#address || this.#now - this.#heardMs < askMs) return;
    this.#heardMs = this.#now;
    this.#ask(from, { isLong: true });
  }

  #candidates(): Address[] {
    const { endpoint } = this.#options;
    const all = [endpoint, this.#heardAt].filter((address) => address !== undefined);
    return all.filter((address, index) => all.findIndex((other) => areSame(other, address)) === index);
  }

  #ask(address: Address, { isLong }: { isLong: boolean }): void {
    const { secret, name, send } = this.#options;
    const number = randomBytes(numberBytes);
    this.#questions.set(number.toString('hex'), address);
    for (const oldest of this.#questions.keys()) {
      if (this.#questions.size <= rememberedMax) break;
      this.#questions.delete(oldest);
    }
    send(writeProbe({ type: directType.question, number, name }, secret, { isLong }), address);
  }

  get #now(): number {
    return this.#options.clock.monotonic();
  }
}

function areSame(a: Address, b: Address): boolean {
  return a.host === b.host && a.port === b.port;
}
