/**
 * One stream of bytes to a WebSocket client, a message for each piece: how a log is read over a WebSocket. `binary.k8s.io`
 * and no subprotocol carry bytes, `base64.binary.k8s.io` text.
 */
import type { WebSocket } from 'ws';

/** Best first; '' stands for a client that asks for none. */
export const messageProtocols: readonly string[] = ['binary.k8s.io', 'base64.binary.k8s.io'];

/** Sends until the source ends or the client goes, at the client's pace. */
export async function sendMessages(socket: WebSocket, source: AsyncIterable<Uint8Array>): Promise<void> {
  const base64 = socket.protocol === 'base64.binary.k8s.io';
  socket.on('error', () => undefined);
  // Not by `once` of node:events, which would reject with the error while nobody waits for it.
  const closed = new Promise((resolve) => socket.once('close', resolve));
  for await (const piece of source) {
    const message = base64 ? Buffer.from(piece).toString('base64') : piece;
    const sent = new Promise<void>((resolve) => {
      socket.send(message, { binary: !base64 }, () => resolve());
    });
    await Promise.race([sent, closed]);
    if (socket.readyState !== socket.OPEN) return;
  }
  socket.close(1000);
  await closed;
}
