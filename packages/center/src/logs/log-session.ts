/**
 * Logs of some containers down one WebSocket.
 *
 * A frame is sent once the one before was taken, and nothing is read meanwhile: a reader that is slow slows down the node that
 * the lines come from, and nothing is left out or heaped up. Where a selector is followed, pods that come later are followed too.
 */
import { describeError, sleep, type Clock } from '@skerry/base';
import type { ApiClient, Transport } from '@skerry/client';
import type { LogFrame } from '#contract/index.ts';
import { openStream } from '#cache/api-stream.ts';
import { LineSplitter } from '#logs/line-splitter.ts';
import { logPath, logSources, sourcesMax, type LogSource } from '#logs/log-sources.ts';
import type { CheckedLogsQuery } from '#logs/logs-query.ts';

export interface LogSessionOptions {
  readonly query: CheckedLogsQuery;
  /** Both as the caller. */
  readonly client: ApiClient;
  readonly transport: Transport;
  /** Resolves once the frame was taken by the connection. */
  readonly send: (frame: LogFrame) => Promise<void>;
  readonly clock: Clock;
}

const lineLengthMax = 32 * 1024;
const linesPerFrameMax = 1_000;
const lookAgainMs = 5_000;

/** Resolves when all logs have ended, or at the signal. @throws ApiError where the pods can't be found */
export async function streamLogs(options: LogSessionOptions, signal: AbortSignal): Promise<void> {
  const { query, client, clock } = options;
  const running = new Map<string, Promise<void>>();
  const seen = new Set<string>();
  const take = (sources: readonly LogSource[]) => {
    for (const source of sources) {
      if (seen.has(source.name) || running.size >= sourcesMax) continue;
      seen.add(source.name);
      running.set(
        source.name,
        streamOne(source, options, signal).finally(() => running.delete(source.name)),
      );
    }
  };
  take(await logSources(client, query));
  if (!query.follow || query.selector === undefined) {
    await Promise.all(running.values());
    return;
  }
  while (!signal.aborted) {
    await sleep(clock, lookAgainMs, signal).catch(() => undefined);
    if (!signal.aborted) take(await logSources(client, query));
  }
  await Promise.all(running.values());
}

async function streamOne(
  source: LogSource,
  { query, transport, send }: LogSessionOptions,
  signal: AbortSignal,
): Promise<void> {
  const splitter = new LineSplitter({ lengthMax: lineLengthMax });
  const sendLines = async (lines: readonly string[]) => {
    for (let at = 0; at < lines.length; at += linesPerFrameMax)
      await send({ type: 'lines', source: source.name, lines: lines.slice(at, at + linesPerFrameMax) });
  };
  try {
    const response = await openStream(transport, {
      path: logPath(source, query),
      headers: { accept: '*/*' },
      signal,
    });
    for await (const chunk of response.body) await sendLines(splitter.push(chunk));
    await sendLines(splitter.end());
    await send({ type: 'end', source: source.name });
  } catch (error) {
    if (!signal.aborted)
      await send({ type: 'end', source: source.name, why: describeError(error) }).catch(() => undefined);
  }
}
