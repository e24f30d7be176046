/** Components from the catalogue into a real API server, with another for the center's own objects. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { silentLogger, sleep, systemClock } from '@skerry/base';
import { eventually } from '@skerry/base/testing';
import { startTestServer, type TestServer } from '@skerry/apiserver/testing';
import { type ApiClient, createClient, createHttpTransport, resources } from '@skerry/client';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Catalogue } from '#components/catalogue.ts';
import {
  type Component,
  componentDefinition,
  componentLabel,
  componentObjectName,
} from '#components/component.ts';
import { ComponentController } from '#components/component-controller.ts';
import { ComponentService } from '#components/component-service.ts';
import { componentTask } from '#components/component-tasks.ts';
import { installDefinitions } from '#management/install.ts';
import { sayingText } from '#contract/index.ts';
import { centerResources } from '#management/resources.ts';
import { type Task, taskDefinition } from '#tasks/task.ts';
import { TaskRunner } from '#tasks/task-runner.ts';

const folder = mkdtempSync(join(tmpdir(), 'skerry-catalogue-'));

function file(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

const described = (title: string, more = '') => `title: ${title}
description: For tests.
values:
  type: object
  properties:
    greeting: { type: string, default: hello, maxLength: 20 }
    pools: { type: array, default: [], items: { type: object, properties: { name: { type: string } } } }
${more}`;

const configMap = (name: string) => `apiVersion: v1
kind: ConfigMap
metadata: { name: ${name}, namespace: tools }
data: { greeting: '{{ values.greeting }} from {{ cluster }} {{ version }}' }
`;

const definition = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: gadgets.test.example.com }
spec:
  group: test.example.com
  scope: Namespaced
  names: { plural: gadgets, singular: gadget, kind: Gadget, listKind: GadgetList }
  versions:
    - name: v1
      served: true
      storage: true
      schema: { openAPIV3Schema: { type: object, x-kubernetes-preserve-unknown-fields: true } }
---
apiVersion: test.example.com/v1
kind: Gadget
metadata: { name: first, namespace: tools }
`;

const namespace = 'apiVersion: v1\nkind: Namespace\nmetadata: { name: tools }\n---\n';

beforeAll(() => {
  file('greeter/1.9.0/component.yaml', described('Greeter'));
  file('greeter/1.9.0/manifests/all.yaml', `${namespace}${configMap('greeting')}---\n${configMap('old')}`);
  file('greeter/1.10.0/component.yaml', described('Greeter'));
  file('greeter/1.10.0/manifests/all.yaml', `${namespace}${configMap('greeting')}---\n${configMap('new')}`);
  file('greeter/2.0.0/component.yaml', described('Greeter'));
  // Its second object is refused by every API server.
  file('greeter/2.0.0/manifests/all.yaml', `${namespace}${configMap('broken')}---\n${configMap('No_Name')}`);
  file('gadgets/1.0.0/component.yaml', described('Gadgets', 'ownResources: []\n'));
  file('gadgets/1.0.0/manifests/all.yaml', `${namespace}${definition}`);
  file('upon/1.0.0/component.yaml', described('Upon', 'requires: [greeter]\n'));
  file('upon/1.0.0/manifests/all.yaml', configMap('upon'));
});
afterAll(() => rmSync(folder, { recursive: true }));

let management: TestServer;
let cluster: TestServer;
let client: ApiClient;
let there: ApiClient;
let service: ComponentService;
let stop: AbortController;

const clientOf = ({ url }: TestServer) =>
  createClient({ transport: createHttpTransport({ server: url }), userAgent: 'test', clock: systemClock });

beforeEach(async () => {
  [management, cluster] = await Promise.all([startTestServer(), startTestServer()]);
  client = clientOf(management);
  there = clientOf(cluster);
  await installDefinitions(client, [componentDefinition, taskDefinition], { clock: systemClock });
  stop = new AbortController();
  const options = {
    client,
    catalogue: new Catalogue({ folder, builtIn: {} }),
    adminClient: () => Promise.resolve(clientOf(cluster)),
    clock: systemClock,
    log: silentLogger,
  };
  const tasks = new TaskRunner({ ...options, kinds: { component: componentTask(options) } });
  service = new ComponentService(options, () => tasks.wake());
  const controller = new ComponentController({ ...options, onTask: () => tasks.wake() });
  const running = [tasks.run(stop.signal), controller.run(stop.signal)];
  return async () => {
    stop.abort(new Error('done'));
    await Promise.allSettled(running);
    client.close();
    there.close();
    await Promise.all([management.close(), cluster.close()]);
  };
});

type Given = Partial<Parameters<ComponentService['start']>[0]>;

async function act(component: string, given: Given): Promise<Task> {
  const request = { cluster: 'osaka', component, action: 'install' as const, ...given };
  const name = await service.start(request, 'ann');
  return eventually(async () => {
    const task = await client.resource<Task>(centerResources.tasks).get(name);
    if (!task.status?.ended) throw new Error(`${name} goes on: ${JSON.stringify(task.status)}`);
    return task;
  });
}

async function configMaps(): Promise<Record<string, string>> {
  const { items } = await there.resource(resources.configMaps).list({ namespace: 'tools' });
  return Object.fromEntries(
    items
      .filter(({ metadata }) => metadata?.labels?.[componentLabel])
      .map((item) => [item.metadata?.name, (item as { data?: { greeting: string } }).data?.greeting]),
  ) as Record<string, string>;
}

const component = (name: string) =>
  client.resource<Component>(centerResources.components).get(componentObjectName('osaka', name));

test('the newest version is offered first, by number', async () => {
  expect((await service.entries('osaka')).map(({ name, versions }) => [name, versions[0]])).toEqual([
    ['gadgets', '1.0.0'],
    ['greeter', '2.0.0'],
    ['upon', '1.0.0'],
  ]);
});

describe('a component', () => {
  test('is installed with its values, upgraded with what is no longer part of it removed, and removed', async () => {
    const installed = await act('greeter', { version: '1.9.0', values: { greeting: 'hi' } });
    expect(installed.status?.state).toBe('succeeded');
    expect(installed.spec.user).toBe('ann');
    expect(await configMaps()).toEqual({ greeting: 'hi from osaka 1.9.0', old: 'hi from osaka 1.9.0' });

    const plan = await service.plan({
      cluster: 'osaka',
      component: 'greeter',
      action: 'upgrade',
      version: '1.10.0',
    });
    expect(plan.refused).toEqual([]);
    expect(plan.changes.map(({ object, change }) => `${change} ${object}`)).toEqual([
      'update ConfigMap tools/greeting',
      'create ConfigMap tools/new',
      'delete ConfigMap tools/old',
    ]);
    expect(plan.changes[0]?.diff).toContain(
      '-   greeting: hi from osaka 1.9.0\n+   greeting: hi from osaka 1.10.0',
    );
    expect(await configMaps()).toHaveProperty('old');

    expect((await act('greeter', { action: 'upgrade', version: '1.10.0' })).status?.state).toBe('succeeded');
    expect(await configMaps()).toEqual({ greeting: 'hi from osaka 1.10.0', new: 'hi from osaka 1.10.0' });

    await act('greeter', { action: 'configure', values: {} });
    expect((await configMaps())['greeting']).toBe('hello from osaka 1.10.0');

    expect((await act('greeter', { action: 'remove' })).status?.state).toBe('succeeded');
    expect(await configMaps()).toEqual({});
    await expect(component('greeter')).rejects.toThrow(/not found/);
  });

  test('whose installation fails is taken back whole, and it is said what failed', async () => {
    const task = await act('greeter', { version: '2.0.0' });
    expect(task.status?.state).toBe('rolled-back');
    expect(task.status?.message).toMatch(/objects applied: ConfigMap tools\/No_Name: .*No_Name/);
    expect(await configMaps()).toEqual({});
    expect((await component('greeter')).status).toMatchObject({
      phase: 'Failed',
      objects: [],
      conditions: [{ type: 'Ready', status: 'False', reason: 'RolledBack' }],
    });
  });

  test('whose upgrade fails is again what it was', async () => {
    await act('greeter', { version: '1.10.0' });
    const before = await configMaps();
    expect((await act('greeter', { action: 'upgrade', version: '2.0.0' })).status?.state).toBe('rolled-back');
    expect(await configMaps()).toEqual(before);
    expect((await component('greeter')).status?.installed?.version).toBe('1.10.0');
  });

  test('is not removed while objects of its definitions exist, with the list', async () => {
    expect((await act('gadgets', {})).status?.state).toBe('succeeded');
    const gadgets = there.resource({
      group: 'test.example.com',
      version: 'v1',
      kind: 'Gadget',
      resource: 'gadgets',
      namespaced: true,
    });
    await gadgets.create({ metadata: { name: 'mine', namespace: 'default' } });
    const { refused } = await service.plan({ cluster: 'osaka', component: 'gadgets', action: 'remove' });
    expect(sayingText(refused)).toContain('gadgets.test.example.com default/mine is still there');
    const task = await act('gadgets', { action: 'remove' });
    expect(task.status?.state).toBe('failed');
    expect(task.status?.message).toMatch(/gadgets\.test\.example\.com default\/mine is still there/);
    await gadgets.delete('mine', { namespace: 'default' });
    await gadgets.delete('first', { namespace: 'tools' });
    expect((await act('gadgets', { action: 'remove' })).status?.state).toBe('succeeded');
  });

  test('is installed only where what it requires is, and keeps that from being removed', async () => {
    const alone = await act('upon', {});
    expect(alone.status?.message).toMatch(/upon requires greeter; install it first/);
    await act('greeter', { version: '1.9.0' });
    expect((await act('upon', {})).status?.state).toBe('succeeded');
    expect((await act('greeter', { action: 'remove' })).status?.message).toMatch(/upon requires it/);
  });

  test('takes over nothing that is not its own', async () => {
    await there.resource(resources.namespaces).create({ metadata: { name: 'tools' } });
    const mine = { metadata: { name: 'greeting', namespace: 'tools' }, data: { greeting: 'mine' } };
    await there.resource<typeof mine>(resources.configMaps).create(mine);
    const task = await act('greeter', { version: '1.9.0' });
    expect(task.status?.state).toBe('failed');
    expect(task.status?.message).toMatch(
      /ConfigMap tools\/greeting is there already and not of this component/,
    );
    expect(await configMaps()).toEqual({});
  });

  test.each([
    [{ greeting: 'x'.repeat(21) }, /values\.greeting/],
    [{ greeting: 1 }, /values\.greeting/],
    [{ salutation: 'hi' }, /unknown: salutation/],
  ])('refuses values that its schema does not allow: %o', async (values, why) => {
    await expect(act('greeter', { values })).rejects.toThrow(why);
  });
});

test('an installation goes on after the center ended in its middle', async () => {
  stop.abort(new Error('killed'));
  const name = await service.start(
    { cluster: 'osaka', component: 'greeter', version: '1.9.0', action: 'install' },
    'ann',
  );
  const options = {
    client,
    catalogue: new Catalogue({ folder, builtIn: {} }),
    adminClient: () => Promise.resolve(clientOf(cluster)),
    clock: systemClock,
    log: silentLogger,
  };
  const kind = componentTask(options);
  const steps = kind.steps({ kind: 'component', title: '', user: '', input: { action: 'apply' } });
  // Each step ends the process once before it is done, and once after it was done but before that was written down.
  for (const [index] of steps.entries()) {
    for (const when of ['before', 'after'] as const) {
      const killed = new AbortController();
      const runner = new TaskRunner({
        ...options,
        kinds: {
          component: {
            ...kind,
            steps: (spec) =>
              kind.steps(spec).map((step, at) => ({
                title: step.title,
                async run(context) {
                  if (at === index && when === 'after') await step.run(context);
                  if (at === index) {
                    killed.abort(new Error('killed'));
                    throw new Error('the process ended');
                  }
                  return step.run(context);
                },
              })),
          },
        },
      });
      await runner.run(killed.signal).catch(() => undefined);
    }
  }
  const last = new AbortController();
  const running = new TaskRunner({ ...options, kinds: { component: kind } }).run(last.signal);
  await eventually(async () => {
    const { status } = await client.resource<Task>(centerResources.tasks).get(name);
    expect(status?.state).toBe('succeeded');
    expect(status?.ended).toBeDefined();
  });
  last.abort(new Error('done'));
  await running.catch(() => undefined);
  expect(await configMaps()).toHaveProperty('greeting', 'hello from osaka 1.9.0');
  await sleep(systemClock, 0);
});
