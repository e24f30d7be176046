/** `skerry link top`: what the links of the nodes carry now, as `kubectl top` shows what machines do. */
import { type Clock, shortBytes, sleep } from '@skerry/base';
import { linkPurposes } from '@skerry/link';
import { adminClient } from '#compose/admin-client.ts';
import { openInstallation } from '#compose/installation.ts';
import type { DataDirectory } from '#data-directory.ts';
import { type LinkRow, linkRows, listNodeLinks } from '#link/node-links.ts';
import { table } from '#terminal/table.ts';

export interface LinkTopOptions {
  readonly once: boolean;
  readonly output: 'table' | 'json';
  readonly intervalSeconds: number;
  readonly selector?: string;
  readonly clock: Clock;
  readonly screen: { readonly isTTY?: boolean; readonly rows?: number; write(text: string): unknown };
}

/** Lines of a terminal that are not rows of nodes. */
const otherLines = 3;

export async function linkTop(
  data: DataDirectory,
  options: LinkTopOptions,
  signal: AbortSignal,
): Promise<void> {
  const { clock, screen, intervalSeconds, selector, output } = options;
  const client = await adminClient(await openInstallation(data, clock), clock);
  try {
    let before = await listNodeLinks(client, selector);
    let beforeMs = clock.monotonic();
    while (!signal.aborted) {
      await sleep(clock, intervalSeconds * 1000, signal).catch(() => undefined);
      if (signal.aborted) return;
      const after = await listNodeLinks(client, selector);
      const nowMs = clock.monotonic();
      const rows = linkRows(before, after, (nowMs - beforeMs) / 1000);
      screen.write(output === 'json' ? `${JSON.stringify(rows)}\n` : page(rows, options));
      if (options.once) return;
      before = after;
      beforeMs = nowMs;
    }
  } finally {
    client.close();
  }
}

function page(rows: readonly LinkRow[], { screen, once }: LinkTopOptions): string {
  const isLive = screen.isTTY === true && !once;
  const room = isLive ? Math.max((screen.rows ?? 24) - otherLines, 1) : rows.length;
  const more = rows.length > room ? `… and ${rows.length - room} more\n` : '';
  return `${isLive ? '\u001b[H\u001b[J' : ''}${linkTable(rows.slice(0, room))}${more}`;
}

/** Cells of two numbers are up/down. */
export function linkTable(rows: readonly LinkRow[]): string {
  const pair = (up: number, down: number) => `${shortBytes(up)}/${shortBytes(down)}`;
  return table(
    [
      'NODE',
      'POOL',
      'STATE',
      'RTT',
      'UP/s',
      'DOWN/s',
      ...linkPurposes.map((purpose) => purpose.toUpperCase()),
      'TODAY',
      'RECONNECTS',
    ],
    rows.map((row) => [
      row.node,
      row.pool || '<none>',
      row.state,
      row.roundTripMs === undefined ? '-' : `${row.roundTripMs.toFixed(row.roundTripMs < 10 ? 1 : 0)}ms`,
      shortBytes(row.upBytesPerSecond),
      shortBytes(row.downBytesPerSecond),
      ...linkPurposes.map((purpose) => {
        const { upBytesPerSecond = 0, downBytesPerSecond = 0 } = row.purposes[purpose] ?? {};
        return upBytesPerSecond + downBytesPerSecond === 0 ? '-' : pair(upBytesPerSecond, downBytesPerSecond);
      }),
      pair(row.today.upBytes, row.today.downBytes),
      String(row.reconnects),
    ]),
  );
}
