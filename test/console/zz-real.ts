import { launchBrowser, openPage } from './support/browser.ts';
import { readFileSync } from 'node:fs';
const password = /one-time password (\S+)/.exec(readFileSync('/tmp/perf/srv.log', 'utf8'))![1]!;
const browser = await launchBrowser();
const { page, faults } = await openPage(browser, 'https://127.0.0.1:17843');
page.on('response', (r) => { if (r.status() >= 400) void r.text().then((t) => console.log('  !', r.status(), r.request().method(), r.url().replace('https://127.0.0.1:17843', ''), t.slice(0, 200))).catch(() => undefined); });
let n = 0;
const shot = async (name: string) => { await page.screenshot({ path: `/tmp/perf/shots/${String(n++).padStart(2, '0')}-${name}.png` }); console.log(name, page.url()); };
try {
  await page.goto('/');
  await page.locator('input[autocomplete="username"]').fill('admin');
  await page.locator('input[autocomplete="current-password"]').fill(process.argv[2] ?? password);
  await page.locator('button[type="submit"]').click();
  await page.waitForTimeout(2500);
  await shot('after-sign-in');
  const news = page.locator('input[type="password"][autocomplete="new-password"]');
  if (await news.count()) {
    const cur = page.locator('input[autocomplete="current-password"]');
    if (await cur.count()) await cur.fill(password);
    for (let i = 0; i < await news.count(); i++) await news.nth(i).fill('violet-Lantern-39-orbit');
    await page.locator('button[type="submit"]').click();
    await page.waitForTimeout(2500);
  }
  await shot('home');
  await page.getByRole('link', { name: 'Clusters' }).first().click(); await page.waitForTimeout(1500); await shot('clusters');
  await page.goto('/c/default'); await page.waitForTimeout(2000); await shot('overview');
  for (const name of ['Node pools', 'Nodes', 'DaemonSets', 'Pods', 'Custom Resources', 'GPU', 'Events', 'Components']) {
    const link = page.getByRole('link', { name, exact: true }).first();
    if (!(await link.count())) { console.log('no link', name); continue; }
    await link.click(); await page.waitForTimeout(2500); await shot(name.replaceAll(' ', '-'));
  }
} catch (e) { console.log('ERR', String(e).slice(0, 600)); await shot('error'); }
console.log(faults.slice(0, 20));
await browser.close();
