import { connect } from 'node:net';
import type { Duplex } from 'node:stream';

/** Time that a host has to answer. */
const connectMs = 10_000;

/** A TCP connection from this machine: the way to webhooks that are no pods of the cluster. */
export function dialDirectly({ host, port }: { host: string; port: number }): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true, timeout: connectMs });
    socket.once('error', reject);
    socket.once('timeout', () => socket.destroy(new Error(`dial tcp ${host}:${port}: i/o timeout`)));
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.off('error', reject);
      resolve(socket);
    });
  });
}
