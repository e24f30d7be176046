/** One GET, its body read and thrown away; redirects are answers, never followed. */
import http from 'node:http';
import https from 'node:https';

const bodyBytesMax = 1 << 20;

export interface HttpSender {
  send(signal: AbortSignal): Promise<{ status: number }>;
  close(): void;
}

export function httpSender(target: string): HttpSender {
  const url = new URL(target);
  const { Agent, request } = url.protocol === 'https:' ? https : http;
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  return {
    send: (signal) =>
      new Promise((resolve, reject) => {
        const headers = { 'user-agent': 'skerry', accept: '*/*' };
        const outgoing = request(url, { agent, signal, headers }, (response) => {
          let bytes = 0;
          response.on('data', (chunk: Buffer) => {
            bytes += chunk.length;
            if (bytes > bodyBytesMax) response.destroy();
          });
          response.once('error', reject);
          response.once('close', () => resolve({ status: response.statusCode ?? 0 }));
        });
        outgoing.once('error', reject);
        outgoing.end();
      }),
    close: () => agent.destroy(),
  };
}
