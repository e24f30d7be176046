import { afterEach, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '#testing/start-test-server.ts';

let server: TestServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

test('a test server serves the built-in kinds and the namespaces every cluster has', async () => {
  server = await startTestServer();
  const response = await fetch(`${server.url}/api/v1/namespaces`);
  const list = (await response.json()) as { items: { metadata: { name: string } }[] };
  expect(list.items.map(({ metadata }) => metadata.name)).toEqual([
    'default',
    'kube-node-lease',
    'kube-public',
    'kube-system',
  ]);
});

test('an object that was created is read back with its revision', async () => {
  server = await startTestServer();
  const url = `${server.url}/api/v1/namespaces/default/configmaps`;
  const created = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ metadata: { name: 'a' }, data: { x: '1' } }),
  });
  expect(created.status).toBe(201);
  const object = (await created.json()) as { metadata: { resourceVersion: string } };
  const read = (await (await fetch(`${url}/a`)).json()) as object;
  expect(read).toEqual(object);
});
