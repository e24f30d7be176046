/**
 * A connection whose turn has not come. It is read all the same, since a socket that nobody reads does not tell that the other
 * end has gone: thousands that had given up would be held, and be greeted in vain when their turn came.
 */
import type { Socket } from 'node:net';

/** More than any first message of TLS; whoever sends more is read no further, and only missed when his turn comes. */
const keptBytesMax = 16_384;

/** Destroys `wire` when the other end closes it. `giveBack` ends that, and leaves what was read to be read again. */
export function keepUnread(wire: Socket): { giveBack(): void } {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const onData = (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= keptBytesMax) wire.pause();
  };
  const onEnd = () => wire.destroy();
  wire.on('data', onData);
  wire.once('end', onEnd);
  wire.resume();
  return {
    giveBack() {
      wire.pause();
      wire.off('data', onData);
      wire.off('end', onEnd);
      if (bytes > 0) wire.unshift(Buffer.concat(chunks));
    },
  };
}
