/**
 * A line to a center that can be cut: connections pass through it, and all end at once when it is cut. New ones are ended as they come
 * then, or, where it `refuses`, not taken at all, which costs those who try little. As some balancers do, it may break those that
 * begin with the name of a protocol that it does not know.
 */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export interface LineOptions {
  readonly unknown?: string;
  readonly refuses?: boolean;
}

export class Line {
  readonly #server: Server;
  readonly #unknown: string | undefined;
  readonly #refuses: boolean;
  readonly #port: number;
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  private constructor(server: Server, { unknown, refuses }: LineOptions) {
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
    this.#unknown = unknown;
    this.#refuses = refuses ?? false;
  }

  static async to(port: number, options: LineOptions = {}): Promise<Line> {
    const server = createServer({ noDelay: true });
    await listen(server, 0);
    const line = new Line(server, options);
    server.on('connection', (socket) => line.#pass(socket, port));
    return line;
  }

  get port(): number {
    return this.#port;
  }

  get connections(): number {
    return this.#sockets.size / 2;
  }

  cut(): void {
    this.#isCut = true;
    if (this.#refuses) this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  async mend(): Promise<void> {
    this.#isCut = false;
    if (!this.#server.listening) await listen(this.#server, this.#port);
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #pass(near: Socket, port: number): void {
    if (this.#isCut) {
      near.destroy();
      return;
    }
    const far = connect({ host: '127.0.0.1', port, noDelay: true });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => undefined);
      one.once('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
    if (this.#unknown === undefined) {
      near.pipe(far).pipe(near);
      return;
    }
    near.once('data', (hello: Buffer) => {
      if (hello.includes(this.#unknown ?? '')) {
        near.resetAndDestroy();
        return;
      }
      far.write(hello);
      near.pipe(far).pipe(near);
    });
  }
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen({ host: '127.0.0.1', port, backlog: 4096 });
  await once(server, 'listening');
}
