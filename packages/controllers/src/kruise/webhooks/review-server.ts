/**
 * The HTTPS server that the API server asks. It answers POSTs of reviews at the paths of `reviewers`, and nothing else.
 * Whoever reaches it may ask: it holds no secret and changes nothing.
 */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describeError } from '@skerry/base';
import type { KeyPair } from '@skerry/pki';
import { reviewers } from '#kruise/webhooks/review.ts';
import type { Review, ReviewContext } from '#kruise/webhooks/review.ts';

export interface ReviewServer {
  readonly port: number;
  /** For connections from now on. */
  useCertificate(pair: KeyPair): void;
  close(): Promise<void>;
}

export interface ReviewServerOptions {
  readonly host: string;
  /** Another free one where it is taken. */
  readonly port: number;
  readonly certificate: KeyPair;
  readonly context: () => ReviewContext;
}

/** A conversion holds all objects of a list. */
const bodyBytesMax = 64 << 20;

export async function startReviewServer(options: ReviewServerOptions): Promise<ReviewServer> {
  const secrets = ({ certificatePem, keyPem }: KeyPair) => ({ cert: certificatePem, key: keyPem });
  const server = createServer(secrets(options.certificate), (request, response) => {
    void answer(request, response, options.context);
  });
  server.maxConnections = 256;
  const listen = async (port: number) => {
    server.listen(port, options.host);
    await once(server, 'listening');
  };
  await listen(options.port).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    return listen(0);
  });
  return {
    port: (server.address() as AddressInfo).port,
    useCertificate: (pair) => server.setSecureContext(secrets(pair)),
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  context: () => ReviewContext,
): Promise<void> {
  const end = (code: number, body: object) => {
    if (response.destroyed) return;
    response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  try {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const reviewer = reviewers.get(path);
    if (!reviewer) return end(404, { message: `nothing is answered at ${path}` });
    if (request.method !== 'POST') return end(405, { message: 'reviews are posted' });
    const review = await readReview(request);
    if (!review) return end(413, { message: `the review is longer than ${bodyBytesMax} bytes` });
    return end(200, reviewer(review, context()));
  } catch (error) {
    return end(400, { message: describeError(error) });
  }
}

async function readReview(request: IncomingMessage): Promise<Review<never> | undefined> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > bodyBytesMax) return undefined;
    parts.push(part);
  }
  const parsed: unknown = JSON.parse(Buffer.concat(parts).toString('utf8'));
  const { request: asked } = (parsed ?? {}) as Partial<Review>;
  if (typeof asked !== 'object' || asked === null)
    throw new Error('the body is no review: it has no request');
  return parsed as Review<never>;
}
