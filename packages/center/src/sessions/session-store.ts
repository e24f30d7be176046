/**
 * Who is signed in. A session is known by a random id of 256 bits that only the browser's cookie holds; here is its hash, so
 * that neither memory nor file gives a session away. It ends after 30 minutes without a request, 12 hours after the sign-in, or
 * at a word; all that is open under it ends with it.
 *
 * An id is replaced whenever a session gains a right. The one before it is good for ten more seconds, without that right, for
 * requests that were on their way.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { ApiError } from '@skerry/api';
import { type Clock, describeError, type Logger, type Timer } from '@skerry/base';
import type { SessionEnd, SignInMethod } from '#http/caller.ts';
import type { SealedFile } from '#sessions/session-file.ts';

export const idleMsMax = 30 * 60_000;
export const absoluteMsMax = 12 * 3_600_000;
export const stepUpMs = 5 * 60_000;
const formerIdMs = 10_000;
const sweepEveryMs = 30_000;
const browserNonceBytes = 18;
const saveAfterMs = 1_000;
/** Beyond, a user's oldest session gives way, and beyond that nobody can sign in. */
const perUserMax = 20;
const totalMax = 20_000;

export interface SignedIn {
  readonly user: string;
  /** Of the User object: another of the same name is another person. */
  readonly userUid: string;
  readonly displayName: string;
  readonly groups: readonly string[];
  readonly method: SignInMethod;
  readonly mustChangePassword: boolean;
  /** What the identity provider calls its own session (`sid`). */
  readonly providerSession?: string;
  readonly address: string;
  readonly userAgent: string;
}

export interface Session extends SignedIn {
  /** Names it in lists and logs; proves nothing. */
  readonly publicId: string;
  readonly createdMs: number;
  lastMs: number;
  steppedUpUntilMs: number;
  mustChangePassword: boolean;
  groups: readonly string[];
  readonly ended: AbortController;
  /** Aborted, and made anew, when what the user may do has changed: streams have to be asked for again. */
  rights: AbortController;
}

interface Held {
  readonly session: Session;
  hash: string;
  former?: { readonly hash: string; readonly untilMs: number };
}

export interface Found {
  readonly session: Session;
  /** By an id that was replaced: what was gained then doesn't count. */
  readonly former: boolean;
}

export class SessionStore {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #file: SealedFile | undefined;
  readonly #held = new Map<string, Held>();
  readonly #byHash = new Map<string, Held>();
  readonly #listeners = new Set<(session: Session) => void>();
  #csrfKey = randomBytes(32);
  #save: Timer | undefined;
  #saving: Promise<void> = Promise.resolve();
  #closed = false;

  constructor({ clock, log, file }: { clock: Clock; log: Logger; file?: SealedFile }) {
    this.#clock = clock;
    this.#log = log;
    this.#file = file;
  }

