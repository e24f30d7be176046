/**
 * A log into a buffer, from pods or from all pods of a workload. A connection that breaks is opened again from where it was; what
 * the console has to say about it stands between the lines.
 */
import { paths, type LogFrame } from '@skerry/center/contract';
import { getObject } from '#api/objects.ts';
import { statusOf } from '#api/status-error.ts';
import type { DockTab } from '#app/dock-state.ts';
import { translate } from '#i18n/index.ts';
import { builtInKind } from '#kinds/built-in.ts';
import { selectorText } from '#kinds/selector.ts';
import { valueAt } from '#kinds/values.ts';
import { formatInstant } from '#ui/time.ts';
import type { LogBuffer } from './log-buffer.ts';
import { openSocket } from './open-socket.ts';

export interface LogOptions {
  readonly container: string;
  readonly previous: boolean;
  readonly tailLines: number;
  /** 0: from the start of the pod. */
  readonly sinceSeconds: number;
  /** RFC 3339: what came around then, not followed. */
  readonly at: string;
}

export type LogState = 'connecting' | 'live' | 'ended' | 'failed';

type LogsTab = Extract<DockTab, { kind: 'logs' }>;

/** Shown before a line that is linked to, and at most in all. */
const beforeMs = 60_000;
const aroundBytesMax = 8 << 20;

const backoffMs = [1000, 2000, 5000, 10_000];

export interface LogStream {
  close(): void;
}

export function streamLog(
  tab: LogsTab,
  options: LogOptions,
  { buffer, onState }: { buffer: LogBuffer; onState: (state: LogState) => void },
): LogStream {
  let isClosed = false;
  let socket: WebSocket | undefined;
  let failures = 0;
  let lastMs = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const again = (why: string): void => {
    if (isClosed) return;
    const waitMs = backoffMs[Math.min(failures++, backoffMs.length - 1)] ?? 10_000;
    buffer.push('', [translate('logs.broken', { why, when: formatInstant(new Date().toISOString()) })]);
    onState('connecting');
    timer = setTimeout(() => void open(), waitMs);
  };
  const open = async (): Promise<void> => {
    onState('connecting');
    try {
      const query = await queryOf(tab, options, lastMs);
      const opened = await openSocket({ purpose: 'logs', path: paths.logs(tab.cluster), query });
      if (!opened) return;
      if (isClosed) return opened.close();
      socket = opened;
      listen(opened);
    } catch (error) {
      const status = statusOf(error);
      const isFinal = (status.code ?? 0) >= 400 && (status.code ?? 0) < 500;
      if (!isFinal) return again(status.message ?? '');
      buffer.push('', [translate('logs.refused', { why: status.message ?? '' })]);
      onState('failed');
    }
  };
  const listen = (opened: WebSocket): void => {
    opened.addEventListener('open', () => onState('live'));
    opened.addEventListener('message', (event) => {
      failures = 0;
      lastMs = Date.now();
      take(JSON.parse(String(event.data)) as LogFrame, buffer);
    });
    opened.addEventListener('close', ({ code, reason }) => {
      if (isClosed) return;
      const isRefused = code >= 4400 && code < 4500;
      if (isRefused) {
        buffer.push('', [translate('logs.refused', { why: reason })]);
        onState('failed');
      } else if (code === 1000 || options.previous || options.at !== '') onState('ended');
      else again(reason || String(code));
    });
  };
  void open();
  return {
    close: () => {
      isClosed = true;
      clearTimeout(timer);
      socket?.close();
    },
  };
}

function take(frame: LogFrame, buffer: LogBuffer): void {
  if (frame.type === 'lines') buffer.push(frame.source, frame.lines);
  else if (frame.type === 'skipped')
    buffer.push('', [translate('logs.skipped', { source: frame.source, count: frame.lines })]);
  else
    buffer.push('', [
      translate(frame.why ? 'logs.endedWhy' : 'logs.ended', { source: frame.source, why: frame.why ?? '' }),
    ]);
}

async function queryOf(tab: LogsTab, options: LogOptions, lastMs: number): Promise<URLSearchParams> {
  const query = new URLSearchParams({ namespace: tab.namespace });
  if (tab.pod) query.set('pod', tab.pod);
  else query.set('selector', tab.selector ?? (await selectorOf(tab)));
  if (options.container) query.set('container', options.container);
  if (options.previous) query.set('previous', 'true');
  // Always: by their times lines have addresses, and those that come twice are known.
  query.set('timestamps', 'true');
  if (options.at) {
    query.set('sinceTime', new Date(Date.parse(options.at) - beforeMs).toISOString());
    query.set('limitBytes', String(aroundBytesMax));
    return query;
  }
  if (!options.previous) query.set('follow', 'true');
  // After a break: what came since, and a little more.
  if (lastMs > 0) query.set('sinceSeconds', String(Math.ceil((Date.now() - lastMs) / 1000) + 1));
  else {
    query.set('tailLines', String(options.tailLines));
    if (options.sinceSeconds > 0) query.set('sinceSeconds', String(options.sinceSeconds));
  }
  return query;
}

async function selectorOf({ cluster, namespace, workload = '' }: LogsTab): Promise<string> {
  const [resource = '', name = ''] = workload.split('/');
  const kind = builtInKind(resource);
  if (!kind) return '';
  return selectorText(valueAt(await getObject(cluster, kind, { namespace, name }), 'spec', 'selector'));
}
