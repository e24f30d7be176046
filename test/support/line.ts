/**
 * A line to a center that can be cut: connections pass through it, and all end at once when it is cut. As some balancers do, it may
 * break those that begin with the name of a protocol that it does not know.
 */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export class Line {
  readonly #server: Server;
  readonly #unknown: string | undefined;
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  private constructor(server: Server, unknown: string | undefined) {
    this.#server = server;
    this.#unknown = unknown;
  }

  static async to(port: number, { unknown }: { unknown?: string } = {}): Promise<Line> {
    const server = createServer({ noDelay: true });
    const line = new Line(server, unknown);
    server.on('connection', (socket) => line.#pass(socket, port));
    server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 });
    await once(server, 'listening');
    return line;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get connections(): number {
    return this.#sockets.size / 2;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#isCut = false;
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
