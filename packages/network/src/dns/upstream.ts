/**
 * One server that is asked about names that aren't the cluster's. Over UDP, from sockets that hear that server alone and
 * change their ports often, with a number by chance: what a forger would have to guess. Over TCP when it says that the
 * answer is longer. Every try ends within `tryMs`.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { connect, isIP } from 'node:net';
import type { Clock } from '@skerry/base';
import { dnssecOk, flagBits, headerBytes, optRecord } from '#dns/message.ts';
import { answersQuestion, isTruncated } from '#dns/upstream-answer.ts';

export interface UpstreamAddress {
  readonly host: string;
  readonly port: number;
}

export interface UpstreamQuestion {
  readonly question: Buffer;
  readonly wantsDnssec: boolean;
}

export const tryMs = 2_000;
const queriesPerSocketMax = 64;
const socketsMax = 16;

interface OpenSocket {
  readonly socket: Socket;
  /** Until then it sends nothing. */
  readonly connected: Promise<unknown>;
  readonly pending: Map<number, { readonly question: Buffer; done(result: Buffer | Error): void }>;
  asked: number;
}

export class Upstream {
  readonly address: UpstreamAddress;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #open = new Set<OpenSocket>();
  #current: OpenSocket | undefined;
  /** Failures since the last answer. */
  failures = 0;
  failedMs = 0;

  constructor(address: UpstreamAddress, { clock, random }: { clock: Clock; random: () => number }) {
    this.address = address;
    this.#clock = clock;
    this.#random = random;
  }

  get name(): string {
    const { host, port } = this.address;
    return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
  }

  /** Rejects when nothing fitting came in time. */
  async ask(asked: UpstreamQuestion): Promise<Buffer> {
    try {
      let response = await this.#askUdp(asked);
      if (isTruncated(response)) response = await this.#askTcp(asked);
      this.failures = 0;
      return response;
    } catch (error) {
      this.failures++;
      this.failedMs = this.#clock.monotonic();
      throw error;
    }
  }

  close(): void {
    for (const open of this.#open) this.#end(open, new Error('closed'));
  }

  #askUdp(asked: UpstreamQuestion): Promise<Buffer> {
    const open = this.#socket();
    open.asked++;
    const id = this.#freeId(open);
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(tryMs, () => finish(new Error(`no answer within ${tryMs / 1000} s`)));
      const finish = (result: Buffer | Error) => {
        timer.cancel();
        open.pending.delete(id);
        if (open !== this.#current && open.pending.size === 0) this.#end(open);
        if (result instanceof Error) reject(result);
        else resolve(result);
      };
      open.pending.set(id, { question: asked.question, done: finish });
      const send = () => open.socket.send(queryBytes(id, asked), (error) => error && finish(error));
      open.connected.then(() => open.pending.has(id) && send(), finish);
    });
  }

  #socket(): OpenSocket {
    const current = this.#current;
    if (current && (current.asked < queriesPerSocketMax || this.#open.size >= socketsMax)) return current;
    const { host, port } = this.address;
    const socket = createSocket(isIP(host) === 6 ? 'udp6' : 'udp4');
    const connected = once(socket, 'connect');
    const open: OpenSocket = { socket, connected, pending: new Map(), asked: 0 };
    socket.on('message', (packet) => {
      if (packet.length < headerBytes) return;
      const id = packet.readUInt16BE(0);
      const waiting = open.pending.get(id);
      if (waiting && answersQuestion(packet, { id, question: waiting.question })) waiting.done(packet);
    });
    // A refusal by the machine there: nobody listens.
    socket.on('error', (error) => this.#end(open, error));
    socket.connect(port, host);
    this.#open.add(open);
    this.#current = open;
    if (current?.pending.size === 0) this.#end(current);
    return open;
  }

  #freeId({ pending }: OpenSocket): number {
    // Pending ones are few of 65,536, so that this soon ends.
    for (;;) {
      const id = Math.floor(this.#random() * 0x10000);
      if (!pending.has(id)) return id;
    }
  }

  #end(open: OpenSocket, error?: Error): void {
    if (!this.#open.delete(open)) return;
    if (this.#current === open) this.#current = undefined;
    for (const waiting of open.pending.values()) waiting.done(error ?? new Error('closed'));
    open.socket.close();
  }

  #askTcp(asked: UpstreamQuestion): Promise<Buffer> {
    const id = Math.floor(this.#random() * 0x10000);
    return new Promise((resolve, reject) => {
      const socket = connect({ ...this.address, timeout: tryMs });
      const timer = this.#clock.after(tryMs, () => finish(new Error(`no answer within ${tryMs / 1000} s`)));
      const finish = (result: Buffer | Error) => {
        timer.cancel();
        socket.destroy();
        if (result instanceof Error) reject(result);
        else resolve(result);
      };
      let received = Buffer.alloc(0);
      socket.on('connect', () => {
        const query = queryBytes(id, asked);
        const length = Buffer.alloc(2);
        length.writeUInt16BE(query.length);
        socket.write(Buffer.concat([length, query]));
      });
      // Two bytes of length and what they say: at most 64 KiB.
      socket.on('data', (chunk: Buffer) => {
        received = Buffer.concat([received, chunk]);
        if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
        const packet = received.subarray(2, 2 + received.readUInt16BE(0));
        const fits = answersQuestion(packet, { id, question: asked.question });
        finish(fits ? packet : new Error('an answer to another question'));
      });
      socket.on('error', finish);
      socket.on('close', () => finish(new Error('the connection ended before the answer')));
    });
  }
}

function queryBytes(id: number, { question, wantsDnssec }: UpstreamQuestion): Buffer {
  const header = Buffer.alloc(headerBytes);
  [id, flagBits.rd, 1, 0, 0, 1].forEach((value, index) => header.writeUInt16BE(value, 2 * index));
  return Buffer.concat([header, question, optRecord(0, wantsDnssec ? dnssecOk : 0)]);
}
