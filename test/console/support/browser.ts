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
  type ConsoleMessage,
  type Page,
  type Request,
} from 'playwright-core';

const program = '/usr/bin/chromium';
const viewport = { width: 1440, height: 900 };

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

/**
 * Tests of a file share one page for each set of options: every new one is a window, which the browser draws in a process of its
 * own, and a console that is fetched, compiled and started anew. Whoever needs it fresh loads it, or signs out.
 */
const pages = new WeakMap<Browser, Map<string, Page>>();
/** Who is signed in, as far as tests did it by {@link signIn}. */
const signedIn = new WeakMap<BrowserContext, string>();

async function pageOf(browser: Browser, options: BrowserContextOptions): Promise<Page> {
  const known = pages.get(browser) ?? new Map<string, Page>();
  pages.set(browser, known);
  const key = JSON.stringify(options);
  const kept = known.get(key);
  known.delete(key);
  if (kept && !kept.isClosed()) return kept;
  return (await newContext(browser, options)).newPage();
}

async function newContext(browser: Browser, options: BrowserContextOptions): Promise<BrowserContext> {
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    viewport,
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
  given: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const options = { ...given, baseURL: origin };
  const page = await pageOf(browser, options);
  const faults: string[] = [];
  const onConsole = (message: ConsoleMessage): void => {
    if (message.type() === 'error' && !expected.test(message.text()))
      faults.push(`console: ${message.text()}`);
  };
  const onError = (error: Error): void => void faults.push(`error: ${error.message}`);
  const onRequest = (request: Request): void => {
    const url = request.url();
    if (!url.startsWith(origin) && !url.startsWith('data:') && !url.startsWith('blob:'))
      faults.push(`foreign request: ${url}`);
  };
  page.on('console', onConsole);
  page.on('pageerror', onError);
  page.on('request', onRequest);
  return {
    page,
    faults,
    async close() {
      page.removeAllListeners();
      await page.unrouteAll({ behavior: 'ignoreErrors' });
      await page.setViewportSize(viewport);
      // What is under the pointer holds still, and a dialog keeps the keys.
      await page.mouse.move(0, 0);
      await page.keyboard.press('Escape');
      pages.get(browser)?.set(JSON.stringify(options), page);
    },
  };
}

export interface Person {
  readonly user?: string;
  readonly password?: string;
}

/**
 * Signed in by one request, as the page of that name does it, which has tests of its own. Who is signed in already goes there
 * within the page, by way of another screen, so that nothing of what was shown is left.
 */
export async function signIn(
  page: Page,
  {
    path = '/',
    user = 'admin',
    password = 'a good password',
    origin = '',
  }: Person & { path?: string; origin?: string } = {},
): Promise<void> {
  const context = page.context();
  if (signedIn.get(context) === user && (await showsConsole(page))) {
    await goTo(page, '/tasks');
    await goTo(page, path);
    return;
  }
  const answer = await context.request.post(paths.session, {
    data: { user, password } satisfies SignIn,
    headers: origin ? { origin } : {},
  });
  if (!answer.ok()) throw new Error(`signing in as ${user}: ${answer.status()} ${await answer.text()}`);
  signedIn.set(context, user);
  await page.goto(path);
  await page.locator('#content').waitFor();
}

async function showsConsole(page: Page): Promise<boolean> {
  return (await page.context().cookies()).length > 0 && (await page.locator('#content').count()) > 0;
}

export async function signOut(page: Page): Promise<void> {
  signedIn.delete(page.context());
  await page.context().clearCookies();
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
