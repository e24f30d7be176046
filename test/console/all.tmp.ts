import { launchBrowser, openPage, signIn } from './support/browser.ts';
import { screens } from './screens.ts';
const origin = process.argv[2]!;
const browser = await launchBrowser();
const { page, faults } = await openPage(browser, origin, { colorScheme: process.env['DARK'] ? 'dark' : 'light', locale: process.env['LANG_'] ?? 'en' });
await signIn(page);
for (const [name, path] of Object.entries(screens)) {
  if (process.argv[3] && !name.match(process.argv[3])) continue;
  const before = faults.length;
  await page.goto(path); await page.waitForTimeout(900);
  await page.screenshot({ path: `/tmp/shots/${name}.png` });
  if (faults.length > before) console.log(name, faults.slice(before));
}
await browser.close();
