/** A raw WebSocket to the API server of a cluster, as its administrator. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WebSocket } from '@skerry/streams/testing';
import type { Cluster } from '../support/cluster.ts';

export interface OpenWebSocket {
  /** All messages so far. */
  readonly messages: readonly Buffer[];
  /** All messages, once the server has closed it. */
  readonly finished: Promise<Buffer[]>;
  send(text: string): void;
  close(): void;
}

export function openWebSocket(cluster: Cluster, path: string, protocols: readonly string[]): OpenWebSocket {
  const pki = (name: string) => readFileSync(join(cluster.dataDirectory, 'server/pki', name));

  const socket = new WebSocket(`wss://127.0.0.1:${cluster.port}${path}`, [...protocols], {
    ca: pki('ca.crt'),
    cert: pki('admin.crt'),
    key: pki('admin.key'),
  });
  const messages: Buffer[] = [];
  const opened = new Promise<void>((resolve, reject) => {
    socket.on('open', resolve);
    socket.on('error', reject);
  });
  socket.on('message', (data: Buffer) => messages.push(data));
  const finished = new Promise<Buffer[]>((resolve, reject) => {
    socket.on('close', () => resolve(messages));
    socket.on('error', reject);
  });
  // Who only sends has no use for the end; who waits for it hears of the error there.
  finished.catch(() => undefined);
  return {
    messages,
    finished,
    send: (text) => void opened.then(() => socket.send(text)),
    close: () => socket.close(),
  };
}
