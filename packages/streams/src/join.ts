import type { Duplex } from 'node:stream';

/** Copies bytes both ways, half-closes included, until both directions are over; when one end breaks, so does the other. */
export function joinStreams(a: Duplex, b: Duplex): void {
  if (a.destroyed || b.destroyed) {
    a.destroy();
    b.destroy();
    return;
  }
  a.pipe(b);
  b.pipe(a);
  couple(a, b);
  couple(b, a);
}

function couple(from: Duplex, to: Duplex): void {
  from.on('error', () => to.destroy());
  from.on('close', () => {
    // A clean end has already been passed on by the pipe; what is left is a stream that was cut.
    if (!from.readableEnded) to.destroy();
    else if (!to.writableEnded) to.end();
  });
}
