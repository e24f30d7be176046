/** A WebSocket as a byte stream: what `SPDY/3.1+portforward.k8s.io` carries its SPDY connection in. */
import type { Duplex } from 'node:stream';
import { createWebSocketStream, type WebSocket } from 'ws';

export const tunnelPrefix = 'SPDY/3.1+';

/** Message boundaries mean nothing; both directions feel the other's pressure. */
export function webSocketBytes(socket: WebSocket): Duplex {
  return createWebSocketStream(socket, { allowHalfOpen: false });
}
