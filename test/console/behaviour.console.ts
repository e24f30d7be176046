/** What the console does, in a real browser: keys, addresses, live rows, confirmations, and what becomes of the cluster. */
import { paths } from '@skerry/center/contract';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { screens } from './screens.ts';
import { startStandIn, type StandIn } from './stand-in/stand-in.ts';
import { accessibilityFaults } from './support/axe.ts';
import {
  goTo,
  hasBrowser,
  launchBrowser,
  openPage,
  settled,
  signIn,
  signOut,
  type WatchedPage,
} from './support/browser.ts';

describe.skipIf(!hasBrowser)('the console', () => {
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
    watched = await openPage(browser, standIn.origin, { permissions: ['clipboard-read', 'clipboard-write'] });
    ({ page } = watched);
  });
  afterEach(async () => {
    const { faults } = watched;
    await watched.close();
    expect(faults).toEqual([]);
  });

  const fromCluster = async (
    path: string,
  ): Promise<Record<string, unknown> & { spec?: Record<string, unknown> }> =>
    (await (await fetch(`${standIn.clusterUrl}/${path}`)).json()) as Record<string, unknown>;
  const nameCells = () => page.locator('tbody th[scope="row"]');
  const search = () => new URL(page.url()).searchParams;

  describe('signing in', () => {
    beforeEach(() => signOut(page));

    test('says what was wrong, and keeps the address that was asked for', async () => {
      await page.goto('/c/edge/nodes?pool=shanghai');
      await page.getByLabel('User', { exact: true }).fill('admin');
      await page.getByLabel('Password', { exact: true }).fill('wrong');
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await page.getByRole('alert').filter({ hasText: 'user name or password is wrong' }).waitFor();
      await page.getByLabel('Password', { exact: true }).fill('right');
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await settled(page);
      expect(page.url()).toBe(`${standIn.origin}/c/edge/nodes?pool=shanghai`);
      expect(await nameCells().allInnerTexts()).toEqual(['shanghai-1', 'shanghai-2', 'shanghai-3']);
    });

    test('with a given password leads to choosing another one first', async () => {
      await page.goto('/clusters');
      await page.getByLabel('User', { exact: true }).fill('dev');
      await page.getByLabel('Password', { exact: true }).fill('first');
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await page.getByRole('heading', { name: 'Choose a password of your own' }).waitFor();
      await page.getByLabel('Current password').fill('first');
      await page.getByLabel('New password', { exact: true }).fill('short');
      await page.getByLabel('New password, again').fill('other');
      await page.getByRole('button', { name: 'Change password' }).click();
      await page.getByText('At least 12 characters.').waitFor();
      await page.getByText('The two are not the same.').waitFor();
      await page.getByLabel('New password', { exact: true }).fill('long enough now');
      await page.getByLabel('New password, again').fill('long enough now');
      await page.getByRole('button', { name: 'Change password' }).click();
      await page.getByRole('heading', { name: 'Clusters' }).waitFor();
    });

    test('leaves nothing secret where scripts can read it', async () => {
      await signIn(page, { path: '/c/edge/resources/pods' });
      await settled(page);
      const kept = await page.evaluate<string>(
        'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])',
      );
      const [local, session, cookies] = JSON.parse(kept) as [object, object, string];
      expect([local, cookies]).toEqual([{ 'skerry.language': 'en' }, '']);
      // Where screens were scrolled to is all that a tab remembers.
      expect(Object.keys(session).filter((key) => !key.startsWith('tsr-scroll'))).toEqual([]);
      expect((await page.context().cookies())[0]).toMatchObject({
        httpOnly: true,
        secure: true,
        sameSite: 'Lax',
      });
    });
  });

  describe('a list', () => {
    beforeEach(() => signIn(page, { path: '/c/edge/resources/pods' }));

    test('is filtered by what is typed, which is then in the address and stands for the same rows', async () => {
      await settled(page);
      await page.keyboard.press('/');
      await page.keyboard.type('orders');
      await expect.poll(() => nameCells().allInnerTexts()).toEqual(['orders-db-0', 'orders-db-1']);
      expect(search().get('q')).toBe('orders');
      const address = page.url();
      await page.goto('about:blank');
      await page.goto(address);
      await expect.poll(() => nameCells().allInnerTexts()).toEqual(['orders-db-0', 'orders-db-1']);
      await page.getByRole('textbox', { name: 'Filter' }).press('Escape');
      await expect.poll(() => nameCells().count()).toBeGreaterThan(10);
    });

    test('is grouped by region and pool, and a group folds', async () => {
      await settled(page);
      const group = page.getByRole('button', { name: /^beijing/ });
      await group.waitFor();
      const before = await nameCells().count();
      await group.click();
      await expect.poll(() => nameCells().count()).toBe(before - 6);
      expect(await group.getAttribute('aria-expanded')).toBe('false');
    });

    test('is sorted by a click on a head, which says so', async () => {
      await settled(page);
      await page.getByRole('combobox', { name: 'Group by' }).click();
      await page.getByTitle('Not grouped').click();
      await page.getByRole('columnheader', { name: 'Restarts' }).getByRole('button').click();
      await page.getByRole('columnheader', { name: 'Restarts' }).getByRole('button').click();
      await expect.poll(() => search().get('sort')).toBe('-restarts');
      expect(await page.getByRole('columnheader', { name: 'Restarts' }).getAttribute('aria-sort')).toBe(
        'descending',
      );
    });

    test('is walked, marked and opened by keys', async () => {
      await settled(page);
      const first = await nameCells().first().innerText();
      await page.locator('tr[data-key]').first().focus();
      await page.keyboard.press('j');
      await page.keyboard.press('x');
      await page.getByText('1 selected').waitFor();
      await page.keyboard.press('k');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: first, level: 1 }).waitFor();
    });

    test('keeps rows in place under the pointer, counts what waits, and shows it when the pointer leaves', async () => {
      await settled(page);
      await nameCells().filter({ hasText: 'fleet-agent-bx7k2' }).hover();
      const before = await nameCells().allInnerTexts();
      await fetch(`${standIn.clusterUrl}/api/v1/namespaces/shop/pods/web-2-b9fd4?gracePeriodSeconds=0`, {
        method: 'DELETE',
      });
      await page.getByRole('button', { name: '1 update waits – show it' }).waitFor();
      expect(await nameCells().allInnerTexts()).toEqual(before);
      await page.mouse.move(5, 5);
      await expect
        .poll(() => nameCells().allInnerTexts())
        .toEqual(before.filter((name) => name !== 'web-2-b9fd4'));
    });

    test('says since when it is stale, and goes on by itself', async () => {
      await settled(page);
      standIn.setReachable(false);
      await page.getByText('What you see is the last that was known.').waitFor();
      expect(await nameCells().count()).toBeGreaterThan(10);
      standIn.setReachable(true);
      await page.reload();
      await settled(page);
      await page.getByText('What you see is the last that was known.').waitFor({ state: 'hidden' });
    });

    test('shows the columns that were chosen, also after a reload', async () => {
      await settled(page);
      await page.getByRole('button', { name: 'Columns' }).click();
      const saved = page.waitForResponse(
        (response) => response.url().endsWith(paths.preferences) && response.request().method() === 'PUT',
      );
      await page.getByRole('checkbox', { name: 'Owner', exact: true }).check();
      await page.getByRole('columnheader', { name: 'Owner', exact: true }).waitFor();
      await saved;
      await page.reload();
      await page.getByRole('columnheader', { name: 'Owner', exact: true }).waitFor();
    });

    test("has columns of one's own, and rows that come first, also after a reload", async () => {
      await settled(page);
      const chooser = page.getByRole('button', { name: 'Columns' });
      await chooser.click();
      await page.getByRole('textbox', { name: 'Label' }).fill('app');
      await page.keyboard.press('Enter');
      await page.getByRole('columnheader', { name: 'app', exact: true }).waitFor();
      // What is shown above a page is part of none of its landmarks.
      expect(await accessibilityFaults(page, { not: ['region'] })).toEqual([]);
      const pinned = page.getByRole('button', { name: 'Keep label:app in sight' });
      await pinned.click();
      await expect.poll(() => pinned.getAttribute('aria-pressed')).toBe('true');
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'More for orders-db-1' }).click();
      const saved = page.waitForResponse((response) => response.request().method() === 'PUT');
      await page.getByRole('menuitem', { name: 'Pin to the top' }).click();
      await saved;
      await page.reload();
      const first = page.locator('tbody').first();
      await first.getByText('Pinned').waitFor();
      await first.getByRole('row', { name: /orders-db-1.*orders-db/ }).waitFor();
      const heads = await page.getByRole('columnheader').allInnerTexts();
      expect(heads.indexOf('app')).toBe(heads.indexOf('Namespace') + 1);
      await page.getByRole('button', { name: 'More for orders-db-1' }).first().click();
      await page.getByRole('menuitem', { name: 'Unpin' }).click();
      await chooser.click();
      await page.getByRole('button', { name: 'Remove label:app' }).click();
      await page.getByRole('columnheader', { name: 'app', exact: true }).waitFor({ state: 'detached' });
      await first.getByText('Pinned').waitFor({ state: 'detached' });
    });
  });

  test('a task is cancelled, and says who did it', async () => {
    await signIn(page, { path: '/tasks/create-factory-2' });
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
    await page.getByRole('tooltip').getByRole('button', { name: 'Cancel', exact: true }).click();
    await page.getByText('admin has cancelled it').waitFor();
    expect(await page.getByRole('button', { name: 'Cancel', exact: true }).isVisible()).toBe(false);
  });

  test('a sign-in provider that is there is changed', async () => {
    await signIn(page, { path: '/providers' });
    await page.getByRole('button', { name: 'Edit: corp' }).click();
    const dialog = page.getByRole('dialog');
    expect(await dialog.getByLabel('Name', { exact: true }).isDisabled()).toBe(true);
    await dialog.getByLabel('Title').fill('Everybody here');
    expect(await accessibilityFaults(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('row', { name: /corp.*Everybody here/ }).waitFor();
  });

  test('loads anew when a part of it has gone, once; then says so, and has it as soon as it can be had', async () => {
    await signIn(page, { path: '/c/edge' });
    // What has been fetched before is not fetched again.
    await page.goto('/c/edge');
    await settled(page);
    let isGone = true;
    await page.route(/assets\/gpu-.*\.js/, (route) =>
      isGone ? route.fulfill({ status: 404, body: '' }) : route.continue(),
    );
    const gpu = page.getByRole('link', { name: 'GPU', exact: true });
    const reloaded = page.waitForRequest((request) => request.isNavigationRequest());
    await gpu.click();
    await reloaded;
    await page.getByRole('alert').getByText('This part of the console could not be loaded').waitFor();
    await page.getByRole('button', { name: 'Reload the page' }).waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.evaluate('window.isStillThisPage = true');
    await page.getByRole('link', { name: 'Nodes', exact: true }).click();
    await page.getByRole('heading', { name: 'Nodes', exact: true, level: 1 }).waitFor();
    isGone = false;
    await gpu.click();
    await page.getByRole('heading', { name: 'GPU', exact: true, level: 1 }).waitFor();
    await settled(page);
    expect(await page.evaluate('window.isStillThisPage')).toBe(true);
    // The part that was gone is told of by the browser.
    watched.faults.splice(0);
  });

  test('shows a part with its style sheet, though that did not come at first', async () => {
    await signIn(page, { path: '/c/edge' });
    await page.goto('/c/edge/events');
    await settled(page);
    let times = 0;
    await page.route(/assets\/chart-.*\.css/, (route) =>
      times++ === 0 ? route.fulfill({ status: 503, body: '' }) : route.continue(),
    );
    await page.getByRole('link', { name: 'GPU', exact: true }).click();
    await page.locator('figure ul').first().waitFor();
    expect(await page.evaluate("getComputedStyle(document.querySelector('figure ul')).display")).toBe('flex');
    expect(times).toBe(2);
  });

  test('goes anywhere by Ctrl+K', async () => {
    await signIn(page, { path: '/c/edge' });
    await settled(page);
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Command palette' }).fill('fleet-ag');
    await page.getByRole('option', { name: /fleet-agent/ }).waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'fleet-agent' }).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('n');
    await page.getByRole('heading', { name: 'Nodes' }).waitFor();
  });

  describe('actions', () => {
    test('scale a Deployment', async () => {
      await signIn(page, { path: '/c/edge/resources/deployments.apps' });
      await page.getByRole('button', { name: 'Scale: web' }).click();
      await page.getByRole('spinbutton').fill('5');
      await page.getByRole('dialog').getByRole('button', { name: 'Scale' }).click();
      await expect
        .poll(
          async () => (await fromCluster('apis/apps/v1/namespaces/shop/deployments/web')).spec?.['replicas'],
        )
        .toBe(5);
    });

    test('are taken back: a scale, a deletion, and not what somebody has changed since', async () => {
      const path = 'apis/apps/v1/namespaces/shop/deployments/web';
      const before = (await fromCluster(path)).spec?.['replicas'];
      await signIn(page, { path: '/c/edge/resources/deployments.apps' });
      // Without what other tests could take back.
      await page.reload();
      const scale = async (replicas: number): Promise<void> => {
        await page.getByRole('button', { name: 'Scale: web' }).click();
        await page.getByRole('spinbutton').fill(String(replicas));
        await page.getByRole('dialog').getByRole('button', { name: 'Scale' }).click();
        await expect.poll(async () => (await fromCluster(path)).spec?.['replicas']).toBe(replicas);
      };
      await scale(9);
      await page.getByRole('button', { name: 'Undo: web' }).last().click();
      await expect.poll(async () => (await fromCluster(path)).spec?.['replicas']).toBe(before);

      await scale(8);
      await page.getByRole('button', { name: 'Undo: web' }).last().waitFor();
      await fetch(`${standIn.clusterUrl}/${path}`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/merge-patch+json' },
        body: JSON.stringify({ metadata: { labels: { theirs: 'yes' } } }),
      });
      await page.getByRole('button', { name: 'Undo: web' }).last().click();
      await page.getByText('Somebody has changed it since').first().waitFor();
      expect((await fromCluster(path)).spec?.['replicas']).toBe(8);

      await goTo(page, '/c/edge/resources/configmaps/shop/web-settings');
      await page.getByRole('button', { name: 'More for web-settings' }).click();
      await page.getByRole('menuitem', { name: 'Delete' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
      const settings = 'api/v1/namespaces/shop/configmaps/web-settings';
      await expect.poll(async () => (await fromCluster(settings))['code']).toBe(404);
      await page.getByRole('heading', { name: 'ConfigMaps' }).waitFor();
      await goTo(page, '/tasks');
      await page
        .getByRole('table', { name: 'Your changes in this tab' })
        .getByRole('button', { name: 'Undo: web-settings' })
        .click();
      await expect.poll(async () => (await fromCluster(settings))['data']).toBeTruthy();
      // The console goes there by itself; the next screen comes after that.
      await page.locator('#content[data-shows^="/c/edge/resources/configmaps/"]').waitFor();
    });

    test('bring a DaemonSet back to a revision', async () => {
      await signIn(page, { path: '/c/edge/resources/daemonsets.apps/shop/fleet-agent' });
      await page.getByRole('button', { name: 'History and rollback' }).click();
      await page.getByRole('radio', { name: '1', exact: true }).check();
      expect(await accessibilityFaults(page)).toEqual([]);
      await page.getByRole('button', { name: 'Roll back' }).click();
      await expect
        .poll(async () =>
          JSON.stringify(await fromCluster('apis/apps/v1/namespaces/shop/daemonsets/fleet-agent')),
        )
        .toContain('fleet-agent:1.0-rc1');
    });

    test('delete a pool only when its name is typed', async () => {
      await signIn(page, { path: '/c/edge/pools' });
      await page.getByRole('button', { name: 'More for zhangjiakou' }).click();
      await page.getByRole('menuitem', { name: 'Delete' }).click();
      const dialog = page.getByRole('dialog');
      const confirm = dialog.getByRole('button', { name: 'Delete' });
      await dialog.getByText('Delete zhangjiakou?').waitFor();
      expect(await confirm.isDisabled()).toBe(true);
      await dialog.getByRole('textbox').fill('zhangjiakou');
      await confirm.click();
      await expect
        .poll(async () => (await fromCluster('apis/apps.openyurt.io/v1beta2/nodepools/zhangjiakou'))['code'])
        .toBe(404);
    });

    test('cordon several nodes at once and say what came of each', async () => {
      await signIn(page, { path: '/c/edge/nodes?pool=beijing' });
      await settled(page);
      await page.getByRole('checkbox', { name: 'Select all on this page' }).check();
      await page.getByRole('toolbar').getByRole('button', { name: 'Cordon', exact: true }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByText('Cordon: 3 objects').waitFor();
      await dialog.getByRole('button', { name: 'Cordon' }).click();
      await dialog.getByText('3 of 3 done, 0 failed').waitFor();
      for (const index of [1, 2, 3]) {
        expect((await fromCluster(`api/v1/nodes/beijing-${index}`)).spec?.['unschedulable']).toBe(true);
      }
    });

    test('add a taint to a node', async () => {
      await signIn(page, { path: '/c/edge/nodes/guangzhou-1' });
      await page.getByRole('button', { name: /^More for / }).click();
      await page.getByRole('menuitem', { name: 'Labels and annotations' }).click();
      await page.getByRole('tab', { name: 'Taints' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Add' }).last().click();
      await page.getByLabel('Taints: key').fill('gpu');
      await page.getByRole('button', { name: 'Save' }).click();
      await expect
        .poll(async () => (await fromCluster('api/v1/nodes/guangzhou-1')).spec?.['taints'])
        .toEqual([{ key: 'gpu', effect: 'NoSchedule' }]);
    });
  });

  test('in read-only mode nothing that changes anything is offered or sent', async () => {
    await signIn(page, { path: '/settings' });
    const mode = page.getByRole('switch', { name: 'Read-only mode' });
    await mode.click();
    await page.getByRole('link', { name: 'Read-only mode' }).waitFor();
    const writes: string[] = [];
    page.on('request', (request) => {
      const path = new URL(request.url()).pathname;
      if (request.method() !== 'GET' && !/\/(tickets|can-i|placement|preferences)$/.test(path))
        writes.push(`${request.method()} ${path}`);
    });
    const offered: string[] = [];
    const changing =
      /^(Edit|Scale|Delete|Terminal|Cordon|Drain|Restart|Install|Configure|Uninstall|Edit YAML)(:|$)/;
    for (const path of Object.values(screens)) {
      await goTo(page, path);
      const buttons = page.locator('#content').getByRole('button', { name: changing, disabled: false });
      offered.push(...(await buttons.allInnerTexts()).map((text) => `${path}: ${text}`));
    }
    expect(offered).toEqual([]);
    await goTo(page, '/c/edge/resources/deployments.apps/shop/web/yaml');
    await goTo(page, '/c/edge/pools/new');
    await page.getByLabel('Name', { exact: true }).fill('never');
    await page.getByLabel('Region', { exact: true }).last().fill('nowhere');
    await page.getByRole('button', { name: 'Create only' }).click();
    await page.getByText('read-only mode is on').waitFor();
    expect(writes).toEqual([]);
    await goTo(page, '/settings');
    const saved = page.waitForResponse((response) => response.request().method() === 'PUT');
    await mode.click();
    await saved;
  });

  test('a pool is made, a script for its machines is made, and it ends by itself', async () => {
    await signIn(page, { path: '/c/edge/pools' });
    await page.getByRole('button', { name: 'Create edge node pool' }).click();
    await page.getByLabel('Name', { exact: true }).fill('hangzhou');
    await page.getByLabel('Region', { exact: true }).last().fill('hangzhou');
    await page.getByRole('button', { name: 'Create and add nodes' }).click();
    await page.getByRole('heading', { name: 'Add existing nodes to hangzhou' }).waitFor();
    expect((await fromCluster('apis/apps.openyurt.io/v1beta2/nodepools/hangzhou')).spec).toMatchObject({
      type: 'Edge',
      labels: { 'topology.kubernetes.io/region': 'hangzhou' },
    });
    await page.getByRole('button', { name: 'Make the script' }).click();
    await page.getByText('SKERRY_JOIN_TOKEN').waitFor();
    await page.getByText(/valid for (1h|59m|60m)/).waitFor();
    await page.getByText('Waiting for 1 machine…').waitFor();
    await page.getByRole('button', { name: 'Copy' }).click();
    expect(await page.evaluate<string>('navigator.clipboard.readText()')).toContain('/join/hangzhou');
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  test('a component is planned before it is changed, and then seen to its end as a task', async () => {
    await signIn(page, { path: '/c/edge/components' });
    await page.getByRole('button', { name: 'Configure: OpenKruise' }).click();
    await page.getByRole('button', { name: 'Show what would change' }).click();
    await page.getByText('kruise-manager-config').waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole('dialog').getByRole('button', { name: 'Configure' }).click();
    await page.waitForURL(/\/tasks\//);
  });

  test('narrow windows have the menu behind a button, and nothing is cut off', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await signIn(page, { path: '/c/edge/resources/pods' });
    await settled(page);
    const overflow = await page.evaluate<number>(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    expect(overflow).toBe(0);
    await page.getByRole('button', { name: 'Menu' }).click();
    await page.getByRole('link', { name: 'DaemonSets' }).click();
    await page.getByRole('heading', { name: 'DaemonSets' }).waitFor();
  });
});
