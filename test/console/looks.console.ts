/**
 * Every screen in every language, light and dark: no error, no report of the policy, no foreign request, nothing that axe finds,
 * no id or `undefined` where words should be, nothing wider than the window. Screenshots stay in `.cache/console-screenshots`.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { screens } from './screens.ts';
import { startStandIn, type StandIn } from './stand-in/stand-in.ts';
import { accessibilityFaults } from './support/axe.ts';
import { hasBrowser, launchBrowser, openPage, settled, signIn } from './support/browser.ts';

const pictures = join(import.meta.dirname, '../../.cache/console-screenshots');
const looks = [
  { name: 'en-light', locale: 'en', colorScheme: 'light', checksAll: true },
  { name: 'en-dark', locale: 'en', colorScheme: 'dark', checksAll: true },
  { name: 'ja-light', locale: 'ja', colorScheme: 'light', checksAll: false },
  { name: 'zh-dark', locale: 'zh-CN', colorScheme: 'dark', checksAll: false },
] as const;

/** Ids of messages, and what a missing value turns into. */
const noWords =
  /\b(?:undefined|NaN|\[object Object\])\b|\b(?:nav|kind|column|status|action|actions|table|state|tab|facts)\.[a-z][\w.]+\b/;

describe.skipIf(!hasBrowser)('every screen', () => {
  let standIn: StandIn;
  let browser: Browser;
  beforeAll(async () => {
    mkdirSync(pictures, { recursive: true });
    [standIn, browser] = await Promise.all([startStandIn(), launchBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    await standIn?.close();
  });

  test.each(looks)('in $name', { timeout: 300_000 }, async ({ name, locale, colorScheme, checksAll }) => {
    const { page, faults, close } = await openPage(browser, standIn.origin, { locale, colorScheme });
    const found: string[] = [];
    await page.goto('/');
    await page.locator('button[type="submit"]').waitFor();
    await page.screenshot({ path: join(pictures, `sign-in.${name}.png`) });
    found.push(...(await accessibilityFaults(page)).map((fault) => `sign-in: ${fault}`));
    await signIn(page);
    for (const [screen, path] of Object.entries(screens)) {
      await page.goto(path);
      await settled(page);
      await page.screenshot({ path: join(pictures, `${screen}.${name}.png`) });
      const text = await page.locator('body').innerText();
      const odd = noWords.exec(text.replaceAll(/\S+\.\S+\/\S+/g, ''));
      if (odd) found.push(`${screen}: says ${odd[0]}`);
      const overflow = await page.evaluate<number>(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      );
      if (overflow > 0) found.push(`${screen}: ${overflow} px too wide`);
      if (checksAll) found.push(...(await accessibilityFaults(page)).map((fault) => `${screen}: ${fault}`));
    }
    await close();
    expect([...found, ...faults]).toEqual([]);
  });
});
