/**
 * Notices that a peer goes while it waits for an answer and nobody reads its connection yet. An end that stands behind unread
 * bytes is not seen, so what comes is taken out meanwhile, up to a bound, and put back for whoever reads next.
 */
import type { Duplex } from 'node:stream';

const heldBytesMax = 64 * 1024;

export interface Departure {
  /** Aborted when the peer has ended or broken its connection. */
  readonly signal: AbortSignal;
  /** Call once the connection gets its reader. */
  stop(): void;
}

export function watchDeparture(socket: Duplex): Departure {
  const gone = new AbortController();
  const held: Buffer[] = [];
  let heldBytes = 0;
  const take = () => {
    while (heldBytes < heldBytesMax) {
      const chunk = socket.read() as Buffer | null;
      if (!chunk) return;
      held.push(chunk);
      heldBytes += chunk.length;
    }
  };
  const leave = () => gone.abort(new Error('the client has gone'));
  socket.on('readable', take).once('end', leave).once('close', leave);
  if (socket.destroyed || socket.readableEnded) leave();
  return {
    signal: gone.signal,
    stop() {
      socket.off('readable', take).off('end', leave).off('close', leave);
      if (heldBytes > 0 && !gone.signal.aborted) socket.unshift(Buffer.concat(held));
    },
  };
}
