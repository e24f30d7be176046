/** A gateway's way to the gateways of other pools: over the stream that the center opens while the node is linked. */
import type { Duplex } from 'node:stream';
import { RelayPipe } from '#relay/relay-pipe.ts';

export interface RelayPortHandlers {
  readonly onDatagram: (from: string, datagram: Buffer) => void;
  /** What was sent to that node is lost, and so would more be. */
  readonly onGone: (node: string) => void;
  /** There is a way now, or none any more. */
  readonly onChange: (isOpen: boolean) => void;
}

export class RelayPort {
  #pipe: RelayPipe | undefined;
  #handlers: RelayPortHandlers | undefined;

  /** Whoever is to hear of what comes; before that, everything that comes is lost. */
  handle(handlers: RelayPortHandlers): void {
    this.#handlers = handlers;
  }

  get isOpen(): boolean {
    return this.#pipe?.isOpen ?? false;
  }

  /** The center has opened a stream; a former one ends. */
  take(stream: Duplex): void {
    this.#pipe?.destroy();
    const pipe = new RelayPipe(stream, (kind, name, payload) => {
      if (kind === 'gone') this.#handlers?.onGone(name);
      else this.#handlers?.onDatagram(name, payload);
    });
    this.#pipe = pipe;
    stream.once('close', () => {
      if (this.#pipe === pipe) this.#handlers?.onChange(false);
    });
    this.#handlers?.onChange(true);
  }

  /** Lost where there is no way. */
  send(to: string, datagram: Buffer): void {
    this.#pipe?.send('datagram', to, datagram);
  }
}
