/** Every screen in the other languages, each in one theme. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startStandIn, type StandIn } from './stand-in/stand-in.ts';
import { hasBrowser, launchBrowser } from './support/browser.ts';
import { walkScreens } from './support/walk-screens.ts';

describe.skipIf(!hasBrowser)('every screen', () => {
  let standIn: StandIn;
  let browser: Browser;
  beforeAll(async () => {
    [standIn, browser] = await Promise.all([startStandIn(), launchBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    await standIn?.close();
  });

  test.each([
    { language: 'ja', locale: 'ja', themes: ['light'] },
    { language: 'zh', locale: 'zh-CN', themes: ['dark'] },
  ] as const)('in $language', { timeout: 300_000 }, async (walk) => {
    expect(await walkScreens(browser, standIn.origin, walk)).toEqual([]);
  });
});
