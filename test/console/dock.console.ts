/** Logs and terminals in a real browser: what is in sight, what is followed, what stays. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startStandIn, type StandIn } from './stand-in/stand-in.ts';
import { accessibilityFaults } from './support/axe.ts';
import { hasBrowser, launchBrowser, openPage, signIn, type WatchedPage } from './support/browser.ts';

describe.skipIf(!hasBrowser)('the dock', () => {
  let standIn: StandIn;
  let browser: Browser;
  let watched: WatchedPage;
  let page: Page;

  beforeAll(async () => {
    [standIn, browser] = await Promise.all([startStandIn(), launchBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    await standIn?.close();
  });
  beforeEach(async () => {
    watched = await openPage(browser, standIn.origin);
    ({ page } = watched);
    page.setDefaultTimeout(20_000);
    page.setDefaultNavigationTimeout(60_000);
  });
  afterEach(async () => {
    const { faults } = watched;
    for (const close = dock().getByRole('button', { name: /^Close / }); (await close.count()) > 0;)
      await close.click();
    await watched.close();
    expect(faults).toEqual([]);
  });

  const dock = () => page.getByRole('region', { name: 'Logs and terminals' });
  const log = () => page.getByRole('log');
  const openLogs = async (): Promise<void> => {
    await signIn(page, { path: '/c/edge/resources/pods?namespace=shop' });
    await page
      .getByRole('row', { name: /web-2-c9fd4/ })
      .getByRole('button', { name: 'Logs' })
      .click();
    await log().getByText('INFO request').first().waitFor();
  };

  test('follows a log until one scrolls up, and again when asked to', async () => {
    await openLogs();
    expect(await accessibilityFaults(page)).toEqual([]);
    const [toEnd, height] = await log().evaluate(
      (element: { scrollHeight: number; scrollTop: number; clientHeight: number }) => [
        element.scrollHeight - element.scrollTop - element.clientHeight,
        element.scrollHeight - element.clientHeight,
      ],
    );
    expect(height).toBeGreaterThan(100);
    expect(toEnd).toBeLessThan(2);
    await log().hover();
    await page.mouse.wheel(0, -400);
    await dock()
      .getByRole('button', { name: /new line/ })
      .click();
    await expect
      .poll(() =>
        dock()
          .getByRole('button', { name: /new line|Follow/ })
          .count(),
      )
      .toBe(0);
  });

  test('marks what is searched for, goes from one to the next, and leaves out the rest', async () => {
    await openLogs();
    await dock().getByRole('searchbox', { name: 'Find' }).fill('error');
    await log().locator('mark').first().waitFor();
    await page.keyboard.press('Enter');
    expect(await log().locator('mark').first().innerText()).toBe('ERROR');
    await dock().getByRole('checkbox', { name: 'Only these' }).check();
    await expect.poll(() => log().getByText('INFO').count()).toBe(0);
  });

  test('wraps long lines and reads those that are JSON', async () => {
    await openLogs();
    await log().getByText('{"level":"warn"').first().waitFor();
    const widths = () =>
      log().evaluate((element: { scrollWidth: number; clientWidth: number }) => [
        element.scrollWidth,
        element.clientWidth,
      ]);
    const [wide = 0, box = 0] = await widths();
    expect(wide).toBeGreaterThan(box);
    await dock().getByRole('checkbox', { name: 'Wrap' }).check();
    await expect.poll(async () => (await widths())[0]).toBe(box);
    await dock().getByRole('checkbox', { name: 'Read JSON' }).check();
    await log().getByText('WARN slow answer  path=/').first().waitFor();
    expect(await log().getByText('{"level"').count()).toBe(0);
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  test('gives the log as a file', async () => {
    await openLogs();
    const downloaded = page.waitForEvent('download');
    await dock().getByRole('button', { name: 'Download' }).click();
    expect((await downloaded).suggestedFilename()).toBe('web-2-c9fd4.log');
  });

  test('has an address for every line, which leads back to it', async () => {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await openLogs();
    await log().hover();
    await page.mouse.wheel(0, -1000);
    const line = log().getByText('INFO request 5 served').first();
    await line.hover();
    await line.locator('..').getByRole('button', { name: 'Copy link to line' }).click();
    const address = await page.evaluate<string>('navigator.clipboard.readText()');
    await page.goto(address);
    await page.getByRole('heading', { name: 'web-2-c9fd4' }).waitFor();
    await expect.poll(() => log().locator('[data-linked]').innerText()).toContain('INFO request 5 served');
    expect(await log().locator('[data-linked]').isVisible()).toBe(true);
    expect(page.url()).not.toContain('log=');
    expect(await accessibilityFaults(page)).toEqual([]);
    await dock().getByRole('button', { name: 'To the end, live' }).click();
    await dock().getByText('Live', { exact: true }).waitFor();
  });

  test('stays open from screen to screen', async () => {
    await openLogs();
    await page.getByRole('link', { name: 'Deployments' }).click();
    await page.getByRole('heading', { name: 'Deployments' }).waitFor();
    expect(await log().getByText('INFO request').count()).toBeGreaterThan(0);
    await dock().getByRole('button', { name: 'Close web-2-c9fd4' }).click();
    await expect.poll(() => dock().count()).toBe(0);
  });

  test('opens a terminal after a proof of who sits there, and takes what is typed', async () => {
    await signIn(page, { path: '/c/edge/resources/pods?namespace=shop' });
    await page
      .getByRole('row', { name: /web-2-c9fd4/ })
      .getByRole('button', { name: 'Terminal' })
      .click();
    const proof = page.getByRole('dialog');
    await proof.locator('input[type="password"]').fill('a good password');
    await proof.getByRole('button', { name: 'Continue' }).click();
    const terminal = page.getByTestId('terminal');
    await expect.poll(() => terminal.innerText()).toContain('/ #');
    await terminal.click();
    await page.keyboard.type('hello');
    await expect.poll(() => terminal.innerText()).toContain('hello');
    expect(await accessibilityFaults(page)).toEqual([]);
  });
});
