/** A connection that changes its protocol, WebSocket above all: what both ends say goes through as it is. */
import type { ClientRequest as OutgoingRequest, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

/** An hour of silence ends it. */
const silentMs = 3_600_000;

/** Resolves when both ends are through, with the endpoint's status; `broken` when it gave none. */
export function passUpgrade(
  outgoing: OutgoingRequest,
  { socket, head }: { readonly socket: Duplex; readonly head: Buffer },
): Promise<number | 'broken'> {
  return new Promise((resolve) => {
    outgoing.once('upgrade', (answer, backend, backendHead) => {
      socket.write(headOf(answer));
      if (backendHead.length > 0) socket.write(backendHead);
      if (head.length > 0) backend.write(head);
      backend.setTimeout(silentMs, () => backend.destroy());
      backend.on('error', () => socket.destroy());
      backend.once('close', () => {
        socket.end();
        resolve(answer.statusCode ?? 101);
      });
      socket.once('close', () => backend.destroy());
      backend.pipe(socket);
      socket.pipe(backend);
    });
    outgoing.once('response', (answer) => {
      socket.write(headOf(answer, 'close'));
      answer.pipe(socket);
      answer.once('close', () => resolve(answer.statusCode ?? 502));
    });
    outgoing.on('error', () => resolve('broken'));
    outgoing.end();
  });
}

function headOf(answer: IncomingMessage, connection?: 'close'): string {
  const lines = [`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}`];
  for (let at = 0; at < answer.rawHeaders.length; at += 2) {
    const name = answer.rawHeaders[at]!;
    // The body arrives here without its chunks.
    if (connection && /^(?:connection|keep-alive|transfer-encoding)$/i.test(name)) continue;
    lines.push(`${name}: ${answer.rawHeaders[at + 1]}`);
  }
  if (connection) lines.push(`Connection: ${connection}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}
