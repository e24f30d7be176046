/**
 * The ways that people are told to go, click by click, before a real center: create a pool for a region and a script for its
 * machines; install OpenKruise; roll out a DaemonSet from an image and change it; roll out OpenKruise's DaemonSet from YAML and change
 * it in the tree of resource objects. In English, Japanese and Chinese, by the words that each document uses.
 */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Center } from '../../support/center.ts';
import { hasBrowser, launchBrowser, openPage, type WatchedPage } from '../support/browser.ts';
import { languages, type Words } from './words.ts';

const newPassword = 'quiet otters read seven books';

describe.skipIf(!hasBrowser)('before a real center', () => {
  let center: Center;
  let browser: Browser;
  let origin: string;

  beforeAll(async () => {
    [center, browser] = await Promise.all([Center.start(), launchBrowser()]);
    await vi.waitFor(() => expect(center.output).toMatch(/one-time password \S+/), { timeout: 30_000 });
    origin = /^ *console +(\S+)$/m.exec(center.output)?.[1] ?? '';
    const given = /one-time password (\S+)/.exec(center.output)?.[1] ?? '';
    await chooseOwnPassword(given);
    await install(languages.en, 'OpenKruise');
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await center?.stop();
  });

  async function open(words: Words): Promise<WatchedPage> {
    const watched = await openPage(browser, origin, { locale: words.locale });
    const { page } = watched;
    // Once in each language; after that whoever is signed in goes on.
    if ((await page.locator('#content').count()) === 0) {
      await page.goto('/');
      await page.getByLabel(words.user, { exact: true }).fill('admin');
      await page.getByLabel(words.password, { exact: true }).fill(newPassword);
      await page.getByRole('button', { name: words.signIn, exact: true }).click();
    }
    await page.getByRole('navigation').getByRole('link', { name: words.clusters, exact: true }).click();
    await page.getByRole('link', { name: 'default', exact: true }).click();
    return watched;
  }

  async function chooseOwnPassword(given: string): Promise<void> {
    const { page, faults, close } = await openPage(browser, origin);
    await page.goto('/');
    await page.getByLabel('User', { exact: true }).fill('admin');
    await page.getByLabel('Password', { exact: true }).fill(given);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByLabel('Current password').fill(given);
    await page.getByLabel('New password', { exact: true }).fill(newPassword);
    await page.getByLabel('New password, again').fill(newPassword);
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.getByRole('heading', { name: 'Home' }).waitFor();
    await close();
    expect(faults).toEqual([]);
  }

  async function install(words: Words, component: string): Promise<void> {
    const { page, faults, close } = await open(words);
    await menu(page, words.components);
    await page.getByRole('button', { name: `${words.install}: ${component}` }).click();
    await page.getByRole('button', { name: words.plan }).click();
    await page.getByRole('dialog').getByRole('button', { name: words.install, exact: true }).click();
    await page.waitForURL(/\/tasks\//);
    await page.getByText(words.succeeded).first().waitFor({ timeout: 60_000 });
    await close();
    expect(faults).toEqual([]);
  }

  const kubectl = async (...args: string[]): Promise<string> => (await center.kubectl(args)).output;

  describe.each(Object.entries(languages))('%s', (language, words) => {
    test('a cluster in a central region', async () => {
      const at = Object.keys(languages).indexOf(language);
      const { page, faults, close } = await open(words);
      await page.getByRole('navigation').getByRole('link', { name: words.clusters, exact: true }).click();
      await page.getByRole('button', { name: words.createCluster }).click();
      await page.getByLabel(words.name, { exact: true }).fill(`factory-${language}`);
      await page.getByLabel(words.centralRegion).fill('osaka');
      await page.getByRole('button', { name: words.next, exact: true }).click();
      await page.getByLabel(words.podRange).fill(`10.${60 + at}.0.0/16`);
      await page.getByLabel(words.serviceRange).fill(`10.${70 + at}.0.0/16`);
      await page.getByRole('button', { name: words.next, exact: true }).click();
      await page.getByRole('button', { name: words.create, exact: true }).click();
      await page.waitForURL(/\/tasks\//);
      await page.getByText(words.succeeded).first().waitFor({ timeout: 60_000 });
      // What the task did is told in the language of the page.
      await page.getByText(`${words.podsOf} 10.${60 + at}.0.0/16`).waitFor();
      await close();
      expect(faults).toEqual([]);
    });

    test.skipIf(language === 'en')('a component', () =>
      // OpenKruise is there already.
      install(words, language === 'ja' ? 'Node exporter' : 'Security agent'),
    );

    test('a pool for a region, and a script for its machines', async () => {
      const { page, faults, close } = await open(words);
      await menu(page, words.pools);
      await page.getByRole('button', { name: words.createPool }).first().click();
      await page.getByLabel(words.name, { exact: true }).fill(`osaka-${language}`);
      await page.getByRole('textbox', { name: words.region }).fill('osaka');
      await page.getByRole('button', { name: words.createAndAdd }).click();
      await page.getByRole('button', { name: words.makeScript }).click();
      await page.locator('pre').filter({ hasText: 'skerry' }).waitFor();
      await close();
      expect(faults).toEqual([]);
      expect(
        await kubectl('get', 'nodepool', `osaka-${language}`, '-o', 'jsonpath={.spec.labels}'),
      ).toContain('osaka');
    });

    test('a DaemonSet from an image, and an upgrade of it', async () => {
      const { page, faults, close } = await open(words);
      const name = `agent-${language}`;
      await menu(page, words.daemonSets);
      const namespaces = page.getByRole('combobox', { name: words.namespaces, exact: true });
      await namespaces.fill('default');
      await namespaces.press('Enter');
      await namespaces.press('Escape');
      await page.getByRole('button', { name: words.fromImage }).first().click();
      // Chosen on the page, it is what the wizard begins with; so are the method and the type.
      await expect.poll(() => page.locator('#content input').first().inputValue()).toBe('default');
      const method = page.locator('#content .ant-radio-button-wrapper-checked');
      expect(await method.innerText()).toBe(words.methodImage);
      await page.getByText(words.method, { exact: true }).waitFor();
      await page.getByLabel(words.appName, { exact: true }).fill(name);
      await page.getByLabel(words.type, { exact: true }).waitFor();
      await page.locator('#content .ant-select').getByTitle('DaemonSet', { exact: true }).waitFor();
      await page.getByRole('button', { name: words.next, exact: true }).click();
      await page.getByLabel(words.image, { exact: true }).fill('skerry.io/stand-in/fleet-agent:1.0');
      for (let step = 0; step < 3; step++)
        await page.getByRole('button', { name: words.next, exact: true }).click();
      await page.getByRole('button', { name: words.create, exact: true }).click();
      await page.getByRole('heading', { name }).waitFor();
      expect(await kubectl('get', 'daemonset.apps', name, '-o', 'name')).toBe(`daemonset.apps/${name}\n`);

      await menu(page, words.daemonSets);
      await page.getByRole('button', { name: `${words.edit}: ${name}` }).click();
      await page.getByRole('button', { name: words.next, exact: true }).click();
      await page.getByLabel(words.image, { exact: true }).fill('skerry.io/stand-in/fleet-agent:1.1');
      // A new version of the business, and with it another configuration.
      await page.getByLabel(words.arguments, { exact: true }).fill('--every=30s');
      for (let step = 0; step < 3; step++)
        await page.getByRole('button', { name: words.next, exact: true }).click();
      await page.locator('#content button.ant-btn-primary').last().click();
      await expect
        .poll(() =>
          kubectl(
            'get',
            'daemonset.apps',
            name,
            '-o',
            'jsonpath={.spec.template.spec.containers[0].image} {.spec.template.spec.containers[0].args}',
          ),
        )
        .toBe('skerry.io/stand-in/fleet-agent:1.1 ["--every=30s"]');
      await close();
      expect(faults).toEqual([]);
    });

    test("OpenKruise's DaemonSet from YAML, and an upgrade of it among the resource objects", async () => {
      const { page, faults, close } = await open(words);
      const name = `cache-${language}`;
      await menu(page, words.pods);
      await page.getByRole('button', { name: words.fromYaml }).first().click();
      await page.getByLabel(words.sampleTemplate).click();
      await page.getByTitle(words.custom, { exact: true }).last().click();
      const editor = page.getByRole('textbox', { name: words.yaml });
      await editor.click();
      await page.keyboard.insertText(kruiseDaemonSet(name));
      await page.getByRole('button', { name: words.create, exact: true }).click();
      await expect
        .poll(() => kubectl('get', 'daemonset.apps.kruise.io', name, '-o', 'name'))
        .toBe(`daemonset.apps.kruise.io/${name}\n`);

      await menu(page, words.customResources);
      await page.getByRole('tab', { name: words.resourceObjects }).click();
      const tree = page.getByRole('main').getByRole('navigation');
      const branch = (title: string) =>
        tree
          .getByRole('listitem')
          .filter({ has: page.getByRole('button', { name: title, exact: true }) })
          .last();
      await branch('apps.kruise.io').getByRole('button').first().click();
      const version = branch('v1alpha1').getByRole('button').first();
      if ((await version.getAttribute('aria-expanded')) === 'false') await version.click();
      await branch('v1alpha1').getByRole('button', { name: 'DaemonSet', exact: true }).click();
      await page.getByRole('button', { name: `${words.editYaml}: ${name}` }).click();
      await page.getByText('fleet-agent:1.0').click();
      await page.keyboard.press('End');
      await page.keyboard.press('Backspace');
      await page.keyboard.type('1\nargs: [--every=30s]');
      await page.getByRole('button', { name: words.review, exact: true }).click();
      await page.getByRole('button', { name: words.save, exact: true }).click();
      await expect
        .poll(() =>
          kubectl(
            'get',
            'daemonset.apps.kruise.io',
            name,
            '-o',
            'jsonpath={.spec.template.spec.containers[0].image} {.spec.template.spec.containers[0].args}',
          ),
        )
        .toBe('skerry.io/stand-in/fleet-agent:1.1 ["--every=30s"]');
      await close();
      expect(faults).toEqual([]);
    });
  });
});

async function menu(page: Page, item: string): Promise<void> {
  await page.getByRole('navigation').getByRole('link', { name: item, exact: true }).click();
}

function kruiseDaemonSet(name: string): string {
  return `apiVersion: apps.kruise.io/v1alpha1
kind: DaemonSet
metadata:
  name: ${name}
  namespace: default
spec:
  selector:
    matchLabels:
      app: ${name}
  updateStrategy:
    type: RollingUpdate
    rollingUpdate:
      rollingUpdateType: InPlaceIfPossible
  template:
    metadata:
      labels:
        app: ${name}
    spec:
      containers:
        - name: main
          image: skerry.io/stand-in/fleet-agent:1.0
`;
}
