/**
 * Holds sessions to what the directory says: those of users who were disabled or taken away end at once, and the streams of
 * whose grants or groups have changed end, to be asked for again with the rights of now.
 */
import { type Clock, sleep } from '@skerry/base';
import type { ApiTokens } from '#people/api-tokens.ts';
import { sessionsSinceAnnotation } from '#people/kinds.ts';
import type { Directory } from '#people/directory.ts';
import type { Session, SessionStore } from '#sessions/session-store.ts';

/** Also when nothing seems to have changed. */
const everyMs = 30_000;

export class SessionKeeper {
  readonly name = 'session keeper';
  readonly #sessions: SessionStore;
  readonly #directory: Directory;
  readonly #tokens: ApiTokens;
  readonly #clock: Clock;
  readonly #rights = new WeakMap<Session, string>();

  constructor(parts: { sessions: SessionStore; directory: Directory; tokens: ApiTokens; clock: Clock }) {
    this.#sessions = parts.sessions;
    this.#directory = parts.directory;
    this.#tokens = parts.tokens;
    this.#clock = parts.clock;
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.#directory.waitForSync(signal);
    const removes = [
      this.#directory.onChange(() => this.check()),
      // What it may do at its beginning is what changes are told from.
      this.#sessions.onBegin((session) => this.#checkSession(session)),
    ];
    try {
      while (!signal.aborted) {
        this.check();
        await sleep(this.#clock, everyMs, signal).catch(() => undefined);
      }
    } finally {
      for (const remove of removes) remove();
    }
  }

  check(): void {
    for (const session of this.#sessions.all()) this.#checkSession(session);
    this.#tokens.sweep();
  }

  #checkSession(session: Session): void {
    const user = this.#directory.user(session.user);
    const isGone = user?.metadata?.uid !== session.userUid;
    if (!user || isGone || user.spec.disabled) {
      const reason = user && !isGone ? 'the user was disabled' : 'the user was deleted';
      this.#sessions.end(session, { code: 4403, reason });
      return;
    }
    const since = Date.parse(user.metadata?.annotations?.[sessionsSinceAnnotation] ?? '');
    if (since > session.createdMs) {
      this.#sessions.end(session, { code: 4401, reason: 'the password was set anew' });
      return;
    }
    session.groups = this.#directory.groupsOf(user);
    const rights = JSON.stringify([
      session.groups,
      this.#directory
        .grantsOf(session)
        .map(({ metadata, spec }) => JSON.stringify([metadata?.name, spec]))
        .toSorted((left, right) => (left < right ? -1 : 1)),
    ]);
    const before = this.#rights.get(session);
    this.#rights.set(session, rights);
    if (before !== undefined && before !== rights)
      this.#sessions.endStreams(session, 'your rights have changed');
  }
}
