/**
 * The console in a real browser, before a large cluster: how long until something is painted and until rows are there, and what the tab
 * takes while pods change all the time. Without the browser there are no such figures, and the others stand.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { paths, type Session } from '@skerry/center/contract';
import { chromium, type Browser, type Page } from 'playwright-core';
import { root, run } from '../test/support/cluster.ts';
import { type ApiSession, inParallel } from './api-session.ts';
import { bundle, type BenchCenter } from './center.ts';
import type { Measurement } from './figure.ts';
import { childrenOf, pssMb } from './processes.ts';

const program = '/usr/bin/chromium';
const password = 'quiet otters read seven books';
const folder = join(root, 'dist/console');
/** As first-route-budget of the console's build has them. */
const scriptsMostKib = 250;

interface TabOptions {
  readonly session: ApiSession;
  readonly cluster: string;
  readonly quick: boolean;
  readonly note: (text: string) => void;
}

export async function measureTab(
  center: BenchCenter,
  { session, cluster, quick, note }: TabOptions,
): Promise<Measurement[]> {
  if (!existsSync(program)) {
    note(`no ${program}: nothing is measured in a browser`);
    return [];
  }
  const origin = `https://127.0.0.1:${center.consolePort}`;
  const browser = await chromium.launch({
    executablePath: program,
    args: ['--no-sandbox', '--disable-gpu', '--ignore-certificate-errors', '--enable-precise-memory-info'],
  });
  try {
    const page = await signedIn(browser, { center, origin });
    await page.goto(`${origin}/c/${cluster}/resources/pods`);
    const rowsMs = await untilRows(page);
    const paintMs = await page.evaluate<number>(
      "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN",
    );
    note('a tab shows pods while they change');
    const before = await heapMb(page);
    await churn(session, { seconds: quick ? 10 : 60 });
    const tab = tabPid();
    return [
      { name: 'console in a browser: first paint', value: paintMs, unit: 'ms', most: 1500 },
      { name: 'console in a browser: first rows of pods', value: rowsMs, unit: 'ms' },
      {
        name: 'console in a browser: heap of the tab before changes',
        value: before,
        unit: 'MB',
      },
      {
        name: 'console in a browser: heap of the tab under 200 changes/s',
        value: await heapMb(page),
        unit: 'MB',
        most: 300,
      },
      ...(tab === undefined
        ? []
        : [
            {
              name: 'console in a browser: the whole tab (PSS)',
              value: pssMb(tab),
              unit: 'MB',
              most: 300,
            },
          ]),
    ];
  } finally {
    await browser.close();
  }
}

/** As a person would be who has chosen a password already. */
async function signedIn(
  browser: Browser,
  { center, origin }: { center: BenchCenter; origin: string },
): Promise<Page> {
  const args = ['user', 'reset-password', 'admin', '--data-dir', center.dataDirectory];
  const reset = await run(process.execPath, [bundle, ...args]);
  const given = /with the password (\S+) /.exec(reset.output)?.[1] ?? '';
  if (reset.code !== 0 || given === '')
    throw new Error(`user reset-password: ${reset.errors}${reset.output}`);
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    viewport: { width: 1440, height: 900 },
  });
  const post = async (path: string, data: object, csrf = ''): Promise<Session> => {
    const answer = await context.request.post(`${origin}${path}`, {
      data,
      headers: { origin, ...(csrf ? { 'x-csrf-token': csrf } : {}) },
    });
    if (!answer.ok()) throw new Error(`POST ${path}: ${answer.status()} ${await answer.text()}`);
    return (await answer.json()) as Session;
  };
  const { csrfToken } = await post(paths.session, { user: 'admin', password: given });
  await post(paths.password, { current: given, next: password }, csrfToken);
  return context.newPage();
}

/** Since the navigation began. */
async function untilRows(page: Page): Promise<number> {
  await page.locator('tr[data-key]').first().waitFor({ timeout: 120_000 });
  return page.evaluate<number>('performance.now()');
}

async function heapMb(page: Page): Promise<number> {
  const camera = await page.context().newCDPSession(page);
  await camera.send('HeapProfiler.collectGarbage');
  const { usedSize } = await camera.send('Runtime.getHeapUsage');
  await camera.detach();
  return usedSize / 2 ** 20;
}

/** 200 changes a second of pods, as `liveChanges` makes them. */
async function churn(session: ApiSession, { seconds }: { seconds: number }): Promise<void> {
  const startedMs = performance.now();
  await inParallel(seconds * 200, 8, async (at) => {
    const waitMs = startedMs + at * 5 - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    await session.ok(
      'PATCH',
      `/api/v1/namespaces/default/pods/pod-${at % 500}/status`,
      { status: { phase: 'Failed', reason: `Reason${at % 7}` } },
      'application/merge-patch+json',
    );
  });
}

/** The renderer of the page: the largest of the browser's own. */
function tabPid(): number | undefined {
  return descendantsOf(process.pid)
    .filter(({ command }) => command.includes('--type=renderer'))
    .toSorted((a, b) => pssMb(b.pid) - pssMb(a.pid))[0]?.pid;
}

function descendantsOf(pid: number): { pid: number; command: string }[] {
  const own = childrenOf(pid);
  return own.flatMap((child) => [child, ...descendantsOf(child.pid)]);
}

/** What a browser fetches, as it is sent: all that there is, and what the first page needs at once. */
export async function bundleSizes(): Promise<Measurement[]> {
  const assets = join(folder, 'assets');
  const names = await readdir(assets);
  const scripts = names.filter((name) => name.endsWith('.js'));
  let all = 0;
  for (const name of scripts) {
    const packed = await stat(join(assets, `${name}.br`)).catch(() => undefined);
    all += packed?.size ?? brotliCompressSync(await readFile(join(assets, name))).length;
  }
  const page = await readFile(join(folder, 'index.html'), 'utf8');
  const first = [...page.matchAll(/assets\/([\w.-]+\.js)/g)].map(([, name]) => name ?? '');
  let entry = 0;
  for (const name of new Set(first)) entry += brotliCompressSync(await readFile(join(assets, name))).length;
  return [
    {
      name: "console: its page's own scripts, as sent",
      value: entry / 1024,
      unit: 'KiB',
      most: scriptsMostKib,
    },
    { name: 'console: all scripts, as sent', value: all / 1024, unit: 'KiB' },
  ];
}
