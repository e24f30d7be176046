import { STATUS_CODES } from 'node:http';
import { Readable } from 'node:stream';
import { acceptWebSocket } from '@skerry/streams';
import type { Exchange, ResponseStream } from '#http/exchange.ts';
import type { UpgradeRequest } from '#http/front.ts';

const newline = 0x0a;

/**
 * A watch over a WebSocket, as any other exchange: what refuses it is an HTTP answer to the upgrade, what begins it completes the
 * handshake, and then each event is a message of its own. Text for JSON, bytes for anything else; what the client says is not
 * listened to. For clients in browsers, which have no other way to read a stream as it comes.
 */
export function exchangeOverWebSocket({ exchange: asked, message, socket, head }: UpgradeRequest): Exchange {
  const extra = new Map<string, string | readonly string[]>();
  let status = 0;
  let bytesSent = 0;
  const exchange: Exchange = {
    method: asked.method,
    path: asked.path,
    query: asked.query,
    target: asked.target,
    headers: asked.headers,
    headerValues: (name) => asked.headerValues(name),
    peer: asked.peer,
    remoteAddress: asked.remoteAddress,
    signal: asked.signal,
    audit: asked.audit,
    warnings: [],
    get answered() {
      return status !== 0;
    },
    get status() {
      return status;
    },
    get bytesSent() {
      return bytesSent;
    },
    body: Readable.from([]),
    setHeader: (name, value) => void extra.set(name, value),
    send(code, headers, body) {
      asked.audit.answered(code, { body, contentType: headers['Content-Type'] });
      status = code;
      bytesSent = body.length;
      exchange.onAnswer?.();
      const lines = [...extra, ...Object.entries(headers)].flatMap(([name, value]) =>
        (typeof value === 'string' ? [value] : value).map((each) => `${name}: ${each}\r\n`),
      );
      socket.write(
        `HTTP/1.1 ${code} ${STATUS_CODES[code] ?? 'Refused'}\r\n${lines.join('')}Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n`,
      );
      socket.end(body);
    },
    open(_, headers) {
      status = 101;
      asked.audit.answered(101);
      exchange.onAnswer?.();
      const text = headers['Content-Type'] === 'application/json';
      return messages(text, (bytes) => (bytesSent += bytes));
    },
    abort() {
      if (socket.destroyed) return false;
      socket.destroy();
      return true;
    },
  };

  function messages(text: boolean, count: (bytes: number) => void): ResponseStream {
    const accepted = acceptWebSocket(message, socket, head, '').then(
      (webSocket) => {
        webSocket.on('error', () => undefined);
        return webSocket;
      },
      () => undefined,
    );
    return {
      async write(bytes) {
        const webSocket = await accepted;
        if (!webSocket || webSocket.readyState !== webSocket.OPEN) return false;
        const chunk = Buffer.from(bytes);
        count(chunk.length);
        for (const piece of text ? lines(chunk) : [chunk]) {
          await new Promise<void>((resolve) => webSocket.send(piece, { binary: !text }, () => resolve()));
        }
        return webSocket.readyState === webSocket.OPEN;
      },
      end: () => void accepted.then((webSocket) => webSocket?.close(1000)),
      destroy: () => socket.destroy(),
    };
  }

  return exchange;
}

/** Each line with its end. */
function* lines(chunk: Buffer): Generator<Buffer> {
  for (let start = 0; start < chunk.length;) {
    const end = chunk.indexOf(newline, start);
    const next = end < 0 ? chunk.length : end + 1;
    yield chunk.subarray(start, next);
    start = next;
  }
}
