/**
 * A browser on the console that minds its manners: whatever page a test opens, an error in its console, an unhandled rejection,
 * a report of the content policy or a request to a foreign host fails the test.
 */
import { existsSync } from 'node:fs';
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
    args: ['--no-sandbox', '--disable-gpu', '--font-render-hinting=none'],
  });
}

export interface WatchedPage {
  readonly page: Page;
  /** What went wrong so far, in words. */
  readonly faults: string[];
  readonly close: () => Promise<void>;
}

/** Failures that a page provokes on purpose, which the browser reports as errors. */
const expected = /Failed to load resource: the server responded with a status of (401|403|404|409|422)/;

export async function openPage(
  browser: Browser,
  origin: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context: BrowserContext = await browser.newContext({
    ignoreHTTPSErrors: true,
    viewport: { width: 1440, height: 900 },
    reducedMotion: 'reduce',
    ...options,
    baseURL: origin,
  });
  await context.addInitScript(
    "window.__reports = []; document.addEventListener('securitypolicyviolation', (event) => console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sample + ' ' + event.sourceFile + ':' + event.lineNumber));",
  );
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
  return { page, faults, close: () => context.close() };
}

export async function signIn(page: Page, { path = '/' }: { path?: string } = {}): Promise<void> {
  await page.goto(path);
  await page.locator('input[autocomplete="username"]').fill('admin');
  await page.locator('input[autocomplete="current-password"]').fill('a good password');
  await page.locator('button[type="submit"]').click();
  await page.locator('#content').waitFor();
}

/** Until what the screen asked for is there: nothing says that it loads. */
export async function settled(page: Page): Promise<void> {
  await page.locator('#content h1').first().waitFor();
  await page.locator('[class*="spinner"]').first().waitFor({ state: 'detached' });
  await page.evaluate('document.fonts.ready.then(() => undefined)');
}