  /** Takes up what a former process left, then keeps times until the signal. */
  async restore(): Promise<void> {
    const stored = (await this.#file?.load()) as Stored | undefined;
    if (stored?.version !== 1) return;
    this.#csrfKey = Buffer.from(stored.csrfKey, 'base64');
    for (const { hash, ...kept } of stored.sessions) {
      this.#add(hash, { ...kept, ended: new AbortController(), rights: new AbortController() });
    }
    this.#sweep();
  }

  async run(signal: AbortSignal): Promise<void> {
    let timer: Timer;
    const beat = () => {
      this.#sweep();
      timer = this.#clock.after(sweepEveryMs, beat);
    };
    timer = this.#clock.after(sweepEveryMs, beat);
    if (!signal.aborted) {
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    timer.cancel();
    await this.close();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#save?.cancel();
    await this.#write();
  }

  /** Returns the id for the cookie. Throws 503 when there are too many sessions. */
  create(who: SignedIn): { readonly id: string; readonly session: Session } {
    this.#sweep();
    if (this.#held.size >= totalMax) {
      throw new ApiError('ServiceUnavailable', 'too many people are signed in; try again later');
    }
    const own = this.of(who.user).sort((left, right) => left.lastMs - right.lastMs);
    for (const session of own.slice(0, Math.max(own.length - perUserMax + 1, 0))) {
      this.end(session, { code: 4401, reason: 'signed in elsewhere too often' });
    }
    const nowMs = this.#clock.now();
    const session: Session = {
      ...who,
      userAgent: shortened(who.userAgent),
      publicId: randomBytes(9).toString('base64url'),
      createdMs: nowMs,
      lastMs: nowMs,
      steppedUpUntilMs: nowMs + stepUpMs,
      ended: new AbortController(),
      rights: new AbortController(),
    };
    const id = newId();
    this.#add(hashOf(id), session);
    this.#changed();
    for (const listener of this.#listeners) listener(session);
    return { id, session };
  }

  /** Calls back for each session as it begins. Returns what ends it. */
  onBegin(listener: (session: Session) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** The live session of an id; that it was asked for keeps it alive. From another browser than it was given to, it ends. */
  find(id: string, userAgent?: string): Found | undefined {
    const hash = hashOf(id);
    const held = this.#byHash.get(hash);
    if (!held || this.#endIfOver(held)) return undefined;
    if (userAgent !== undefined && shortened(userAgent) !== held.session.userAgent) {
      const { user, publicId } = held.session;
      this.#log.warn('session ended: its cookie came from another browser', { user, session: publicId });
      this.end(held.session, { code: 4401, reason: 'the session was used by another browser' });
      return undefined;
    }
    const nowMs = this.#clock.now();
    const former = held.hash !== hash;
    if (former && (held.former?.hash !== hash || held.former.untilMs < nowMs)) return undefined;
    this.touch(held.session);
    return { session: held.session, former };
  }

  touch(session: Session): void {
    session.lastMs = this.#clock.now();
    this.#changed();
  }

  byPublicId(publicId: string): Session | undefined {
    return this.#held.get(publicId)?.session;
  }

  of(user: string): Session[] {
    return this.all().filter((session) => session.user === user);
  }

  all(): Session[] {
    return [...this.#held.values()].map(({ session }) => session);
  }

  /** A new id for a session that gains a right; `gain` gives it. */
  rotate(session: Session, gain: (session: Session) => void): string {
    const held = this.#held.get(session.publicId);
    if (!held) throw new ApiError('Unauthorized', 'the session has ended');
    const id = newId();
    if (held.former) this.#byHash.delete(held.former.hash);
    held.former = { hash: held.hash, untilMs: this.#clock.now() + formerIdMs };
    held.hash = hashOf(id);
    this.#byHash.set(held.hash, held);
    gain(session);
    this.#changed();
    return id;
  }

  end(session: Session, end: SessionEnd): void {
    const held = this.#held.get(session.publicId);
    if (!held) return;
    this.#held.delete(session.publicId);
    this.#byHash.delete(held.hash);
    if (held.former) this.#byHash.delete(held.former.hash);
    session.ended.abort(end);
    this.#changed();
  }

  /** Streams of the session end, and may be asked for again. */
  endStreams(session: Session, reason: string): void {
    const old = session.rights;
    session.rights = new AbortController();
    old.abort({ code: 4403, reason } satisfies SessionEnd);
  }

  csrfToken(id: string): string {
    return createHmac('sha256', this.#csrfKey).update(`csrf ${id}`).digest('base64url');
  }

  /** For the cookie of a browser in which the user has signed in. */
  browserToken(user: string): string {
    const nonce = randomBytes(browserNonceBytes).toString('base64url');
    return nonce + this.#browserMark(user, nonce);
  }

  isBrowserToken(user: string, token: string): boolean {
    const nonce = token.slice(0, (browserNonceBytes * 4) / 3);
    return isSame(token, nonce + this.#browserMark(user, nonce));
  }

  isCsrfToken(id: string, token: string): boolean {
    return isSame(token, this.csrfToken(id));
  }

  isSteppedUp({ steppedUpUntilMs }: Session): boolean {
    return steppedUpUntilMs > this.#clock.now();
  }

  expiresMs(session: Session): number {
    return Math.min(session.lastMs + idleMsMax, session.createdMs + absoluteMsMax);
  }

  #browserMark(user: string, nonce: string): string {
    return createHmac('sha256', this.#csrfKey).update(`browser ${nonce} ${user}`).digest('base64url');
  }

  #add(hash: string, session: Session): void {
    const held = { session, hash };
    this.#held.set(session.publicId, held);
    this.#byHash.set(hash, held);
  }

  #sweep(): void {
    for (const held of this.#held.values()) this.#endIfOver(held);
  }

  #endIfOver({ session }: Held): boolean {
    const nowMs = this.#clock.now();
    if (this.expiresMs(session) > nowMs) return false;
    const reason =
      nowMs - session.createdMs >= absoluteMsMax
        ? 'the session has ended after 12 hours'
        : 'the session has ended after 30 minutes without use';
    this.end(session, { code: 4401, reason });
    return true;
  }

  #changed(): void {
    if (!this.#file || this.#closed) return;
    this.#save ??= this.#clock.after(saveAfterMs, () => {
      this.#save = undefined;
      void this.#write();
    });
  }

  /** One write at a time; a failure costs that people sign in again after a restart. */
  #write(): Promise<void> {
    const file = this.#file;
    if (!file) return Promise.resolve();
    this.#saving = this.#saving.then(async () => {
      try {
        await file.save(this.#stored());
      } catch (error) {
        this.#log.warn('sessions not saved', { error: describeError(error) });
      }
    });
    return this.#saving;
  }

  #stored(): Stored {
    return {
      version: 1,
      csrfKey: this.#csrfKey.toString('base64'),
      sessions: [...this.#held.values()].map(({ hash, session }) => {
        const { ended: _ended, rights: _rights, ...kept } = session;
        return { hash, ...kept };
      }),
    };
  }
}

type StoredSession = Omit<Session, 'ended' | 'rights'> & { readonly hash: string };

interface Stored {
  readonly version: 1;
  readonly csrfKey: string;
  readonly sessions: readonly StoredSession[];
}

function isSame(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function shortened(userAgent: string): string {
  return userAgent.slice(0, 200);
}

function newId(): string {
  return randomBytes(32).toString('base64url');
}

function hashOf(id: string): string {
  return createHash('sha256').update(id).digest('base64url');
}
