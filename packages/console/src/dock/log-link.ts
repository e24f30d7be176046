/** The address of one line of a log: the pod's screen, and in its query which container's log is opened, and where. */
import { links } from '@skerry/center/contract';
import type { LogLine } from './log-buffer.ts';

export interface LogPlace {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** RFC 3339, as the node wrote it: to the nanosecond, which is what tells lines apart. */
  readonly at: string;
  /** Of the container before its restart. */
  readonly previous: boolean;
}

const pattern = /^([a-z0-9.-]+)\/([a-z0-9.-]+)\/([a-z0-9.-]+)(~?)@(\d{4}-\d\d-\d\dT[\d:.]+Z)$/;

/** `shop/web-0/main@2026-01-01T00:00:00.123456789Z`; with `~` before the `@` from before the restart. */
export function parseLogPlace(text: string): LogPlace | undefined {
  const [, namespace, pod, container, previous, at] = pattern.exec(text) ?? [];
  if (!namespace || !pod || !container || !at) return undefined;
  return { namespace, pod, container, at, previous: previous === '~' };
}

/** Undefined for what the console says itself, and for lines without a time. */
export function linkOfLine(
  { source, time }: LogLine,
  { cluster, namespace, previous }: { cluster: string; namespace: string; previous: boolean },
): string | undefined {
  const [pod = '', container = ''] = source.split('/');
  if (!pod || !container || !time) return undefined;
  const place = `${namespace}/${pod}/${container}${previous ? '~' : ''}@${time}`;
  return `${links.object(cluster, 'pods', { namespace, name: pod })}?log=${place}`;
}
