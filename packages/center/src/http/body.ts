import type { Readable } from 'node:stream';
import { ApiError, badRequest } from '@skerry/api';
import type { Clock } from '@skerry/base';

const timeMaxMs = 30_000;
export const bodyBytesDefault = 64 * 1024;

/** Reads a body whole. Throws 413 past `bytesMax`, 408 past 30 s, 400 when it breaks off. */
export async function readBody(
  stream: Readable,
  { bytesMax, declared, clock }: { bytesMax: number; declared: string | undefined; clock: Clock },
): Promise<Buffer> {
  const tooLarge = () =>
    new ApiError('RequestEntityTooLarge', `Request entity too large: limit is ${bytesMax}`);
  if (Number(declared ?? 0) > bytesMax) throw tooLarge();
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let length = 0;
  // The stream is paused rather than destroyed, so that the refusal still reaches the sender.
  const timer = clock.after(timeMaxMs, () => reject(requestTimeout()));
  const onData = (chunk: Buffer) => {
    length += chunk.length;
    if (length > bytesMax) reject(tooLarge());
    else chunks.push(chunk);
  };
  const onBreak = () => reject(badRequest('the request body broke off'));
  const onEnd = () => resolve(Buffer.concat(chunks, length));
  stream.on('data', onData).on('end', onEnd).on('error', onBreak).on('close', onBreak);
  try {
    return await promise;
  } finally {
    timer.cancel();
    stream.pause();
    stream.off('data', onData).off('end', onEnd).off('close', onBreak);
  }
}

function requestTimeout(): ApiError {
  return new ApiError('Timeout', `the request body took longer than ${timeMaxMs / 1000} s`, { code: 408 });
}

export function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw badRequest('the request body is not JSON');
  }
}
