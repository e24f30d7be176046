/**
 * A browser on the console that minds its manners: whatever page a test opens, an error in its console, an unhandled rejection,
 * a report of the content policy or a request to a foreign host fails the test.
 */
import { existsSync } from 'node:fs';
import { paths, type SignIn } from '@skerry/center/contract';
import {
  chromium,
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type Page,
} from 'playwright-core';

const program = '/usr/bin/chromium';

export const hasBrowser = existsSync(program);

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: program,
    // With the flag a self-signed center counts as any other, and what it serves is kept from page to page.
    args: ['--no-sandbox', '--disable-gpu', '--font-render-hinting=none', '--ignore-certificate-errors'],
  });
}

export interface WatchedPage {
  readonly page: Page;
  /** What went wrong so far, in words. */
  readonly faults: string[];
  readonly close: () => Promise<void>;
}

/**
 * What the browser reports as errors and is none of the page: failures that a test provokes on purpose, and requests that the
 * browser gives up since a network interface of this machine came or went, as they do where clusters are tested.
 */
const expected =
  /Failed to load resource: (the server responded with a status of (401|403|404|409|422|503)|net::ERR_NETWORK_CHANGED)/;

/** Tests of a file share what the browser has fetched and compiled; cookies and pages go after each. */
const contexts = new WeakMap<Browser, Map<string, Promise<BrowserContext>>>();

function contextOf(browser: Browser, options: BrowserContextOptions): Promise<BrowserContext> {
  const known = contexts.get(browser) ?? new Map<string, Promise<BrowserContext>>();
  contexts.set(browser, known);
  const key = JSON.stringify(options);
  const context = known.get(key) ?? newContext(browser, options);
  known.set(key, context);
  return context;
}

async function newContext(browser: Browser, options: BrowserContextOptions): Promise<BrowserContext> {
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    viewport: { width: 1440, height: 900 },
    reducedMotion: 'reduce',
    ...options,
  });
  await context.addInitScript(
    "document.addEventListener('securitypolicyviolation', (event) => console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sample + ' ' + event.sourceFile + ':' + event.lineNumber));",
  );
  return context;
}

export async function openPage(
  browser: Browser,
  origin: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await contextOf(browser, { ...options, baseURL: origin });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' && !expected.test(message.text()))
      faults.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(origin) && !url.startsWith('data:') && !url.startsWith('blob:'))
      faults.push(`foreign request: ${url}`);
  });
  return {
    page,
    faults,
    async close() {
      await page.close();
      await context.clearCookies();
    },
  };
}

export interface Person {
  readonly user?: string;
  readonly password?: string;
}

/** Signed in by one request, as the page of that name does it, which has tests of its own. */
export async function signIn(
  page: Page,
  {
    path = '/',
    user = 'admin',
    password = 'a good password',
    origin = '',
  }: Person & { path?: string; origin?: string } = {},
): Promise<void> {
  const answer = await page.context().request.post(paths.session, {
    data: { user, password } satisfies SignIn,
    headers: origin ? { origin } : {},
  });
  if (!answer.ok()) throw new Error(`signing in as ${user}: ${answer.status()} ${await answer.text()}`);
  await page.goto(path);
  await page.locator('#content').waitFor();
}

/** Goes there within the page, as a click on a link does, until the screen of that address is shown. */
export async function goTo(page: Page, path: string): Promise<void> {
  const { pathname, searchParams } = new URL(path, page.url());
  // As the console itself writes a query.
  const query = searchParams.toString().replaceAll('%2C', ',').replaceAll('%3A', ':');
  const shown = query ? `${pathname}?${query}` : pathname;
  await page.evaluate(`history.pushState({}, '', ${JSON.stringify(shown)})`);
  await page.locator(`#content[data-shows=${JSON.stringify(shown)}]`).waitFor();
  await settled(page);
}

/** Until what the screen asked for is there: nothing says that it loads. */
export async function settled(page: Page): Promise<void> {
  // A screen that may not be seen has no heading, and says so.
  await page.locator('#content :is(h1, [role="alert"])').first().waitFor();
  await page.locator('[class*="spinner"]').first().waitFor({ state: 'detached' });
  await page.evaluate('document.fonts.ready.then(() => undefined)');
}
