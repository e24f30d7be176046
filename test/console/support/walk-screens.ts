/** A walk through every screen in a language: what is odd to look at, as one line each. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '@skerry/base/testing';
import type { Browser, Page } from 'playwright-core';
import { scenes, screens, type Scene } from '../screens.ts';
import { accessibilityFaults } from './axe.ts';
import { goTo, openPage, settled, signIn } from './browser.ts';

const pictures = join(import.meta.dirname, '../../../.cache/console-screenshots');

export type Theme = 'light' | 'dark';

export interface Walk {
  readonly language: 'en' | 'ja' | 'zh';
  /** As a browser names it. */
  readonly locale: string;
  readonly themes: readonly Theme[];
  /** Ask axe too, as it costs more than all else. */
  readonly axe?: boolean;
  /** Also what has no address of its own. */
  readonly scenes?: boolean;
}

/** Ids of messages, and what a missing value turns into. */
const noWords =
  /\b(?:undefined|NaN|\[object Object\])\b|\b(?:nav|kind|column|status|action|actions|table|state|tab|facts)\.[a-z][\w.]+\b/;

/** What frames every screen, and is looked at once in each theme: of the fleet, and of a cluster. */
const frame = ['#root header', '#root nav:not(main nav)'];

/**
 * No error, no report of the policy, no foreign request, nothing that axe finds, no id or `undefined` where words should be,
 * nothing wider than the window, no column of a list out of sight. Screenshots stay in `.cache/console-screenshots`.
 */
export async function walkScreens(
  browser: Browser,
  origin: string,
  { language, locale, themes, axe = false, scenes: withScenes = false }: Walk,
): Promise<string[]> {
  mkdirSync(pictures, { recursive: true });
  const { page, faults, close } = await openPage(browser, origin, { locale });
  const camera = await page.context().newCDPSession(page);
  // In a quarter of the time that files of the least size take.
  const picture = async (file: string): Promise<void> => {
    const { data } = await camera.send('Page.captureScreenshot', { format: 'png', optimizeForSpeed: true });
    writeFileSync(file, data, 'base64');
  };
  const found: string[] = [];
  const framesSeen = new Set<string>();
  const look = async (screen: string, path: string, { isScene = false } = {}): Promise<void> => {
    for (const theme of themes) {
      await show(page, theme);
      await picture(join(pictures, `${screen}.${language}-${theme}.png`));
      if (!axe) continue;
      const frameOf = `${theme} ${path.startsWith('/c/') ? 'cluster' : path === '' ? 'none' : 'fleet'}`;
      const faultsOfLook = await accessibilityFaults(page, {
        ...(theme === 'dark' ? { only: 'colours' } : {}),
        ...(framesSeen.has(frameOf) ? { without: frame } : {}),
        // What is shown above a page is part of none of its landmarks.
        ...(isScene ? { not: ['region'] } : {}),
      });
      framesSeen.add(frameOf);
      found.push(...faultsOfLook.map((fault) => `${screen} in ${theme}: ${fault}`));
    }
    const text = await page.locator('body').innerText();
    const odd = noWords.exec(text.replaceAll(/\S+\.\S+\/\S+/g, ''));
    if (odd) found.push(`${screen}: says ${odd[0]}`);
    const overflow = await page.evaluate<number>(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    if (overflow > 0) found.push(`${screen}: ${overflow} px too wide`);
    if (!isScene) found.push(...(await hiddenColumns(page)).map((fault) => `${screen}: ${fault}`));
  };
  await page.goto('/');
  await page.locator('button[type="submit"]').waitFor();
  await look('sign-in', '');
  await signIn(page);
  for (const [screen, path] of Object.entries(screens)) {
    await goTo(page, path);
    await look(screen, path);
  }
  for (const [name, scene] of withScenes ? Object.entries(scenes) : []) {
    await play(page, scene);
    await look(name, scene.path, { isScene: true });
  }
  await close();
  return [...found, ...faults];
}

/** Titles of columns that lie behind the edge of their list, or below what stays in sight of it, in the windows that people have. */
async function hiddenColumns(page: Page): Promise<string[]> {
  if ((await page.locator('#content thead').count()) === 0) return [];
  const found: string[] = [];
  for (const width of [1280, usualWidth]) {
    await page.setViewportSize({ width, height: page.viewportSize()?.height ?? 900 });
    let titles: string[] = [];
    // A list fits itself once the window has its width.
    const fits = async (): Promise<void> => {
      titles = await page.evaluate<string[]>(hidden);
      if (titles.length > 0) throw new Error('not yet');
    };
    await eventually(fits, { timeoutMs: 2000, everyMs: 50 }).catch(() => undefined);
    found.push(...titles.map((title) => `${title} is hidden at ${width} px`));
  }
  return found;
}

const usualWidth = 1440;
const hidden = `[...document.querySelectorAll('#content table')].flatMap((table) => {
  const heads = [...table.querySelectorAll('thead th')];
  const edges = heads.filter((head) => getComputedStyle(head).position === 'sticky' && head.previousElementSibling);
  const frame = table.parentElement.getBoundingClientRect();
  const edge = Math.min(frame.right, ...edges.map((head) => head.getBoundingClientRect().left));
  return heads
    .filter((head) => !edges.includes(head) && head.getBoundingClientRect().right > edge + 1)
    .map((head) => head.textContent);
})`;

/** Fields are filled as they come into sight. */
async function play(page: Page, { path, fill = {}, clicks }: Scene): Promise<void> {
  await page.keyboard.press('Escape');
  // By way of another screen, so that nothing of the scene before is left.
  await goTo(page, '/tasks');
  await goTo(page, path);
  for (const click of clicks) {
    for (const [label, text] of Object.entries(fill)) {
      const field = page.getByLabel(label, { exact: true });
      if (await field.isVisible()) await field.fill(text);
    }
    await page.getByRole('button', { name: click, exact: true }).first().click();
    await settled(page);
  }
}

async function show(page: Page, theme: Theme): Promise<void> {
  await page.emulateMedia({ colorScheme: theme });
  await page.locator(`html[data-theme="${theme}"]`).waitFor();
}
