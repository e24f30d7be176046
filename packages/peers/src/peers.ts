/**
 * Members of a pool hear each other on their local network, so that a machine that lost its power can be told from one that lost
 * its link, and so that what a pod's machine says of it reaches the others when the center can't pass it on.
 *
 * Each member calls a bounded number of others, every few seconds, over TLS with node certificates of the pool at both ends. A
 * call carries what the other end lacks: statements, signed by those whom they are about.
 */
import { describeError, sleep, type Clock, type Logger, type Service } from '@skerry/base';
import { MemberTable, type Member } from './member-table.ts';
import { PeerCall } from './peer-call.ts';
import { openPeerDoor, type PeerDoor } from './peer-door.ts';
import { PeerIdentity } from './peer-identity.ts';
import { callEveryMs, type Message, peerPort } from './protocol.ts';
import { type Credentials, type PeerPod, signStatement, type Statement } from './statement.ts';

export interface PeersOptions {
  readonly nodeName: string;
  readonly pool: string;
  readonly authorityPem: string;
  /** The present ones; see `renewed`. */
  readonly credentials: () => Credentials;
  /** Where others call. */
  readonly host: string;
  /** `peerPort` unless given. */
  readonly port?: number;
  /** Of the pool, this one too. */
  readonly members: () => readonly Member[];
  readonly pods: () => readonly PeerPod[];
  readonly isLinked: () => boolean;
  /** Something is known of a member that was not before, or no longer. */
  readonly onChange?: (node: string) => void;
  /** Keeps whom this member heard, by name, for its next start. */
  readonly memory?: { read(): readonly string[]; write(heard: readonly string[]): void };
  readonly clock: Clock;
  readonly log: Logger;
  /** In [0, 1). */
  readonly random: () => number;
}

/** What this member has to tell the center of others. */
export interface PeerReport {
  /** Members that it heard and does not hear any more. */
  readonly silent: readonly string[];
  /** Members that have no link and are heard all the same; the leader alone says it. */
  readonly heard: readonly string[];
}

export interface Peers extends Service {
  /** What a member says of a pod of its own. */
  pod(node: string, uid: string): PeerPod | undefined;
  isSilent(node: string): boolean;
  leader(): string | undefined;
  report(): PeerReport;
  /** Something of this machine has changed: it is said with the next calls, which are made now. */
  look(): void;
  /** `credentials` answers others than before. */
  renewed(): void;
  /** Where others call, once that is so. */
  readonly port: number | undefined;
}

const doorRetryMs = 60_000;
/** Changes that come together are told together. */
const lookDelayMs = 500;

export function createPeers(options: PeersOptions): Peers {
  return new PoolPeers(options);
}

class PoolPeers implements Peers {
  readonly name = 'pool members';
  readonly #options: PeersOptions;
  readonly #identity: PeerIdentity;
  readonly #table: MemberTable;
  readonly #calls = new Map<string, PeerCall>();
  /** What each was last known to hold. */
  readonly #digests = new Map<string, Message['digest']>();
  #epoch = 0;
  /** Begins anywhere, so that what was said before this start is another one's. */
  #sequence: number;
  #said = '';
  #door: PeerDoor | undefined;
  #wake: (() => void) | undefined;
  #again = false;
  #silent = '';

