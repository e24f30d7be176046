/** WebSockets that go straight to a route, as a caller that was let in. */
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { isApiError } from '@skerry/api';
import { WebSocket, WebSocketServer, type RawData } from 'ws';
import type { Caller } from '#http/caller.ts';
import type { SocketRoute } from '#http/route.ts';

export interface SocketServer {
  open(caller: Caller, query: Readonly<Record<string, string>>, protocol?: string): Promise<TestSocket>;
  close(): Promise<void>;
}

export interface TestSocket {
  readonly socket: WebSocket;
  /** All messages so far. */
  readonly messages: Buffer[];
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
}

export async function serveSockets(
  route: SocketRoute,
  params: Readonly<Record<string, string>>,
): Promise<SocketServer> {
  const callers: Caller[] = [];
  const server = http.createServer();
  const sockets = new WebSocketServer({
    server,
    perMessageDeflate: false,
    handleProtocols: (offered) => route.protocols?.find((name) => offered.has(name)) ?? false,
  });
  sockets.on('connection', (socket, message) => {
    const url = new URL(message.url ?? '/', 'http://localhost');
    const audit = { action: '', keep: true };
    route
      .open(socket, callers.shift()!, {
        path: url.pathname,
        params,
        query: url.searchParams,
        remoteAddress: '',
        message,
        audit,
      })
      .catch((error: unknown) => {
        if (isApiError(error)) socket.close(4000 + error.code, error.message.slice(0, 100));
        else socket.close(1011, String(error).slice(0, 100));
      });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    async open(caller, query, protocol) {
      callers.push(caller);
      const address = `ws://127.0.0.1:${port}/?${new URLSearchParams(query).toString()}`;
      const socket = new WebSocket(address, protocol ? [protocol] : []);
      const messages: Buffer[] = [];
      socket.on('message', (data: RawData) => messages.push(Buffer.from(data as Buffer)));
      const closed = new Promise<{ code: number; reason: string }>((resolve) =>
        socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() })),
      );
      await once(socket, 'open');
      return { socket, messages, closed };
    },
    async close() {
      for (const client of sockets.clients) client.terminate();
      sockets.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
