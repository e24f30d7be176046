/**
 * One gateway of another pool, as seen from a gateway of this one: keeps a session with it while there is something to say,
 * and tells whether it answers.
 *
 * Nothing is sent while nothing is to be sent. Under traffic, who has heard something says something within a second, so that
 * a peer from which nothing comes for three is asked for a new session, and counts as down when it doesn't answer that.
 * Sessions are renewed after two minutes or a GiB, and none is used past three minutes.
 */
import type { Clock } from '@skerry/base';
import { answer, initiate, messageType, type Initiation, type Parties } from '#crossing/handshake.ts';
import { Session, sessionIndexOf } from '#crossing/session.ts';

export interface SealedPeerOptions {
  readonly parties: Parties;
  readonly send: (message: Buffer) => void;
  /** What the peer sealed, opened. */
  readonly onPlain: (plain: Buffer) => void;
  /** It is down; what waited for a session with it may go through another. */
  readonly onDown: (waiting: readonly Buffer[]) => void;
  readonly clock: Clock;
  readonly random: () => number;
}

const renewAfterMs = 120_000;
const expireAfterMs = 180_000;
const renewAfterBytes = 2 ** 30;
const answerWithinMs = 1_000;
const silentMaxMs = 3_000;
const initiationMs = 1_000;
const initiationsMax = 3;
const downMs = 5_000;
const goneMs = 1_000;
/** What waits for a session. */
const waitingBytesMax = 256 * 1024;
const empty = Buffer.alloc(0);

export class SealedPeer {
  readonly #options: SealedPeerOptions;
  #session: Session | undefined;
  /** Of a handshake that the peer began: used for sending when the peer has used it. */
  #unproven: Session | undefined;
  /** Packets under way when the session was renewed. */
  #former: Session | undefined;
  #initiation: (Initiation & { readonly sentMs: number; readonly count: number }) | undefined;
  #initiatedMs = 0;
  #answeredTimeMs = 0;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #owesSinceMs: number | undefined;
  #unansweredSinceMs: number | undefined;
  #downUntilMs = 0;

  constructor(options: SealedPeerOptions) {
    this.#options = options;
  }

  get isDown(): boolean {
    return this.#now < this.#downUntilMs;
  }

  /** `plain` is the caller's again when this returns. */
  send(plain: Buffer): void {
    const session = this.#usable();
    if (!session) {
      this.#wait(plain);
      this.#initiate();
      return;
    }
    this.#unansweredSinceMs ??= this.#now;
    this.#owesSinceMs = undefined;
    this.#options.send(session.seal(plain));
    const isOld = this.#now - session.startedMs > renewAfterMs || session.sentBytes > renewAfterBytes;
    if (isOld) this.#initiate();
  }

  receive(message: Buffer): void {
    switch (message[0]) {
      case messageType.data:
        this.#receiveData(message);
        break;
      case messageType.initiation:
        this.#answer(message);
        break;
      case messageType.answer:
        this.#finish(message);
        break;
      default:
    }
  }

  /** The relay says that nothing reaches the peer. */
  gone(): void {
    this.#fail(goneMs);
  }

  /** To be called some times a second. */
  tick(): void {
    const now = this.#now;
    const isOwed = this.#owesSinceMs !== undefined && now - this.#owesSinceMs >= answerWithinMs;
    const session = isOwed ? this.#usable() : undefined;
    if (session) {
      this.#owesSinceMs = undefined;
      this.#options.send(session.seal(empty));
    }
    if (this.#unansweredSinceMs !== undefined && now - this.#unansweredSinceMs >= silentMaxMs)
      this.#initiate();
    const initiation = this.#initiation;
    if (!initiation || now - initiation.sentMs < initiationMs) return;
    if (initiation.count >= initiationsMax) this.#fail(downMs);
    else this.#sendInitiation(initiation.count + 1);
  }

  get #now(): number {
    return this.#options.clock.monotonic();
  }

  #usable(): Session | undefined {
    const session = this.#session;
    return session && this.#now - session.startedMs < expireAfterMs ? session : undefined;
  }

  #wait(plain: Buffer): void {
    this.#waiting.push(Buffer.from(plain));
    this.#waitingBytes += plain.length;
    while (this.#waitingBytes > waitingBytesMax) this.#waitingBytes -= this.#waiting.shift()?.length ?? 0;
  }

  #initiate(): void {
    if (!this.#initiation && !this.isDown) this.#sendInitiation(1);
  }

  #sendInitiation(count: number): void {
    const { parties, send, clock, random } = this.#options;
    // Each counts once by its time, which must grow also where the clock stands.
    this.#initiatedMs = Math.max(clock.now(), this.#initiatedMs + 1);
    const initiation = initiate(parties, { index: newIndex(random), nowMs: this.#initiatedMs });
    this.#initiation = { ...initiation, sentMs: this.#now, count };
    send(initiation.message);
  }

  #answer(message: Buffer): void {
    const { parties, random, send } = this.#options;
    const answered = answer(parties, message, newIndex(random));
    if (!answered || answered.timeMs <= this.#answeredTimeMs) return;
    this.#answeredTimeMs = answered.timeMs;
    this.#unproven = new Session(answered.keys, this.#now);
    send(answered.message);
  }

  #finish(message: Buffer): void {
    const keys = this.#initiation?.finish(message);
    if (!keys) return;
    this.#initiation = undefined;
    this.#use(new Session(keys, this.#now));
    // Proves to the peer that this end has the keys.
    if (this.#waiting.length === 0) this.#options.send(this.#session!.seal(empty));
    this.#flush();
  }

  #use(session: Session): void {
    this.#former = this.#session;
    this.#session = session;
    this.#unansweredSinceMs = undefined;
    this.#downUntilMs = 0;
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    for (const plain of waiting) this.send(plain);
  }

  #receiveData(message: Buffer): void {
    const index = sessionIndexOf(message);
    const session = [this.#session, this.#unproven, this.#former].find(
      (each) => each?.keys.ownIndex === index,
    );
    if (!session || this.#now - session.startedMs > expireAfterMs) return;
    const plain = session.open(message);
    if (!plain) return;
    if (session === this.#unproven) {
      this.#unproven = undefined;
      this.#use(session);
      this.#flush();
    }
    this.#unansweredSinceMs = undefined;
    if (plain.length === 0) return;
    this.#owesSinceMs ??= this.#now;
    this.#options.onPlain(plain);
  }

  #fail(forMs: number): void {
    this.#initiation = undefined;
    this.#session = undefined;
    this.#unansweredSinceMs = undefined;
    this.#owesSinceMs = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#downUntilMs = this.#now + forMs;
    this.#options.onDown(waiting);
  }
}

function newIndex(random: () => number): number {
  return Math.floor(random() * 2 ** 32);
}