  constructor(options: PeersOptions) {
    this.#options = options;
    this.#sequence = Math.floor(options.random() * 2 ** 30);
    this.#identity = new PeerIdentity(options);
    this.#table = new MemberTable({
      own: options.nodeName,
      identity: this.#identity,
      remembered: options.memory?.read() ?? [],
      clock: options.clock,
    });
  }

  pod(node: string, uid: string): PeerPod | undefined {
    return this.#table.pod(node, uid);
  }

  isSilent(node: string): boolean {
    return this.#table.isSilent(node);
  }

  leader(): string | undefined {
    return this.#table.leader();
  }

  report(): PeerReport {
    const leads = this.leader() === this.#options.nodeName;
    return { silent: this.#table.silent(), heard: leads ? this.#table.heardWithoutLink() : [] };
  }

  look(): void {
    this.#again = true;
    this.#wake?.();
  }

  renewed(): void {
    this.#door?.renew(this.#options.credentials());
    this.#said = '';
  }

  get port(): number | undefined {
    return this.#door?.port;
  }

  async run(signal: AbortSignal): Promise<void> {
    try {
      await Promise.all([this.#keepDoor(signal), this.#keepCalling(signal)]);
    } finally {
      for (const call of this.#calls.values()) call.close();
      this.#calls.clear();
      await this.#door?.close();
      this.#door = undefined;
    }
  }

  /** A machine where the port is taken can still call others. */
  async #keepDoor(signal: AbortSignal): Promise<void> {
    const { host, port = peerPort, credentials, clock, log } = this.#options;
    let isTold = false;
    while (!signal.aborted && !this.#door) {
      try {
        this.#door = await openPeerDoor({
          host,
          port,
          credentials: credentials(),
          identity: this.#identity,
          isMember: (node) => this.#table.has(node),
          answer: (node, message) => this.#answer(node, message),
          log,
        });
      } catch (error) {
        if (!isTold) log.warn('not open to pool members', { host, port, error: describeError(error) });
        isTold = true;
        await sleep(clock, doorRetryMs, signal).catch(() => undefined);
      }
    }
  }

  async #keepCalling(signal: AbortSignal): Promise<void> {
    const { clock, random, members } = this.#options;
    let lookedMs = clock.monotonic();
    while (!signal.aborted) {
      this.#table.setMembers(members());
      const stallMs = clock.monotonic() - lookedMs - 2 * callEveryMs;
      if (stallMs > 0) this.#table.forgive(stallMs + 2 * callEveryMs);
      lookedMs = clock.monotonic();
      this.#again = false;
      this.#say();
      await this.#callAll();
      this.#followSilence();
      const woken = new AbortController();
      this.#wake = () => woken.abort();
      // Something has changed while it called.
      if (this.#again) woken.abort();
      const until = AbortSignal.any([signal, woken.signal]);
      await sleep(clock, callEveryMs * (0.9 + 0.2 * random()), until).catch(() => undefined);
      if (woken.signal.aborted) await sleep(clock, lookDelayMs, signal).catch(() => undefined);
    }
  }

  #say(): void {
    const { nodeName, pods, isLinked, credentials } = this.#options;
    const content = { isLinked: isLinked(), silent: this.#table.silent(), pods: [...pods()] };
    const text = JSON.stringify([this.#epoch, content]);
    if (text === this.#said) return;
    this.#said = text;
    this.#sequence++;
    const statement: Statement = { node: nodeName, epoch: this.#epoch, sequence: this.#sequence, ...content };
    this.#table.say(statement, signStatement(statement, credentials()));
  }

  async #callAll(): Promise<void> {
    const successors = this.#table.successors();
    const wanted = new Set(successors.map(({ node }) => node));
    for (const [node, call] of this.#calls) {
      if (wanted.has(node)) continue;
      call.close();
      this.#calls.delete(node);
    }
    await Promise.all(successors.map((member) => this.#call(member)));
  }

  async #call({ node, addresses }: Member): Promise<void> {
    const { credentials, log, port = peerPort } = this.#options;
    const [host] = addresses;
    if (!host) return;
    let call = this.#calls.get(node);
    if (call?.host !== host) {
      call?.close();
      call = new PeerCall({ node, host, port, identity: this.#identity, credentials });
      this.#calls.set(node, call);
    }
    try {
      const answer = await call.exchange(this.#table.messageFor(this.#digests.get(node)));
      this.#learn(node, answer);
    } catch (error) {
      this.#digests.delete(node);
      log.debug('pool member not reached', { member: node, error: describeError(error) });
    }
  }

  #answer(node: string, message: Message): Message {
    this.#learn(node, message);
    return this.#table.messageFor(message.digest);
  }

  #learn(node: string, message: Message): void {
    if (this.#table.heard(node)) this.#options.memory?.write(this.#table.everHeard());
    this.#digests.set(node, message.digest);
    const { changed, ownVersion } = this.#table.learn(message);
    // Said before this program started: what is said now is to be newer.
    if (ownVersion && (ownVersion.epoch > this.#epoch || ownVersion.sequence > this.#sequence)) {
      this.#epoch = Math.max(this.#epoch, ownVersion.epoch) + 1;
      this.#say();
    }
    for (const each of changed) this.#options.onChange?.(each);
    this.#followSilence();
  }

  #followSilence(): void {
    const now = this.#table.silent();
    const before = this.#silent === '' ? [] : this.#silent.split(' ');
    if (now.join(' ') === this.#silent) return;
    this.#silent = now.join(' ');
    const { log, onChange } = this.#options;
    for (const node of now) {
      if (before.includes(node)) continue;
      log.warn('pool member fell silent', { member: node });
      onChange?.(node);
    }
    for (const node of before) {
      if (now.includes(node)) continue;
      log.info('pool member is heard again', { member: node });
      onChange?.(node);
    }
    this.look();
  }
}
