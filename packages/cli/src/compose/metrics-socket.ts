/**
 * How numbers of a process that listens on nothing come to those who scrape: it answers on a Unix socket beside the API
 * server's, and the API server shows its pages to whoever may read them.
 */
import { rm } from 'node:fs/promises';
import http from 'node:http';
import { once } from 'node:events';

export type MetricsPages = Readonly<Record<string, () => string>>;

const answerTimeoutMs = 5_000;
const pageBytesMax = 16 << 20;

/** Answers until the signal. The socket is of mode 0600, in a folder of mode 0700. */
export async function serveMetrics(path: string, pages: MetricsPages, signal: AbortSignal): Promise<void> {
  const server = http.createServer((request, response) => {
    const page = Object.hasOwn(pages, request.url ?? '') ? pages[request.url ?? ''] : undefined;
    response.writeHead(page ? 200 : 404, { 'Content-Type': 'text/plain; charset=utf-8' });
    response.end(page?.() ?? '');
  });
  // Of a process that was killed.
  await rm(path, { force: true });
  const before = process.umask(0o177);
  try {
    server.listen(path);
    await once(server, 'listening');
  } finally {
    process.umask(before);
  }
  if (!signal.aborted) await once(signal, 'abort').catch(() => undefined);
  server.closeAllConnections();
  server.close();
  await rm(path, { force: true });
}

export function readMetrics(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = http.get({ socketPath, path, timeout: answerTimeoutMs, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        text += piece;
        if (text.length > pageBytesMax) response.destroy(new Error('the page is too long'));
      });
      response.on('error', reject);
      response.on('end', () =>
        response.statusCode === 200
          ? resolve(text)
          : reject(new Error(`status ${response.statusCode} from ${socketPath}`)),
      );
    });
    request.on('timeout', () => request.destroy(new Error(`no answer from ${socketPath}`)));
    request.on('error', reject);
  });
}
