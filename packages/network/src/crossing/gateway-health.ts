/**
 * How the gateways of a pool are, asked on its own network and not in the center: an answer takes no WAN, and a gateway that
 * dies is noticed within seconds by each machine by itself. A gateway answers whether it has a way to other pools.
 *
 * Messages are one byte kind and one byte state. Who forges them on the pool's network can make machines choose another
 * gateway, no more: packets are sealed by whichever it is.
 */
import { createSocket, type Socket } from 'node:dgram';
import { describeError, type Clock, type Logger } from '@skerry/base';
import { healthPort } from '#crossing/crossing-device.ts';

const question = 1;
const answerKind = 2;
const missedMax = 3;

export interface GatewayHealthOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether this machine has a way to other pools; asked for by others. */
  readonly hasWay: () => boolean;
  /** A gateway has become well, or no longer is. */
  readonly onChange: () => void;
}

interface Asked {
  missed: number;
  hasWay: boolean;
  wasWell: boolean;
}

export class GatewayHealth {
  readonly #options: GatewayHealthOptions;
  /** By address. */
  readonly #asked = new Map<string, Asked>();
  #socket: Socket | undefined;

  constructor(options: GatewayHealthOptions) {
    this.#options = options;
  }

  /** Answers and asks at this machine's address. */
  async open(address: string): Promise<void> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(healthPort, address, resolve);
    });
    socket.removeAllListeners('error');
    socket.on('error', (error) => this.#options.log.debug('gateway health', { error: describeError(error) }));
    socket.on('message', (message, { address: from, port }) => {
      if (message.length !== 2) return;
      if (message[0] === question)
        socket.send(Buffer.from([answerKind, this.#options.hasWay() ? 1 : 0]), port, from, ignore);
      else if (message[0] === answerKind && port === healthPort) this.#heard(from, message[1] === 1);
    });
    this.#socket = socket;
  }

  close(): void {
    this.#socket?.close();
    this.#socket = undefined;
    this.#asked.clear();
  }

  isWell(address: string): boolean {
    const asked = this.#asked.get(address);
    return asked !== undefined && asked.hasWay && asked.missed < missedMax;
  }

  /** Asks these, about once a second, and forgets others. */
  ask(addresses: readonly string[]): void {
    for (const address of this.#asked.keys()) if (!addresses.includes(address)) this.#asked.delete(address);
    for (const address of addresses) {
      const asked = this.#asked.get(address) ?? { missed: 0, hasWay: false, wasWell: false };
      this.#asked.set(address, asked);
      asked.missed++;
      this.#socket?.send(Buffer.from([question, 0]), healthPort, address, ignore);
      this.#look(address, asked);
    }
  }

  #heard(address: string, hasWay: boolean): void {
    const asked = this.#asked.get(address);
    if (!asked) return;
    asked.missed = 0;
    asked.hasWay = hasWay;
    this.#look(address, asked);
  }

  #look(address: string, asked: Asked): void {
    const isWell = this.isWell(address);
    if (isWell === asked.wasWell) return;
    asked.wasWell = isWell;
    this.#options.onChange();
  }
}

function ignore(): void {
  // A gateway that can't be sent to doesn't answer, which is seen.
}
