import type { Duplex } from 'node:stream';

/**
 * Copies bytes both ways between a client and what serves it, until both directions are over; when one end breaks, so does the
 * other. A client that ends its side has gone, as every API server takes it: what serves it gets all that was sent, and is
 * let go, however long it would keep the connection. A server that ends its side may still be told something.
 */
export function joinStreams(client: Duplex, server: Duplex): void {
  if (client.destroyed || server.destroyed) {
    client.destroy();
    server.destroy();
    return;
  }
  client.pipe(server);
  server.pipe(client);
  client.once('end', () => server.end(() => server.destroy()));
  couple(client, server);
  couple(server, client);
}

function couple(from: Duplex, to: Duplex): void {
  from.on('error', () => to.destroy());
  from.on('close', () => {
    // A clean end has already been passed on by the pipe; what is left is a stream that was cut.
    if (!from.readableEnded) {
      to.destroy();
      return;
    }
    if (!to.writableEnded) to.end();
    // Nobody takes any more what still comes; unread it would hide the end behind it.
    to.resume();
  });
}
