import type { AnyObject } from '@skerry/api';
import { expect, onTestFinished, test } from 'vitest';
import { createAdmissionChain } from '#admission/chain.ts';
import type { AdmissionPlugin } from '#admission/plugin.ts';
import { allowAll } from '#security.ts';
import { callerOf, type Caller } from '#testing/caller.ts';
import { startTestServer } from '#testing/start-test-server.ts';

const pods = '/api/v1/namespaces/default/pods';
const merge = { contentType: 'application/merge-patch+json' };

async function serverWith(mutate: (spec: Record<string, unknown>) => void): Promise<Caller> {
  const plugin: AdmissionPlugin = {
    name: 'Test',
    mutate(ctx) {
      if (ctx.operation === 'UPDATE') mutate(ctx.object!.spec as Record<string, unknown>);
    },
  };
  const server = await startTestServer({
    security: (parts) => ({ ...allowAll(parts), admission: createAdmissionChain([plugin]) }),
  });
  onTestFinished(() => server.close());
  const call = callerOf(server.url);
  const pod = { metadata: { name: 'a' }, spec: { containers: [{ name: 'c', image: 'busybox' }] } };
  expect((await call('POST', pods, pod)).status).toBe(201);
  return call;
}

const patched = (call: Caller, patch: object) => call('PATCH', `${pods}/a`, patch, merge);

test('what admission does to a part that the request left alone gets its defaults', async () => {
  const toleration = { key: 'gone', tolerationSeconds: 5, effect: 'NoExecute', operator: '', value: '' };
  const call = await serverWith((spec) => (spec['tolerations'] = [toleration]));
  const { status, body } = await patched(call, { metadata: { labels: { a: 'b' } } });
  expect(status).toBe(200);
  expect((body.spec as AnyObject)['tolerations']).toEqual([
    { key: 'gone', effect: 'NoExecute', tolerationSeconds: 5 },
  ]);
  expect(body.metadata?.generation).toBe(2);
});

test('what admission does to a part that the request left alone is judged', async () => {
  const call = await serverWith((spec) => (spec['restartPolicy'] = 'Never'));
  const { status, body } = await patched(call, { metadata: { labels: { a: 'b' } } });
  expect(status).toBe(422);
  expect(body.message).toContain('pod updates may not change fields other than');
  expect(((await call('GET', `${pods}/a`)).body.spec as AnyObject)['restartPolicy']).toBe('Always');
});

test('a patch of the metadata leaves the rest, and whose it is, as they were', async () => {
  const call = await serverWith(() => undefined);
  const before = (await call('GET', `${pods}/a`)).body;
  const { body } = await patched(call, { metadata: { annotations: { note: 'x' } } });
  expect({ ...body, metadata: undefined }).toEqual({ ...before, metadata: undefined });
  expect(body.metadata?.generation).toBe(before.metadata?.generation);
  const fields = body.metadata?.managedFields?.map(({ fieldsV1 }) => Object.keys(fieldsV1 ?? {}));
  expect(fields).toEqual([['f:metadata', 'f:spec']]);
});
