/** The catalogue and tasks over the console's server, by people of several roles. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@skerry/base';
import { eventually } from '@skerry/base/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Catalogue } from '#components/catalogue.ts';
import { componentDefinition } from '#components/component.ts';
import { componentRoutes } from '#components/component-routes.ts';
import { ComponentService } from '#components/component-service.ts';
import { componentTask, type ComponentTaskOptions } from '#components/component-tasks.ts';
import type { ComponentEntry, ComponentPlan, Task as TaskView } from '#contract/index.ts';
import type { Route } from '#http/route.ts';
import { installDefinitions } from '#management/install.ts';
import { centerResources } from '#management/resources.ts';
import { type Task, taskDefinition } from '#tasks/task.ts';
import { taskRoutes } from '#tasks/task-routes.ts';
import { TaskRunner } from '#tasks/task-runner.ts';
import { type Browser, signedIn, startTestCenter, type TestCenter } from '#testing/start-test-center.ts';

const folder = mkdtempSync(join(tmpdir(), 'skerry-catalogue-'));
const stop = new AbortController();
let center: TestCenter;
let running: Promise<void>;
const people: Record<string, Browser> = {};

/** Routes know people, who are there only once the server is: until then they stand for themselves. */
function late(routes: () => readonly Route[], shape: readonly Route[]): Route[] {
  return shape.map((route, index) => ({
    ...route,
    handle: (request) => routes()[index]?.handle(request) ?? Promise.reject(new Error('no such route')),
  }));
}

beforeAll(async () => {
  mkdirSync(join(folder, 'greeter/1.0.0/manifests'), { recursive: true });
  writeFileSync(join(folder, 'greeter/1.0.0/component.yaml'), 'title: Greeter\ndescription: For tests.\n');
  writeFileSync(
    join(folder, 'greeter/1.0.0/manifests/all.yaml'),
    'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: greeting, namespace: default }\n',
  );
  let routes: readonly Route[] = [];
  const shape = [
    ...componentRoutes({} as never),
    ...taskRoutes({ client: { resource: () => ({}) } } as never),
  ];
  center = await startTestCenter({ routes: late(() => routes, shape) });
  const { management: client, cluster } = center;
  await installDefinitions(client, [componentDefinition, taskDefinition], { clock: systemClock });
  const options: ComponentTaskOptions = {
    client,
    catalogue: new Catalogue({ folder, builtIn: {} }),
    // Closed by whoever asked for it, which this one must outlive.
    adminClient: () => Promise.resolve({ ...bound(cluster), close: () => undefined }),
    clock: systemClock,
    log: silentLogger,
  };
  const tasks = new TaskRunner({ ...options, kinds: { component: componentTask(options) } });
  running = tasks.run(stop.signal);
  const service = new ComponentService(options, () => tasks.wake());
  const { access } = center.people;
  const task = (name: string) => client.resource<Task>(centerResources.tasks).get(name);
  routes = [...componentRoutes({ service, access, task }), ...taskRoutes({ client, access })];
  for (const role of ['admin', 'ops', 'dev'] as const)
    people[role] = await signedIn(center, `a-${role}`, [{ role }]);
  people['nobody'] = await signedIn(center, 'nobody', []);
});

afterAll(async () => {
  stop.abort(new Error('done'));
  await running.catch(() => undefined);
  await center.close();
  rmSync(folder, { recursive: true });
});

function bound(client: TestCenter['cluster']): TestCenter['cluster'] {
  return {
    resource: (ref) => client.resource(ref),
    request: (method, path, options) => client.request(method, path, options),
    as: (userAgent) => client.as(userAgent),
    close: () => undefined,
  };
}

const components = '/api/clusters/edge/components';

async function ask(who: string, method: string, path: string, body?: unknown) {
  const browser = people[who];
  if (!browser) throw new Error(`nobody is called ${who}`);
  const { status, text } = await browser.ask(method, path, body);
  return { status, json: JSON.parse(text) as unknown };
}

describe('components of a cluster', () => {
  test('are listed to who may see them, and not there for who knows nothing of the cluster', async () => {
    const listed = await ask('ops', 'GET', components);
    expect(listed.status).toBe(200);
    expect((listed.json as ComponentEntry[]).map(({ name }) => name)).toEqual(['greeter']);
    expect((await ask('nobody', 'GET', components)).status).toBe(404);
  });

  test('are installed by who may, as a task in their name, and planned before', async () => {
    const plan = await ask('ops', 'POST', `${components}/greeter`, { action: 'install', dryRun: true });
    expect((plan.json as ComponentPlan).changes).toMatchObject([
      { object: 'ConfigMap default/greeting', change: 'create' },
    ]);
    const refused = await ask('dev', 'POST', `${components}/greeter`, { action: 'install' });
    expect(refused.status).toBe(403);
    const installed = await ask('ops', 'POST', `${components}/greeter`, { action: 'install' });
    expect(installed.status).toBe(202);
    const { id, user } = installed.json as TaskView;
    expect(user).toBe('skerry:a-ops');
    await eventually(async () => {
      const { json } = await ask('ops', 'GET', `/api/tasks/${id}`);
      expect((json as TaskView).state).toBe('succeeded');
    });
    expect(((await ask('ops', 'GET', components)).json as ComponentEntry[])[0]?.installed?.state.tone).toBe(
      'ok',
    );
    expect((await ask('nobody', 'GET', `/api/tasks/${id}`)).status).toBe(404);
    expect((await ask('nobody', 'GET', '/api/tasks')).json).toEqual([]);
  });

  test.each([
    [{ action: 'install' }, 409],
    [{ action: 'explode' }, 400],
    [{ action: 'configure', values: { unknown: 1 } }, 422],
    [{ action: 'upgrade', version: '9.9.9' }, 404],
    [{ action: 'configure', values: [] }, 400],
  ])('refuse %o with %i', async (body, status) => {
    expect((await ask('admin', 'POST', `${components}/greeter`, body)).status).toBe(status);
  });
});
