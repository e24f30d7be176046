/** A WebSocket to an API server, over a connection that acts as the caller. */
import { ApiError, type Status } from '@skerry/api';
import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';

export interface DialledServer {
  readonly socket: Duplex;
  readonly host: string;
  readonly prefix: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
}

const messageBytesMax = 16 * 1024 * 1024;
const refusalBytesMax = 64 * 1024;
const handshakeTimeoutMs = 30_000;

/** Resolves once it is open, paused: what came with the handshake waits for who listens. @throws ApiError as the server answers instead */
export function openWebSocket(
  { socket, host, prefix, headers }: DialledServer,
  { path, protocol }: { path: string; protocol: string },
): Promise<WebSocket> {
  // The connection is there and as secure as it is; the scheme only names the host.
  const opened = new WebSocket(`ws://${host}${prefix}${path}`, [protocol], {
    createConnection: () => socket as never,
    headers: headers as Record<string, string>,
    perMessageDeflate: false,
    maxPayload: messageBytesMax,
    handshakeTimeout: handshakeTimeoutMs,
  });
  return new Promise((resolve, reject) => {
    opened.once('open', () => {
      opened.pause();
      resolve(opened);
    });
    opened.on('error', (error) =>
      reject(new ApiError('ServiceUnavailable', `the cluster does not answer: ${error.message}`)),
    );
    opened.once('unexpected-response', (_request, response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
        if (text.length > refusalBytesMax) response.destroy();
      });
      response.once('close', () => {
        reject(refusalOf(response.statusCode ?? 500, text));
        opened.terminate();
      });
    });
  });
}

function refusalOf(code: number, text: string): ApiError {
  try {
    const status = JSON.parse(text) as Partial<Status>;
    if (status.kind === 'Status') return ApiError.fromStatus(status, code);
  } catch {
    // Not every refusal is the API server's own.
  }
  return ApiError.fromStatus({ message: text.trim().slice(0, 500) || `HTTP status ${code}` }, code);
}
