/**
 * The console before a real cluster of real machines behind NAT, click by click: a GPU from another region, logs and a terminal,
 * a line that is cut while one watches, a cluster that the center hosts, a component; what each role is offered and refused; and
 * what a page of somebody else's, or names and lines full of markup, can do. One cluster serves all of it.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@skerry/base/testing';
import { paths } from '@skerry/center/contract';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  canRunContainers,
  Cluster,
  freePort,
  kubectlProgram,
  root,
  run,
  soonSilent,
} from '../../support/cluster.ts';
import { goTo, hasBrowser, launchBrowser, openPage, settled, signIn } from '../support/browser.ts';
import { accessTable, elsewhere, offersOfRows, roles, type Role } from './access-table.ts';
import { startAttacker } from './attacker.ts';
import { ConsoleClient } from './console-client.ts';
import { languages } from './words.ts';

const password = 'quiet otters read seven books';
const patient = { timeoutMs: 120_000, everyMs: 300 };
/** A state as it stands in a row: its mark, then its word. */
const state = (word: string) => new RegExp(`^\\W?${word}$`);
const example = (name: string) => join(root, 'examples', name);

describe.skipIf(!hasBrowser || !canRunContainers())('before a real cluster', { timeout: 240_000 }, () => {
  let cluster: Cluster;
  let browser: Browser;
  let origin: string;
  let folder: string;
  const clients = new Map<Role, ConsoleClient>();

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'skerry-console-'));
    [cluster, browser] = await Promise.all([
      // A browser finds the center again at the port that it knew.
      Cluster.start({
        runtime: 'containerd',
        regions: ['east', 'west'],
        flags: soonSilent,
        consolePort: await freePort(),
      }),
      launchBrowser(),
    ]);
    origin = /^ *console +(\S+)$/m.exec(cluster.output)?.[1] ?? '';
    const given = /one-time password (\S+)/.exec(cluster.output)?.[1] ?? '';
    await cluster.kubectlOk('apply', '-f', example('agent-daemonset.yaml'));
    await cluster.kubectlOk('create', 'namespace', 'spare');
    const admin = newClient();
    await admin.signIn('admin', given);
    await admin.changePassword(given, password);
    clients.set('admin', admin);
    for (const role of roles) if (role !== 'admin') clients.set(role, await person(admin, role));
    await cluster.kubectlOk('rollout', 'status', 'daemonset/fleet-agent', '--timeout=120s');
  }, 300_000);

  afterAll(async () => {
    await browser?.close();
    await cluster?.stop();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  const newClient = () => new ConsoleClient({ origin, dataDirectory: cluster.dataDirectory });

  /** Somebody of the role's own name, who has it in all clusters. */
  async function person(admin: ConsoleClient, role: Role): Promise<ConsoleClient> {
    await admin.stepUp(password);
    const made = await admin.ask(paths.users, { method: 'POST', body: { name: role } });
    const given = (JSON.parse(made.text) as { password: string }).password;
    const granted = await admin.ask(paths.management('apis/center.skerry.io/v1/grants'), {
      method: 'POST',
      body: {
        apiVersion: 'center.skerry.io/v1',
        kind: 'Grant',
        metadata: { name: `everywhere-${role}` },
        spec: { subject: { kind: 'User', name: role }, role, cluster: '*' },
      },
    });
    expect(granted.status).toBe(201);
    const client = newClient();
    await client.signIn(role, given);
    await client.changePassword(given, password);
    return client;
  }

  async function open(path: string, user: Role = 'admin', locale = 'en') {
    const watched = await openPage(browser, origin, { acceptDownloads: true, locale });
    watched.page.setDefaultTimeout(60_000);
    await signIn(watched.page, { path, user, password, origin });
    return watched;
  }

  async function prove(page: Page): Promise<void> {
    const proof = page.getByRole('dialog').filter({ hasText: 'Confirm that it is you' });
    await proof.locator('input[type="password"]').fill(password);
    await proof.getByRole('button', { name: 'Continue' }).click();
  }

  /** As five minutes after signing in, which counts as a proof: the first ticket is refused until there is a fresh one. */
  async function aged(page: Page): Promise<void> {
    await page.route(`**${paths.tickets}`, (route) =>
      route.request().postData()?.includes('"exec"')
        ? route.fulfill({ status: 403, json: { kind: 'Status', reason: 'StepUpRequired', code: 403 } })
        : route.continue(),
    );
    page.on('response', (response) => {
      if (response.url().endsWith(paths.stepUp) && response.ok()) void page.unroute(`**${paths.tickets}`);
    });
  }

  test('logs and a terminal of a pod behind NAT, after a proof of who sits there', async () => {
    const { page, faults, close } = await open('/c/default/resources/pods?namespace=default&pool=east');
    const row = page.getByRole('row', { name: /fleet-agent/ }).first();
    await row.getByRole('button', { name: 'Logs' }).click();
    await page.getByRole('log').getByText('on east-1').first().waitFor();
    await aged(page);
    await row.getByRole('button', { name: 'Terminal' }).click();
    await prove(page);
    const terminal = page.getByTestId('terminal');
    await terminal.click();
    await expect
      .poll(
        async () => {
          // What was typed before the shell listened may have left it within a quote.
          await page.keyboard.press('Control+C');
          await page.keyboard.type('echo "behind-$((20+22))-$NODE_NAME"\n');
          return terminal.innerText();
        },
        { timeout: 60_000, interval: 2000 },
      )
      .toContain('behind-42-east-1');
    await close();
    expect(faults).toEqual([]);
  });

  describe.each(Object.entries(languages))('%s', (language, words) => {
    const name = language === 'en' ? 'tensorflow-mnist' : `tensorflow-mnist-${language}`;
    const machine = `guangzhou-${language}-gpu`;

    test('a GPU that no region has comes with a machine of another region, and the same pod runs on it', async () => {
      const { page, faults, close } = await open('/c/default/resources/pods', 'admin', words.locale);
      await page.getByRole('button', { name: words.fromYaml }).first().click();
      await page.getByLabel(words.sampleTemplate).click();
      await page.getByTitle(words.custom, { exact: true }).last().click();
      await page.getByRole('textbox', { name: words.yaml }).click();
      const manifest = readFileSync(example('tensorflow-mnist.yaml'), 'utf8');
      await page.keyboard.insertText(manifest.replaceAll(/tensorflow-mnist$/gm, name));
      await page.getByRole('button', { name: words.create, exact: true }).click();
      await page.getByText(words.inTheCluster).waitFor();

      await page.getByRole('link', { name: 'GPU', exact: true }).click();
      const waiting = page.getByRole('row', { name: new RegExp(`${name}-[a-z0-9]+-[a-z0-9]+`) });
      await waiting.getByText(/^0\/(\d) nodes are available: \1 Insufficient nvidia\.com\/gpu\./).waitFor();
      const pod = await firstPod(name);

      const addNodes = waiting.getByRole('link', { name: words.addNodes });
      const createPool = waiting.getByRole('button', { name: words.createPool });
      await addNodes.or(createPool).first().waitFor();
      // Once there are such machines, their pool is offered.
      if (await addNodes.isVisible()) await addNodes.click();
      else {
        await createPool.click();
        await page.getByLabel(words.name, { exact: true }).fill('guangzhou');
        await page.getByRole('textbox', { name: words.region }).fill('guangzhou');
        await page.getByRole('button', { name: words.createAndAdd }).click();
      }
      await page.getByRole('button', { name: words.makeScript }).click();
      const script = await page.locator('pre').filter({ hasText: '--token-file' }).innerText();
      await addMachine(machine, /<<'END'\n(\S+)\n/.exec(script)?.[1] ?? '');
      await page
        .getByRole('row', { name: new RegExp(machine) })
        .getByText(state(words.ready))
        .waitFor();
      await page.getByText(words.noScriptWaits).waitFor();

      await goTo(page, `/c/default/resources/pods/default/${pod}`);
      await page.getByText(state(words.running)).first().waitFor();
      await page.getByRole('link', { name: machine }).first().waitFor();
      expect(
        await podOf(
          name,
          'custom-columns=NAME:.metadata.name,NODE:.spec.nodeName,RESTARTS:.status.containerStatuses[0].restartCount',
        ),
      ).toMatch(new RegExp(`^${pod} +${machine} +0\\n$`));
      await close();
      expect(faults).toEqual([]);
    });
  });

  const firstPod = async (app: string): Promise<string> =>
    (await podOf(app, 'jsonpath={.items[0].metadata.name}')).trim();
  const podOf = (app: string, output: string): Promise<string> =>
    cluster.kubectlOk('get', 'pods', '-l', `app=${app}`, '--no-headers', '-o', output);

  /** As the line of the script, pasted on a machine of that region. */
  async function addMachine(name: string, token: string): Promise<void> {
    const file = join(folder, 'token');
    writeFileSync(file, token, { mode: 0o600 });
    const place = ['--region', 'guangzhou', '--data-dir', cluster.dataDirectory];
    const added = await cluster.skerry([
      'up',
      'machine',
      'add',
      name,
      '--gpus',
      '1',
      '--token-file',
      file,
      ...place,
    ]);
    expect(added.errors + added.output).toContain(name);
    expect(added.code).toBe(0);
  }

  test('what is watched says that a line is cut, and that it is mended; and goes on when the center is started anew', async () => {
    const { page, faults, close } = await open('/c/default/nodes?pool=west');
    const row = page.getByRole('row', { name: /west-1/ });
    const mark = page.getByText('Live', { exact: true }).first();
    await row.getByText(state('Ready')).waitFor();
    await mark.waitFor();
    setLine('west', 'down');
    try {
      await row.getByText(state('(Disconnected|Autonomous)')).first().waitFor({ timeout: 120_000 });
    } finally {
      setLine('west', 'up');
    }
    await row.getByText(state('Ready')).waitFor({ timeout: 120_000 });

    const center = Object.entries(await cluster.processes()).find(([name]) => /center/.test(name));
    process.kill(center?.[1] ?? 0, 'SIGSTOP');
    process.kill(center?.[1] ?? 0, 'SIGKILL');
    await page
      .getByText(/Stale for|Not connected/)
      .first()
      .waitFor();
    await row.waitFor();
    await mark.waitFor({ timeout: 120_000 });
    await close();
    // That the line to the center broke is told; it was broken on purpose.
    expect(faults.filter((fault) => !/WebSocket|ERR_CONNECTION|502|Failed to load/.test(fault))).toEqual([]);
  });

  test('a cluster of its own is made by clicks, and its kubeconfig works', async () => {
    const { page, faults, close } = await open('/clusters');
    await page.getByRole('button', { name: 'Create cluster' }).click();
    await page.getByLabel('Name', { exact: true }).fill('factory');
    await page.getByLabel('Central region').fill('osaka');
    await page.getByTitle('1.36', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByLabel('Pod CIDR block').fill('10.60.0.0/16');
    await page.getByLabel('Service CIDR block').fill('10.60.128.0/20');
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByText('It overlaps the pod CIDR block.').waitFor();
    await page.getByLabel('Service CIDR block').fill('10.61.0.0/16');
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await page.waitForURL(/\/tasks\//);
    await page.getByText(state('Succeeded')).first().waitFor({ timeout: 120_000 });
    await page.getByRole('navigation').getByRole('link', { name: 'Clusters', exact: true }).click();
    const row = page.getByRole('row', { name: /factory/ });
    await row.getByText(state('Running')).waitFor();
    const downloaded = page.waitForEvent('download');
    const given = page.waitForResponse((response) => response.url().endsWith('/factory/kubeconfig'));
    await row.getByRole('button', { name: /Download kubeconfig/ }).click();
    expect(await (await given).text()).toContain('client-certificate-data');
    const kubeconfig = join(folder, 'factory.kubeconfig');
    await (await downloaded).saveAs(kubeconfig);
    const kubectl = (...args: string[]) =>
      run(kubectlProgram, ['--kubeconfig', kubeconfig, ...args], { env: cluster.environment });
    expect((await kubectl('create', 'namespace', 'made-here')).output).toBe('namespace/made-here created\n');
    expect((await kubectl('auth', 'whoami')).output).toContain('skerry:admin');
    expect(await cluster.kubectlOk('get', 'namespaces')).not.toContain('made-here');
    await close();
    expect(faults).toEqual([]);
  });

  test('a component is installed, and its pods run in every region', async () => {
    const { page, faults, close } = await open('/c/default/components');
    await page.getByRole('button', { name: 'Install: OpenKruise' }).click();
    await page.getByRole('button', { name: 'Show what would change' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Install', exact: true }).click();
    await page.waitForURL(/\/tasks\//);
    await page.getByText(state('Succeeded')).first().waitFor({ timeout: 120_000 });
    await cluster.kubectlOk('apply', '-f', example('kruise-daemonset.yaml'));
    await goTo(page, '/c/default/custom-resources?tab=objects&type=apps.kruise.io/v1alpha1/daemonsets');
    await page
      .getByRole('row', { name: /default/ })
      .first()
      .waitFor();
    await close();
    expect(faults).toEqual([]);
  });

  describe('each role', () => {
    test('is answered by every route as the table says', async () => {
      const table = accessTable({ node: 'east-1' });
      const covered = new Set([...table.map(({ route }) => route), ...elsewhere]);
      expect(Object.keys(paths).filter((route) => !covered.has(route as keyof typeof paths))).toEqual([]);
      const wrong: string[] = [];
      for (const role of roles) {
        const client = clients.get(role) as ConsoleClient;
        await client.stepUp(password);
        for (const { method = 'GET', path, body, type, may } of table) {
          const answer = await client.ask(path, {
            method,
            ...(body === undefined ? {} : { body }),
            ...(type ? { headers: { 'content-type': type } } : {}),
          });
          const isAllowed = answer.status !== 401 && answer.status !== 403;
          if (isAllowed !== may.includes(role) || answer.status >= 500)
            wrong.push(`${role}: ${method} ${path}: ${answer.status} ${answer.text.slice(0, 160)}`);
        }
      }
      expect(wrong).toEqual([]);
    });

    const forgeries: readonly Readonly<Record<string, string>>[] = [
      { origin: 'https://elsewhere.example' },
      { 'x-csrf-token': '' },
    ];

    test('and nobody else, nor another origin, nor a session without its token', async () => {
      const wrong: string[] = [];
      const admin = clients.get('admin') as ConsoleClient;
      for (const { method = 'GET', path, body } of accessTable({ node: 'east-1' })) {
        const asked = { method, ...(body === undefined ? {} : { body }) };
        const nobody = await admin.send(path, { ...asked, headers: { origin } });
        if (nobody.status !== 401) wrong.push(`nobody: ${method} ${path}: ${nobody.status}`);
        if (method === 'GET') continue;
        for (const headers of forgeries) {
          const forged = await admin.ask(path, { ...asked, headers });
          if (forged.status !== 403)
            wrong.push(`forged: ${method} ${path}: ${forged.status} ${forged.text.slice(0, 80)}`);
        }
      }
      expect(wrong).toEqual([]);
    });

    const offered: readonly (readonly [path: string, button: RegExp, readonly Role[]])[] = [
      ['/clusters', /Create cluster$/, ['admin']],
      ['/clusters', /Import cluster$/, ['admin']],
      ['/clusters', /^Download kubeconfig: default$/, [...roles]],
      ['/c/default/pools', /Create edge node pool$/, ['admin', 'ops']],
      ['/c/default/pools', /^Edit: east$/, ['admin', 'ops']],
      ['/c/default/nodes', /^Cordon: east-1$/, ['admin', 'ops']],
      ['/c/default/components', /^Install: /, ['admin', 'ops']],
      [
        '/c/default/resources/daemonsets.apps?namespace=default',
        /^Edit: fleet-agent$/,
        ['admin', 'ops', 'dev'],
      ],
      [
        '/c/default/resources/daemonsets.apps?namespace=default',
        /Create from image$/,
        ['admin', 'ops', 'dev'],
      ],
      [
        '/c/default/resources/daemonsets.apps?namespace=default',
        /^Restart: fleet-agent$/,
        ['admin', 'ops', 'dev'],
      ],
      ['/c/default/resources/pods?namespace=default', /^Terminal/, ['admin', 'ops', 'dev']],
      ['/c/default/resources/pods?namespace=default', /^Logs/, [...roles]],
      ['/users', /Add user$/, ['admin']],
      ['/owners', /Add owner$/, ['admin']],
      ['/providers', /Add provider$/, ['admin']],
      ['/grants', /Grant a role$/, ['admin']],
    ];

    test.each(roles)('%s is offered what it may do, and no more', async (role) => {
      const fleetPod = await firstPod('fleet-agent');
      const { page, faults, close } = await open('/', role);
      const wrong: string[] = [];
      for (const [path, name, may] of offered) {
        await goTo(page, path);
        const buttons = page.locator('#content').getByRole('button', { name });
        const isOffered = async (): Promise<boolean> =>
          (await buttons.count()) > 0 && (await buttons.first().isEnabled());
        const isRight = await eventually(async () => expect(await isOffered()).toBe(may.includes(role)), {
          timeoutMs: 15_000,
          everyMs: 100,
        }).then(
          () => true,
          () => false,
        );
        if (!isRight) wrong.push(`${path}: ${name.source} is ${may.includes(role) ? 'missing' : 'offered'}`);
      }
      for (const { path, name, offers } of offersOfRows({ node: 'east-1', pool: 'east', pod: fleetPod })) {
        await goTo(page, path);
        const expected = Object.entries(offers).flatMap(([title, may]) =>
          may?.includes(role) ? [title] : [],
        );
        let found: readonly string[] = [];
        await eventually(
          async () => expect((found = await offersOf(page, name))).toEqual(expected.toSorted()),
          { timeoutMs: 15_000, everyMs: 100 },
        ).catch(() =>
          wrong.push(`${path}: ${name} offers ${found.join()}, not ${expected.toSorted().join()}`),
        );
      }
      await close();
      expect([...wrong, ...faults]).toEqual([]);
    });
  });

  /** What can be done with a row: what stands in it and what is behind "More". */
  async function offersOf(page: Page, name: string): Promise<string[]> {
    const content = page.locator('#content');
    const inRow = await page.evaluate<string[]>(
      `[...document.querySelectorAll('#content button:enabled')]
        .map((button) => button.ariaLabel ?? '')
        .filter((label) => label.endsWith(${JSON.stringify(`: ${name}`)}))
        .map((label) => label.split(': ')[0])`,
    );
    const more = content.getByRole('button', { name: `More for ${name}`, exact: true });
    if ((await more.count()) === 0) return inRow.toSorted();
    await more.click();
    const menu = page.getByRole('menu').filter({ visible: true });
    await menu.waitFor();
    const behind = await menu.getByRole('menuitem').allInnerTexts();
    await page.keyboard.press('Escape');
    await menu.waitFor({ state: 'hidden' });
    return [...inRow, ...behind].toSorted();
  }

  test('names, notes, descriptions and lines full of markup are words', async () => {
    const markup = '<img src=x onerror="window.stolen=1"><script>window.stolen=1</script>';
    const apply = (object: object) =>
      cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(object) });
    const made = [
      await apply({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: {
          name: '<img src=x onerror=window.stolen=1>',
          annotations: { 'note.example.com/a': markup },
        },
        rules: [],
      }),
      await apply({
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: 'traps.attack.example' },
        spec: {
          group: 'attack.example',
          names: { kind: 'Trap', plural: 'traps', singular: 'trap' },
          scope: 'Namespaced',
          versions: [
            {
              name: 'v1',
              served: true,
              storage: true,
              schema: {
                openAPIV3Schema: {
                  type: 'object',
                  description: markup,
                  properties: {
                    spec: {
                      type: 'object',
                      description: markup,
                      properties: { bait: { type: 'string', description: markup } },
                    },
                  },
                },
              },
              additionalPrinterColumns: [
                { name: markup, type: 'string', jsonPath: '.spec.bait', description: markup },
              ],
            },
          ],
        },
      }),
      await apply({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'trap', namespace: 'default', annotations: { 'note.example.com/a': markup } },
        spec: {
          restartPolicy: 'Never',
          terminationGracePeriodSeconds: 1,
          containers: [
            {
              name: 'main',
              image: 'skerry.io/stand-in/fleet-agent:1.0',
              command: ['sh', '-c', `echo '${markup.replaceAll("'", '')}'; sleep 600`],
            },
          ],
        },
      }),
    ];
    expect(made.map(({ errors }) => errors).join('')).toBe('');
    await eventually(async () => {
      const trap = {
        apiVersion: 'attack.example/v1',
        kind: 'Trap',
        metadata: { name: 'one', namespace: 'default' },
        spec: { bait: markup },
      };
      expect((await apply(trap)).code).toBe(0);
    }, patient);
    await cluster.kubectlOk('wait', '--for=condition=Ready', 'pod/trap', '--timeout=90s');
    const { page, faults, close } = await open(
      '/c/default/resources/clusterroles.rbac.authorization.k8s.io?q=stolen',
    );
    await page.getByText('<img src=x onerror=window.stolen=1>').first().waitFor();
    await page.getByRole('link', { name: /<img src=x/ }).click();
    await page.getByRole('heading', { name: /<img src=x/ }).waitFor();
    await settled(page);
    for (const path of [
      '/c/default/custom-resources/traps.attack.example',
      '/c/default/resources/traps.attack.example',
      '/c/default/resources/traps.attack.example/default/one/yaml',
      '/c/default/resources/pods/default/trap',
      '/c/default/events',
    ])
      await goTo(page, path);
    await goTo(page, '/c/default/resources/pods?namespace=default&q=trap');
    await page.getByRole('button', { name: /^Logs/ }).first().click();
    await page.getByRole('log').getByText('window.stolen=1').first().waitFor();
    expect(await page.evaluate<unknown>('window.stolen')).toBeUndefined();
    await close();
    expect(faults).toEqual([]);
  });

  test("somebody else's page makes no request, opens no stream and shows no frame of the console", async () => {
    const attacker = await startAttacker();
    try {
      const { page, close } = await open('/');
      await page.context().grantPermissions([]);
      const evil = await page.context().newPage();
      await evil.goto(attacker.origin);
      const seen: string[] = [];
      evil.on('response', (response) => {
        if (response.url().startsWith(origin))
          seen.push(`${response.request().method()} ${response.status()}`);
      });
      const done = await evil.evaluate<Record<string, string>>(`(async () => {
        const target = ${JSON.stringify(origin)};
        const body = JSON.stringify({ name: 'mallory' });
        const attempt = (url, options) => fetch(target + url, { credentials: 'include', ...options }).then((answer) => answer.type + ' ' + answer.status, () => 'refused');
        const socket = (path, protocols) => new Promise((resolve) => {
          const made = new WebSocket(target.replace('https', 'wss') + path, protocols);
          made.onopen = () => resolve('open');
          made.onclose = () => resolve('closed');
        });
        return {
          json: await attempt('/api/users', { method: 'POST', headers: { 'content-type': 'application/json' }, body }),
          text: await attempt('/api/users', { method: 'POST', mode: 'no-cors', headers: { 'content-type': 'text/plain' }, body }),
          read: await attempt('/api/home', {}),
          live: await socket('/api/live?ticket=guess'),
          exec: await socket('/api/clusters/default/exec?namespace=default&pod=trap&ticket=guess', ['v5.channel.k8s.io']),
        };
      })()`);
      expect(done).toMatchObject({ json: 'refused', read: 'refused', live: 'closed', exec: 'closed' });
      expect(
        seen.filter((answer) => answer.startsWith('POST')).every((answer) => answer === 'POST 403'),
      ).toBe(true);
      await evil.evaluate(`{
        const frame = document.createElement('iframe');
        frame.name = 'inner';
        frame.src = ${JSON.stringify(origin)} + '/';
        frame.onload = () => (document.body.dataset.framed = 'yes');
        document.body.append(frame);
      }`);
      await evil.locator('body[data-framed]').waitFor();
      const inner = evil.frames().find((frame) => frame.name() === 'inner');
      expect(
        await inner
          ?.locator('#root')
          .count()
          .catch(() => 0),
      ).toBe(0);
      // A form is sent as a page of its own, with the cookies of whoever is signed in.
      const answered = evil.waitForResponse((response) => response.request().method() === 'POST');
      await evil.evaluate(`{
        const form = document.createElement('form');
        form.method = 'POST'; form.enctype = 'text/plain'; form.action = ${JSON.stringify(origin)} + '/api/users';
        const field = document.createElement('input');
        field.name = '{"name":"mallory","x":"'; field.value = '"}';
        form.append(field); document.body.append(form); form.submit();
      }`);
      expect((await answered).status()).toBe(403);
      expect(
        (await cluster.skerry(['user', 'list', '--data-dir', cluster.dataDirectory])).output,
      ).not.toContain('mallory');
      await evil.close();
      await close();
    } finally {
      await attacker.close();
    }
  });

  /** Takes the region's router off the net between the regions, or puts it back. */
  function setLine(region: string, state: 'up' | 'down'): void {
    const { id, regions } = JSON.parse(readFileSync(join(cluster.dataDirectory, 'up.json'), 'utf8')) as {
      id: string;
      regions: string[];
    };
    const result = spawnSync('ip', ['link', 'set', `sk${id}u${regions.indexOf(region)}`, state]);
    if (result.status !== 0) throw new Error(String(result.stderr));
  }
});
