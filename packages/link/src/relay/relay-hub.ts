/**
 * The center's part of crossings: it passes sealed datagrams from one pool's gateway to another's. It opens one stream to
 * each linked gateway; who sends is known by whose link the stream is on, never by what it says, and each datagram goes only
 * where the sender may send. It can't read what it passes.
 */
import type { Duplex } from 'node:stream';
import { describeError, type Clock, type Logger, type Timer } from '@skerry/base';
import { RelayPipe } from '#relay/relay-pipe.ts';

export interface RelayHubOptions {
  readonly dial: (node: string) => Promise<Duplex>;
  readonly isLinked: (node: string) => boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

/** By node: the nodes that it may send to. */
export type RelayRights = ReadonlyMap<string, ReadonlySet<string>>;

const retryMs = 1_000;
const nothing = Buffer.alloc(0);

export class RelayHub {
  readonly #options: RelayHubOptions;
  readonly #pipes = new Map<string, RelayPipe>();
  readonly #dialling = new Set<string>();
  readonly #retries = new Map<string, Timer>();
  #rights: RelayRights = new Map();
  #closed = false;

  constructor(options: RelayHubOptions) {
    this.#options = options;
  }

  /** From now on these hold, for streams that are open too. */
  allow(rights: RelayRights): void {
    this.#rights = rights;
    for (const [node, pipe] of this.#pipes) if (!rights.has(node)) pipe.destroy();
    for (const node of rights.keys()) this.#open(node);
  }

  /** The node has a new link. */
  linked(node: string): void {
    this.#pipes.get(node)?.destroy();
    this.#open(node);
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#retries.values()) timer.cancel();
    for (const pipe of this.#pipes.values()) pipe.destroy();
  }

  #isWanted(node: string): boolean {
    return !this.#closed && this.#rights.has(node) && this.#options.isLinked(node);
  }

  #open(node: string): void {
    if (!this.#isWanted(node) || this.#dialling.has(node) || this.#pipes.get(node)?.isOpen) return;
    this.#dialling.add(node);
    this.#options
      .dial(node)
      .then(
        (stream) => this.#opened(node, stream),
        (error: unknown) => {
          this.#options.log.warn('no relay to a gateway', { node, error: describeError(error) });
          this.#openLater(node);
        },
      )
      .finally(() => this.#dialling.delete(node));
  }

  #opened(node: string, stream: Duplex): void {
    if (!this.#isWanted(node)) {
      stream.destroy();
      return;
    }
    const pipe = new RelayPipe(stream, (kind, to, payload) => {
      if (kind === 'datagram') this.#pass(node, to, payload);
    });
    this.#pipes.set(node, pipe);
    stream.once('close', () => {
      if (this.#pipes.get(node) !== pipe) return;
      this.#pipes.delete(node);
      this.#openLater(node);
    });
    this.#options.log.info('relay to a gateway open', { node });
  }

  #openLater(node: string): void {
    this.#retries.get(node)?.cancel();
    if (!this.#isWanted(node)) return;
    this.#retries.set(
      node,
      this.#options.clock.after(retryMs, () => this.#open(node)),
    );
  }

  #pass(from: string, to: string, payload: Buffer): void {
    const target = this.#rights.get(from)?.has(to) ? this.#pipes.get(to) : undefined;
    if (target?.isOpen) target.send('datagram', from, payload);
    else this.#pipes.get(from)?.send('gone', to, nothing);
  }
}
