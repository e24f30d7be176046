/**
 * What a member knows of the others: whom it hears, what each last said of itself, who leads. It does no I/O.
 *
 * Silence is judged only about neighbours in the ring that were heard before: whoever can't be reached from here at all, another
 * network or a firewall between, has not fallen silent. Whom it heard outlives the program. Time in which this program itself stood still counts for nobody.
 */
import { poolNeighbours, poolSuccessors } from '@skerry/api';
import type { Clock } from '@skerry/base';
import type { PeerIdentity } from './peer-identity.ts';
import {
  isNewer,
  type Message,
  membersMax,
  type SignedStatement,
  silentAfterMs,
  statementsMax,
  type Version,
} from './protocol.ts';
import { type PeerPod, readStatement, type Statement } from './statement.ts';

export interface Member {
  readonly node: string;
  /** The main one first. */
  readonly addresses: readonly string[];
}

interface Held {
  readonly statement: Statement;
  readonly signed: SignedStatement;
  readonly pods: ReadonlyMap<string, PeerPod>;
}

export class MemberTable {
  readonly #own: string;
  readonly #identity: PeerIdentity;
  readonly #clock: Clock;
  readonly #held = new Map<string, Held>();
  readonly #heardMs = new Map<string, number>();
  /** Heard before this program started. */
  readonly #remembered: ReadonlySet<string>;
  /** In the order of the ring. */
  #members: ReadonlyMap<string, Member> = new Map();

  constructor(options: {
    readonly own: string;
    readonly identity: PeerIdentity;
    readonly remembered?: readonly string[];
    readonly clock: Clock;
  }) {
    this.#own = options.own;
    this.#identity = options.identity;
    this.#clock = options.clock;
    this.#remembered = new Set(options.remembered);
  }

  /** Who is no longer among them is forgotten. */
  setMembers(members: readonly Member[]): void {
    const sorted = [...members].sort((a, b) => (a.node < b.node ? -1 : 1)).slice(0, membersMax);
    this.#members = new Map(sorted.map((member) => [member.node, member]));
    for (const known of [this.#held, this.#heardMs])
      for (const node of known.keys()) if (!this.has(node)) known.delete(node);
    // From now on they are waited for.
    for (const node of this.#members.keys())
      if (this.#remembered.has(node) && !this.#heardMs.has(node))
        this.#heardMs.set(node, this.#clock.monotonic());
  }

  has(node: string): boolean {
    return this.#members.has(node);
  }

  /** Whom this member calls. */
  successors(): Member[] {
    return poolSuccessors([...this.#members.keys()], this.#own, 1).map((node) => this.#members.get(node)!);
  }

  /** Whom this member should hear. */
  neighbours(): string[] {
    return poolNeighbours([...this.#members.keys()], this.#own);
  }

  /** Answers whether it was not heard before. */
  heard(node: string): boolean {
    if (!this.#members.has(node)) return false;
    const isFirst = !this.#heardMs.has(node);
    this.#heardMs.set(node, this.#clock.monotonic());
    return isFirst;
  }

  /** All that were heard and are members still; sorted. */
  everHeard(): string[] {
    return [...this.#heardMs.keys()].sort();
  }

  /** Gives back time in which nobody could be heard. */
  forgive(durationMs: number): void {
    const nowMs = this.#clock.monotonic();
    for (const [node, atMs] of this.#heardMs) this.#heardMs.set(node, Math.min(nowMs, atMs + durationMs));
  }

  /** Neighbours that were heard and are not any more; sorted. */
  silent(): string[] {
    const sinceMs = this.#clock.monotonic() - silentAfterMs;
    return this.neighbours()
      .filter((node) => (this.#heardMs.get(node) ?? Infinity) < sinceMs)
      .sort();
  }

  /** By what this member hears, or, of those far away, by what others say. */
  isSilent(node: string): boolean {
    if (this.#heardMs.has(node)) return this.silent().includes(node);
    return [...this.#held.values()].some(({ statement }) => statement.silent.includes(node));
  }

  pod(node: string, uid: string): PeerPod | undefined {
    return this.#held.get(node)?.pods.get(uid);
  }

  statement(node: string): Statement | undefined {
    return this.#held.get(node)?.statement;
  }

  /** Its own, as it is sent on. */
  say(statement: Statement, signed: SignedStatement): void {
    this.#hold(statement, signed);
  }

  /**
   * Takes over what is news; answers of whom. `ownVersion`: another of this member's names is around under its own, said before
   * its present start.
   */
  learn(message: Message): { readonly changed: readonly string[]; readonly ownVersion: Version | undefined } {
    const changed: string[] = [];
    for (const signed of message.statements.slice(0, statementsMax)) {
      const statement = readStatement(signed, this.#identity);
      if (!statement || statement.node === this.#own || !this.#members.has(statement.node)) continue;
      if (!isNewer(statement, this.statement(statement.node))) continue;
      this.#hold(statement, signed);
      changed.push(statement.node);
    }
    return { changed, ownVersion: message.digest[this.#own] };
  }

  /** What is held, and what of it somebody lacks who holds only so much. */
  messageFor(digest: Message['digest'] | undefined): Message {
    const statements = [...this.#held]
      .filter(([node, { statement }]) => digest && isNewer(statement, digest[node]))
      .slice(0, statementsMax)
      .map(([, { signed }]) => signed);
    const held = [...this.#held].map(([node, { statement }]): [string, Version] => [
      node,
      { epoch: statement.epoch, sequence: statement.sequence },
    ]);
    return { digest: Object.fromEntries(held), statements };
  }

  /**
   * Who speaks for the pool: of those who are there, first one that has its link, then one that hears the most, then the first
   * by name. Everyone finds the same one once all have heard the same; two that lead for a moment say the same twice.
   */
  leader(): string | undefined {
    const candidates = [...this.#held.values()]
      .map(({ statement }) => statement)
      .filter(({ node }) => node === this.#own || !this.isSilent(node));
    const [best] = candidates.sort(
      (a, b) =>
        Number(b.isLinked) - Number(a.isLinked) ||
        a.silent.length - b.silent.length ||
        (a.node < b.node ? -1 : 1),
    );
    return best?.node;
  }

  /** Members that say themselves that they have no link, and are there; sorted. */
  heardWithoutLink(): string[] {
    return [...this.#held.values()]
      .filter(({ statement }) => !statement.isLinked && statement.node !== this.#own)
      .map(({ statement }) => statement.node)
      .filter((node) => !this.isSilent(node))
      .sort();
  }

  #hold(statement: Statement, signed: SignedStatement): void {
    const pods = new Map(statement.pods.map((pod) => [pod.uid, pod]));
    this.#held.set(statement.node, { statement, signed, pods });
  }
}
