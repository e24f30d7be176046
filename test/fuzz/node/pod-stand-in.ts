/** A pod's own server behind the proxies: it answers in whatever way the path asks for. */
import { createServer, type Server } from 'node:net';

const page = '<html><a href="/a">a</a></html>';
const head = 'HTTP/1.1 200 OK\r\n';

/** What is written, and whether the connection stays open behind it. */
export const podAnswers: Readonly<Record<string, { readonly text: string; readonly stays?: boolean }>> = {
  page: {
    text: `${head}Content-Type: text/html\r\nContent-Length: ${page.length}\r\n\r\n${page}`,
    stays: true,
  },
  nothing: { text: '', stays: true },
  end: { text: '' },
  'half-head': { text: 'HTTP/1.1 200 OK\r\nContent-', stays: true },
  'cut-head': { text: 'HTTP/1.1 200 OK\r\nContent-' },
  'half-body': { text: `${head}Content-Length: 1000\r\n\r\nabc`, stays: true },
  'cut-body': { text: `${head}Content-Length: 1000\r\n\r\nabc` },
  'half-chunk': { text: `${head}Transfer-Encoding: chunked\r\n\r\nff\r\nabc`, stays: true },
  'cut-page': {
    text: `${head}Content-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n<a href="/`,
  },
  'bad-chunk': { text: `${head}Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n` },
  'no-gzip': {
    text: `${head}Content-Type: text/html\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nabcde`,
  },
  'no-http': { text: 'SSH-2.0-OpenSSH_9.6\r\n', stays: true },
  http2: { text: '\u0000\u0000\u0006\u0004\u0000\u0000\u0000\u0000\u0000', stays: true },
  'many-headers': { text: `${head}${'X: y\r\n'.repeat(5000)}\r\n` },
  'long-header': { text: `${head}X: ${'y'.repeat(300_000)}\r\n\r\n` },
  'bad-header': { text: `${head}X\u0001: \u0000\r\nContent-Length: 0\r\n\r\n` },
  'text-header': { text: `${head}X-Latin: \u00e9\u00ff\r\nContent-Length: 0\r\n\r\n` },
  'bad-status': { text: 'HTTP/1.1 99999 What\r\nContent-Length: 0\r\n\r\n' },
  'status-0': { text: 'HTTP/1.1 000 What\r\nContent-Length: 0\r\n\r\n' },
  'status-199': { text: 'HTTP/1.1 199 What\r\n\r\n', stays: true },
  continued: { text: 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(1000), stays: true },
  early: { text: `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${head}Content-Length: 0\r\n\r\n` },
  switched: {
    text: 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nhello',
    stays: true,
  },
  'bare-101': { text: 'HTTP/1.1 101 Switching Protocols\r\n\r\n', stays: true },
  redirect: { text: 'HTTP/1.1 302 Found\r\nLocation: //\\\r\nContent-Length: 0\r\n\r\n' },
  'redirect-far': { text: 'HTTP/1.1 302 Found\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n' },
  cookies: { text: `${head}Set-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 0\r\n\r\n` },
  'two-lengths': { text: `${head}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab` },
  'length-and-chunks': {
    text: `${head}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n`,
  },
  'body-of-204': { text: 'HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc' },
  'body-of-304': { text: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\nabc' },
  'trailing-answer': {
    text: `${head}Content-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nX-Next: 1\r\n\r\n`,
    stays: true,
  },
  endless: { text: `${head}\r\n`, stays: true },
};

export function createPodStandIn(): Server {
  return createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (request) => {
      const name = /^\S+ \/([a-z0-9-]*)/.exec(request.toString('latin1'))?.[1] ?? '';
      const { text, stays = false } = podAnswers[name] ?? podAnswers['page']!;
      socket.write(text, 'latin1');
      if (!stays) socket.end();
      if (name === 'endless') pour();
    });
    const block = Buffer.alloc(64 * 1024, 'x');
    const pour = () => {
      while (!socket.destroyed && socket.write(block));
      if (!socket.destroyed) socket.once('drain', pour);
    };
  });
}
