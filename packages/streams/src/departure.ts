/**
 * Notices that a peer goes while it waits for an answer and nobody reads its connection yet. An end that stands behind unread
 * bytes is not seen, so what comes is taken out meanwhile and put back for whoever reads next. Only so much of it is held: who
 * goes on sending without an answer is dropped like one who went, since nobody could see it go.
 */
import type { Duplex } from 'node:stream';

const heldBytesMax = 64 * 1024;

export interface Departure {
  /** Aborted when the peer has ended or broken its connection, or sends without end. */
  readonly signal: AbortSignal;
  /** Call once the connection gets its reader. */
  stop(): void;
}

export function watchDeparture(socket: Duplex): Departure {
  const gone = new AbortController();
  const held: Buffer[] = [];
  let heldBytes = 0;
  const leave = () => gone.abort(new Error('the client has gone'));
  const take = () => {
    for (let chunk = socket.read() as Buffer | null; chunk; chunk = socket.read() as Buffer | null) {
      if (heldBytes > heldBytesMax) {
        gone.abort(new Error(`the client sent more than ${heldBytesMax} bytes before it had an answer`));
        return;
      }
      held.push(chunk);
      heldBytes += chunk.length;
    }
  };
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
