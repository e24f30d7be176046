/** Answers a WebSocket upgrade with one of the subprotocols that Kubernetes' clients ask for. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';

/** The largest message taken. Clients cut stdin at 32 KiB; some send a whole file at once. */
const messageBytesMax = 16 * 1024 * 1024;

/** Answers to pings that wait for a client which sends and doesn't read. */
const pongBytesMax = 64 * 1024;

const protocolHeader = 'sec-websocket-protocol';

/** What was sent as a WebSocket's handshake is none; nothing was answered yet. */
export class HandshakeError extends Error {
  override readonly name = 'HandshakeError';
}

export function isWebSocketRequest(request: IncomingMessage): boolean {
  return (
    /(?:^|,)\s*upgrade\s*(?:,|$)/i.test(request.headers.connection ?? '') &&
    request.headers.upgrade?.toLowerCase() === 'websocket'
  );
}

/** The subprotocols that the client offers, in its order. */
export function offeredProtocols(request: IncomingMessage): string[] {
  const offered = request.headers[protocolHeader];
  return offered ? offered.split(',').map((name) => name.trim()) : [];
}

/**
 * Completes the handshake, or rejects with a `HandshakeError`; `protocol` is one the client offered, or '' for none. The `ws` library takes an offered name
 * with a slash (`SPDY/3.1+portforward.k8s.io`) for a malformed header, so it is not shown the offer and the answer is
 * put into its response.
 */
export function acceptWebSocket(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  protocol: string,
): Promise<WebSocket> {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    autoPong: false,
    maxPayload: messageBytesMax,
  });
  const headers = { ...request.headers };
  delete headers[protocolHeader];
  Object.defineProperty(request, 'headers', { value: headers, configurable: true });
  server.on('headers', (lines) => {
    if (protocol !== '') lines.push(`Sec-WebSocket-Protocol: ${protocol}`);
  });
  return new Promise((resolve, reject) => {
    socket.once('close', () => reject(new Error('the connection was closed during the WebSocket handshake')));
    server.once('wsClientError', ({ message }) => reject(new HandshakeError(message)));
    server.handleUpgrade(request, socket, head, (webSocket) => {
      if (protocol !== '') Object.defineProperty(webSocket, 'protocol', { value: protocol });
      // A frame that came with the request may be broken, and then nobody else listens yet. Its end is told by `close`.
      webSocket.on('error', () => undefined);
      webSocket.on('ping', (data) => {
        if (webSocket.bufferedAmount > pongBytesMax) webSocket.terminate();
        else webSocket.pong(data);
      });
      resolve(webSocket);
    });
  });
}
