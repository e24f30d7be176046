/**
 * The join script and the release archives on the center's API port, for anyone: they hold no secret, and who takes them has
 * no identity yet. The number of downloads at a time is bounded; more are told to come back.
 */
import { createReadStream } from 'node:fs';
import { describeError, type Logger, SkerryError } from '@skerry/base';
import type { Exchange } from '@skerry/apiserver';
import { joinScriptPath } from '@skerry/pki';
import { architectures } from './archive.ts';
import { archivePath, joinScript, releasePath } from './join-script.ts';
import type { ReleaseFiles } from './release-files.ts';

export interface OpenPathsOptions {
  readonly files: ReleaseFiles;
  readonly version: string;
  /** `host:port` that machines reach the center by; undefined where it was never told one. */
  readonly center: string | undefined;
  /** Of the certificate that is served now. */
  readonly pin: () => string;
  readonly log: Logger;
}

/** A machine on a slow line takes minutes; five thousand that join at once take turns. */
const downloadsMax = 64;
const retryAfterSeconds = 15;
const chunkBytes = 1 << 16;

/** Undefined for paths that are none of these. */
export function openPaths(options: OpenPathsOptions): (exchange: Exchange) => Promise<void> | undefined {
  let downloads = 0;
  return (exchange) =>
    exchange.path === joinScriptPath || exchange.path.startsWith(releasePath) ? answer(exchange) : undefined;

  async function answer(exchange: Exchange): Promise<void> {
    const { path, method } = exchange;
    if (method !== 'GET' && method !== 'HEAD') {
      text(exchange, 405, 'only GET is answered here\n');
      return;
    }
    if (downloads >= downloadsMax) {
      exchange.setHeader('Retry-After', String(retryAfterSeconds));
      text(exchange, 429, `${downloadsMax} downloads are under way; try again in ${retryAfterSeconds} s\n`);
      return;
    }
    downloads++;
    try {
      await (path === joinScriptPath ? sendScript(exchange, options) : sendFile(exchange, options));
    } catch (error) {
      if (!(error instanceof SkerryError))
        options.log.error('release not sent', { error: describeError(error) });
      if (!exchange.answered) text(exchange, 503, `${describeError(error)}\n`);
      else exchange.abort();
    } finally {
      downloads--;
    }
  }
}

async function sendScript(
  exchange: Exchange,
  { files, version, center, pin }: OpenPathsOptions,
): Promise<void> {
  if (center === undefined)
    throw new SkerryError(
      'release-not-made',
      'this center does not know by what address machines reach it; start it with --advertise',
    );
  const archives = await files.all();
  // Says why there is none.
  if (archives.length === 0) await files.get('amd64');
  text(exchange, 200, joinScript({ center, pin: pin(), version, archives }));
}

async function sendFile(exchange: Exchange, { files, version }: OpenPathsOptions): Promise<void> {
  if (exchange.path === `${releasePath}index.json`) {
    const archives = (await files.all()).map(({ architecture, bytes, sha256 }) => ({
      architecture,
      path: archivePath({ version, architecture }),
      bytes,
      sha256,
    }));
    exchange.send(200, { 'Content-Type': 'application/json' }, JSON.stringify({ version, archives }));
    return;
  }
  const architecture = architectures.find(
    (known) => exchange.path === archivePath({ version, architecture: known }),
  );
  if (architecture === undefined) {
    text(exchange, 404, 'there is no such release\n');
    return;
  }
  const { path, bytes, sha256 } = await files.get(architecture);
  const from = rangeStart(exchange.headers['range'], bytes);
  const stream = exchange.open(from > 0 ? 206 : 200, {
    'Content-Type': 'application/gzip',
    'Content-Length': String(bytes - from),
    'Accept-Ranges': 'bytes',
    ETag: `"${sha256}"`,
    ...(from > 0 ? { 'Content-Range': `bytes ${from}-${bytes - 1}/${bytes}` } : {}),
  });
  if (exchange.method === 'HEAD') {
    stream.end();
    return;
  }
  const content = createReadStream(path, { start: from, highWaterMark: chunkBytes });
  for await (const chunk of content as AsyncIterable<Buffer>) {
    if (!(await stream.write(chunk))) return;
  }
  stream.end();
}

/** `bytes=N-`, which is what a download that goes on asks for; anything else is answered whole. */
function rangeStart(header: string | undefined, bytes: number): number {
  const start = Number(/^bytes=(\d+)-$/.exec(header ?? '')?.[1] ?? 0);
  return start < bytes ? start : 0;
}

function text(exchange: Exchange, status: number, body: string): void {
  exchange.send(status, { 'Content-Type': 'text/plain; charset=utf-8' }, body);
}
