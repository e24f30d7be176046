/**
 * Where packets for other pools come out of the kernel and into it again. Node has no TUN device, but the kernel's VXLAN does
 * what one would: its far end is a UDP socket of this process. The socket's address is the loopback's broadcast address:
 * towards any other address of its own the kernel looks for another VXLAN device and drops what finds none (until Linux 6.5,
 * which can be told not to).
 */
import { createSocket, type Socket } from 'node:dgram';
import { describeError, type Logger } from '@skerry/base';
import {
  crossingMac,
  crossingNextHopMac,
  crossingPort,
  processAddress,
  processPort,
} from '#crossing/crossing-device.ts';
import { familyOfPacket, kernelHeader, packetFromKernel } from '#crossing/packets.ts';

const bufferBytes = 4 * 1024 * 1024;

export class KernelPort {
  readonly #headers = { 4: headerOf(4), 6: headerOf(6) };
  readonly #log: Logger;
  #in: Socket | undefined;
  #out: Socket | undefined;

  constructor({ log }: { readonly log: Logger }) {
    this.#log = log;
  }

  /** Resolves when packets come; they do until `close`. */
  async open(onPacket: (packet: Buffer) => void): Promise<void> {
    this.#in = await bound(processPort, processAddress);
    this.#out = await bound(0, '127.0.0.1');
    await new Promise<void>((resolve) => this.#out?.connect(crossingPort, '127.0.0.1', resolve));
    for (const socket of [this.#in, this.#out]) {
      socket.on('error', (error) => this.#log.debug('crossing socket', { error: describeError(error) }));
      try {
        socket.setRecvBufferSize(bufferBytes);
        socket.setSendBufferSize(bufferBytes);
      } catch {
        // What the system grants is enough for less traffic.
      }
    }
    this.#in.on('message', (datagram) => {
      const packet = packetFromKernel(datagram);
      if (packet) onPacket(packet);
    });
  }

  /** Into the kernel, which routes it on. A packet that finds no room is lost. */
  send(packet: Buffer): void {
    const family = familyOfPacket(packet);
    if (family !== undefined) this.#out?.send([this.#headers[family], packet], ignore);
  }

  close(): void {
    this.#in?.close();
    this.#out?.close();
    this.#in = undefined;
    this.#out = undefined;
  }
}

function headerOf(family: 4 | 6): Buffer {
  return kernelHeader({ to: crossingMac, from: crossingNextHopMac, family });
}

function ignore(): void {
  // While the device is away the kernel refuses; who sent the packet sends it again.
}

function bound(port: number, address: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    socket.once('error', reject);
    socket.bind(port, address, () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}
