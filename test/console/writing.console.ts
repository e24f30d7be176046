/** Writing to a cluster by hand, in a real browser: the editor, Create from YAML, Edit YAML, the wizard, resource objects. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { templates } from '../../packages/console/src/screens/yaml/templates.ts';
import { startStandIn, type StandIn } from './stand-in/stand-in.ts';
import { accessibilityFaults } from './support/axe.ts';
import { goTo, hasBrowser, launchBrowser, openPage, signIn, type WatchedPage } from './support/browser.ts';

const guard = `apiVersion: v1
kind: Namespace
metadata:
  name: fresh
---
apiVersion: apps.kruise.io/v1alpha1
kind: DaemonSet
metadata:
  name: guard
  namespace: fresh
spec:
  selector:
    matchLabels:
      app: guard
  template:
    metadata:
      labels:
        app: guard
    spec:
      containers:
        - name: main
          image: busybox:1.36
`;

describe.skipIf(!hasBrowser)('writing to a cluster', () => {
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
    await watched.close();
    expect(faults).toEqual([]);
  });

  interface Found {
    readonly metadata: { readonly labels?: Readonly<Record<string, string>> };
    readonly spec: {
      readonly replicas?: number;
      readonly minReadySeconds?: number;
      readonly template: {
        readonly spec: { readonly affinity?: object; readonly containers: { readonly image: string }[] };
      };
    };
  }
  const fromCluster = async (path: string): Promise<Found> =>
    (await (await fetch(`${standIn.clusterUrl}/${path}`)).json()) as Found;
  const editor = () => page.locator('.cm-content').first();
  const paste = async (text: string): Promise<void> => {
    await editor().click();
    await page.keyboard.press('Control+a');
    await page.evaluate(
      `{ const clipboardData = new DataTransfer();
        clipboardData.setData('text/plain', ${JSON.stringify(text)});
        document.querySelector('.cm-content').dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true })); }`,
    );
  };
  const button = (name: string | RegExp) =>
    page.getByRole('button', { name, exact: typeof name === 'string' });

  describe('the editor', () => {
    test('offers the fields of the place, says what they are and writes them', async () => {
      await signIn(page, { path: '/c/edge/yaml' });
      await paste('apiVersion: apps/v1\nkind: DaemonSet\nmetadata:\n  name: a\nspec:\n  ');
      await page.keyboard.press('Control+ ');
      const list = page.getByRole('listbox', { name: 'Suggestions' });
      await list.waitFor();
      expect((await list.getByRole('option').allInnerTexts()).join(' ')).toContain('updateStrategy');
      await page.keyboard.type('minR');
      await expect.poll(() => list.getByRole('option').count()).toBe(1);
      // A key right after the list has opened is not taken for the list, on purpose.
      await expect
        .poll(async () => {
          if (await list.isVisible()) await page.keyboard.press('Enter');
          return editor().innerText();
        })
        .toContain('minReadySeconds: ');
    });

    test('marks what is wrong where it stands, for built-in kinds and for defined ones', async () => {
      await signIn(page, { path: '/c/edge/yaml' });
      await paste(guard.replace('busybox:1.36', '5').replace('  selector:', '  selektor: {}\n  selector:'));
      await expect.poll(() => page.locator('.cm-lintRange-error').allInnerTexts()).toContain('selektor');
      await page.locator('.cm-lintRange-error', { hasText: 'selektor' }).hover();
      await page.getByText('There is no field selektor here. Is selector meant?').first().waitFor();
    });

    test.each([
      ['ten megabytes', 'a: b\n'.repeat(2_000_000), 'Not taken'],
      [
        'aliases of aliases',
        `a0: &a0 [x]\n${Array.from({ length: 30 }, (_, index) => `a${index + 1}: &a${index + 1} [*a${index},*a${index}]`).join('\n')}`,
        'Too many aliases',
      ],
      ['a hundred thousand brackets', '['.repeat(100_000), 'nested too deeply'],
    ])('refuses %s and stays alive', async (_, text, words) => {
      await signIn(page, { path: '/c/edge/yaml' });
      await paste(text);
      if (words !== 'Not taken') await button('Review').click();
      await page.getByText(words).first().waitFor();
      await paste('kind: A');
      await expect.poll(() => editor().innerText()).toBe('kind: A');
    });

    test('takes a file that is dropped as another document', async () => {
      await signIn(page, { path: '/c/edge/yaml' });
      await paste('kind: A\n');
      await page.evaluate(
        `{ const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File(['kind: B\\n'], 'b.yaml'));
          document.querySelector('.cm-content').dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true })); }`,
      );
      await expect.poll(() => editor().innerText()).toContain('kind: A\n---\nkind: B');
    });
  });

  describe('Create from YAML', () => {
    test('makes what is new, in the order of dependence, and shows a change before it is made', async () => {
      await signIn(page, { path: '/c/edge/resources/pods' });
      await button('Create from YAML').first().click();
      await page.getByLabel('Sample Template').click();
      await page.getByTitle('Custom', { exact: true }).last().click();
      const [namespace = '', daemonSet = ''] = guard.split('---\n');
      await paste(`${daemonSet}---\n${namespace}`);
      await button('Create').click();
      await page.getByText('All 2 objects are in the cluster.').waitFor();
      const results = page.getByRole('list', { name: 'Documents' }).getByRole('listitem');
      expect(await results.allInnerTexts()).toEqual([
        expect.stringMatching(/created\s+Namespace fresh/),
        expect.stringMatching(/created\s+DaemonSet guard/),
      ]);
      await paste(guard.replace('1.36', '1.37'));
      await button('Create').click();
      await button('Apply these changes').waitFor();
      expect(await page.locator('.cm-merge-b .cm-changedLine').allInnerTexts()).toEqual([
        expect.stringContaining('busybox:1.37'),
      ]);
      expect(await accessibilityFaults(page)).toEqual([]);
      const path = 'apis/apps.kruise.io/v1alpha1/namespaces/fresh/daemonsets/guard';
      expect((await fromCluster(path)).spec.template.spec.containers[0]?.image).toBe('busybox:1.36');
      await button('Apply these changes').click();
      await page.getByText('All 2 objects are in the cluster.').waitFor();
      expect((await fromCluster(path)).spec.template.spec.containers[0]?.image).toBe('busybox:1.37');
    });

    test('makes nothing when a part of it would be refused, and says of each document why', async () => {
      await signIn(page, { path: '/c/edge/yaml' });
      await paste(`apiVersion: v1
kind: ConfigMap
metadata: {name: half}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: half}
spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: c}}, spec: {containers: [{name: a, image: b}]}}}
`);
      await button('Create').click();
      await page.getByText('Nothing was made').waitFor();
      const results = await page
        .getByRole('list', { name: 'Documents' })
        .getByRole('listitem')
        .allInnerTexts();
      expect(results).toEqual([
        expect.stringContaining('new'),
        expect.stringMatching(/refused[^]*does not match template/),
      ]);
      const answer = await fetch(`${standIn.clusterUrl}/api/v1/namespaces/default/configmaps/half`);
      expect(answer.status).toBe(404);
    });
  });

  test('every template is accepted by a server', async () => {
    await signIn(page, { path: '/c/edge' });
    // Without what has been written and not been sent.
    await page.goto('/c/edge');
    const refused: string[] = [];
    for (const { id } of templates) {
      await goTo(page, `/c/edge/yaml?template=${id}`);
      await expect.poll(() => editor().innerText()).toContain('apiVersion');
      await button('Review').click();
      const verdict = page.getByText(/The server accepts all of it|would be changed|would refuse/);
      await verdict.first().waitFor();
      if (/would refuse/.test(await verdict.first().innerText())) refused.push(id);
      await goTo(page, '/c/edge/gpu');
    }
    expect(refused).toEqual([]);
  });

  test('an edit that meets another keeps both, and asks where they differ', async () => {
    await signIn(page, { path: '/c/edge/resources/deployments.apps/shop/web/yaml' });
    await page.locator('.cm-line', { hasText: 'replicas:' }).first().click();
    await page.keyboard.press('End');
    await page.keyboard.press('Backspace');
    await page.keyboard.type('7 # mine');
    const path = 'apis/apps/v1/namespaces/shop/deployments/web';
    await fetch(`${standIn.clusterUrl}/${path}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/merge-patch+json' },
      body: JSON.stringify({
        metadata: { labels: { theirs: 'x' } },
        spec: { replicas: 5, minReadySeconds: 4 },
      }),
    });
    await button('Review and save').click();
    await page.getByText('Taken from them: metadata.labels.theirs, spec.minReadySeconds').waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page
      .getByRole('radiogroup', { name: 'spec.replicas' })
      .getByRole('radio', { name: /Mine/ })
      .waitFor();
    await button('Continue with the joined text').click();
    await expect.poll(() => editor().innerText()).toContain('replicas: 7 # mine');
    await button('Review and save').click();
    await button('Save').click();
    await page.getByText('Saved.').waitFor();
    expect(await fromCluster(path)).toMatchObject({
      metadata: { labels: { theirs: 'x' } },
      spec: { replicas: 7, minReadySeconds: 4 },
    });
  });

  test('what is being written is there again after the session has ended', async () => {
    await signIn(page, { path: '/c/edge/yaml' });
    await paste('apiVersion: v1\nkind: Precious\nmetadata: {name: a}');
    await page.context().clearCookies();
    const password = page.locator('input[autocomplete="current-password"]');
    // Whichever comes first finds out that the session is over.
    await Promise.race([button('Review').click(), password.waitFor()]);
    await password.fill('a good password');
    await page.locator('input[autocomplete="username"]').fill('admin');
    await page.locator('button[type="submit"]').click();
    await expect.poll(() => editor().innerText()).toContain('kind: Precious');
  });

  test('the wizard makes a DaemonSet for a pool, and edits it', async () => {
    await signIn(page, { path: '/c/edge/resources/daemonsets.apps?namespace=shop' });
    await button(/Create from image/)
      .first()
      .click();
    await page.getByLabel('Application name').fill('edge-guard');
    await expect
      .poll(() => page.getByLabel('Type', { exact: true }).locator('..').innerText())
      .toContain('DaemonSet');
    await button('Next').click();
    await page.getByLabel('Image', { exact: true }).fill('busybox:1.36');
    expect(await accessibilityFaults(page)).toEqual([]);
    await button('Next').click();
    await page.getByTestId('matching-nodes').filter({ hasText: '12 of 12 nodes match' }).waitFor();
    await page.getByLabel('Node pools').click();
    await page.getByTitle('shanghai', { exact: true }).click();
    await page.keyboard.press('Escape');
    await button('Next').click();
    await button('Next').click();
    await page.getByText('The server accepts all of it.').waitFor();
    await button('Create').click();
    await page.waitForURL(/daemonsets\.apps\/shop\/edge-guard$/);
    const path = 'apis/apps/v1/namespaces/shop/daemonsets/edge-guard';
    expect(JSON.stringify((await fromCluster(path)).spec.template.spec.affinity)).toContain(
      '"values":["shanghai"]',
    );
    await page.goto('/c/edge/resources/daemonsets.apps/shop/edge-guard/edit');
    await button('Next').click();
    await page.getByLabel('Image', { exact: true }).fill('busybox:1.37');
    for (let step = 0; step < 3; step++) await button('Next').click();
    await button('Save').click();
    await page.waitForURL(/daemonsets\.apps\/shop\/edge-guard$/);
    expect((await fromCluster(path)).spec.template.spec.containers[0]?.image).toBe('busybox:1.37');
  });

  test('the wizard makes a StatefulSet with a container that runs first, and volumes of each pod', async () => {
    await signIn(page, { path: '/c/edge/create?type=StatefulSet&namespace=shop' });
    await page.getByLabel('Application name').fill('ledger');
    await button('Next').click();
    await page.getByLabel('Image', { exact: true }).fill('busybox:1.36');
    await button('Add init container').click();
    await page.getByRole('tabpanel').getByLabel('Image', { exact: true }).fill('busybox:1.35');
    await button('Add Volumes of each pod').click();
    await page.getByLabel('Size', { exact: true }).fill('3Gi');
    expect(await accessibilityFaults(page)).toEqual([]);
    for (let step = 0; step < 3; step++) await button('Next').click();
    await page.getByText('The server accepts all of it.').waitFor();
    await button('Create').click();
    await page.waitForURL(/statefulsets\.apps\/shop\/ledger$/);
    expect(await fromCluster('apis/apps/v1/namespaces/shop/statefulsets/ledger')).toMatchObject({
      spec: {
        template: {
          spec: { initContainers: [{ image: 'busybox:1.35' }], containers: [{ image: 'busybox:1.36' }] },
        },
        volumeClaimTemplates: [
          { metadata: { name: 'data' }, spec: { resources: { requests: { storage: '3Gi' } } } },
        ],
      },
    });
  });

  test('resource objects are found by group, version and kind, and edited', async () => {
    await signIn(page, { path: '/c/edge' });
    await page.getByRole('link', { name: 'Custom Resources' }).click();
    await page.getByRole('tab', { name: 'Resource Objects' }).click();
    await button('apps.kruise.io').click();
    await button('v1alpha1').click();
    await button('DaemonSet').click();
    await page
      .getByRole('row', { name: /edge-cache/ })
      .getByText('Edit YAML')
      .click();
    await page.getByRole('heading', { name: 'Edit YAML: edge-cache' }).waitFor();
    await editor().filter({ hasText: 'kind: DaemonSet' }).waitFor();
  });
});
