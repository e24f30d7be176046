/** Every screen in English, by which the others are measured: light and dark, and asked of axe. */
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

  test('in English', { timeout: 600_000 }, async () => {
    const walk = {
      language: 'en',
      locale: 'en',
      themes: ['light', 'dark'],
      axe: true,
      scenes: true,
    } as const;
    expect(await walkScreens(browser, standIn.origin, walk)).toEqual([]);
  });
});
