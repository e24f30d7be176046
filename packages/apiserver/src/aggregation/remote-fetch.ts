/** Small requests of the aggregator itself to an aggregated server: is it there, what does it serve. */
import http from 'node:http';
import type { Clock } from '@skerry/base';
import type { RemoteApi } from '#aggregation/api-services.ts';
import { aggregatorUser, remoteUserHeaders } from '#aggregation/remote-user.ts';
import type { Connections } from '#outgoing/connections.ts';

export interface Fetched {
  readonly status: number;
  readonly contentType: string;
  readonly etag: string;
  readonly body: Buffer;
}

const timeoutMs = 5_000;
const bodyBytesMax = 64 * 1024 * 1024;

export class RemoteFetcher {
  readonly #connections: Connections;
  readonly #clock: Clock;

  constructor(parts: { connections: Connections; clock: Clock }) {
    this.#connections = parts.connections;
    this.#clock = parts.clock;
  }

  async get(
    { destination, service }: RemoteApi,
    path: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Fetched> {
    const aborter = new AbortController();
    const timer = this.#clock.after(timeoutMs, () => aborter.abort());
    try {
      return await fetched({
        agent: this.#connections.agentFor(destination),
        method: 'GET',
        path,
        signal: aborter.signal,
        headers: {
          host: `${service.name}.${service.namespace}.svc`,
          accept: 'application/json',
          ...headers,
          ...remoteUserHeaders(aggregatorUser),
        },
      });
    } catch (error) {
      if (!aborter.signal.aborted) throw error;
      throw new Error(
        `Get "https://${service.name}.${service.namespace}.svc:${service.port}${path}": context deadline exceeded`,
        { cause: error },
      );
    } finally {
      timer.cancel();
    }
  }
}

function fetched(options: http.RequestOptions): Promise<Fetched> {
  return new Promise((resolve, reject) => {
    const request = http.request(options);
    request.on('error', reject);
    request.once('response', (response) => {
      collect(response).then(
        (body) =>
          resolve({
            status: response.statusCode ?? 0,
            contentType: response.headers['content-type'] ?? '',
            etag: response.headers.etag ?? '',
            body,
          }),
        reject,
      );
    });
    request.end();
  });
}

async function collect(response: http.IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bodyBytesMax) throw new Error(`the answer is longer than ${bodyBytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
