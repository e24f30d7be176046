import { systemClock } from '@skerry/base';
import { eventually } from '@skerry/base/testing';
import { resources } from '@skerry/client';
import { bootstrapSecretName, parseJoinToken, recordTokenUse } from '@skerry/pki';
import type { Secret } from '@skerry/api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JoinScript } from '#contract/streams.ts';
import { definition } from '#management/definition.ts';
import { installDefinitions } from '#management/install.ts';
import { type Owner, peopleResources } from '#people/kinds.ts';
import { type Browser, signedIn, startTestCenter, type TestCenter } from '#testing/start-test-center.ts';

let center: TestCenter;
let ops: Browser;
let member: Browser;
let stranger: Browser;
const path = '/api/clusters/edge/join-scripts';
const namespace = 'kube-system';

beforeAll(async () => {
  center = await startTestCenter();
  const any = { type: 'object' } as const;
  const pools = definition({
    ref: resources.nodePools,
    description: '',
    spec: any,
    status: any,
    columns: [],
  });
  await installDefinitions(center.cluster, [pools], { clock: systemClock });
  const pool = { metadata: { name: 'osaka' }, spec: {} };
  await center.cluster.resource(resources.nodePools).create(pool);
  const owners = center.management.resource<Owner>(peopleResources.owners);
  await owners.create({
    metadata: { name: 'retail' },
    spec: { members: [{ kind: 'User', name: 'member' }] },
  });
  await owners.create({ metadata: { name: 'bank' }, spec: {} });
  ops = await signedIn(center, 'oscar', [{ role: 'ops' }]);
  member = await signedIn(center, 'member', [{ role: 'restricted', namespaces: ['default'] }]);
  stranger = await signedIn(center, 'stranger', [{ role: 'dev' }]);
  await eventually(async () => {
    const answer = await ops.ask('POST', path, { ...wanted, owner: 'bank', uses: 1 });
    if (answer.status !== 201) throw new Error(answer.text);
    await ops.ask('DELETE', `${path}/${String(answer.body['id'])}`);
  });
});

afterAll(() => center.close());

const wanted = { pool: 'osaka', ttl: 3600, uses: 2 };
const list = async (browser: Browser) => JSON.parse((await browser.ask('GET', path)).text) as JoinScript[];

test('a script holds a token for its pool and owner, for the terminal of a machine', async () => {
  const { status, body } = await member.ask('POST', path, { ...wanted, owner: 'retail' });
  const made = body as unknown as JoinScript;
  expect(status).toBe(201);
  expect(made).toMatchObject({ pool: 'osaka', owner: 'retail', usesLeft: 2, nodes: [] });
  const [line, token, end] = made.script?.split('\n') ?? [];
  expect(line).toBe(
    "curl -fsSk --pinnedpubkey 'sha256//cGlu' https://edge.example.com:6443/join.sh -o skerry-join.sh && sh skerry-join.sh --pool osaka --token-file /dev/stdin <<'END'",
  );
  expect(end).toBe('END');
  expect(parseJoinToken(token ?? '').id).toBe(made.id);
  const secrets = center.cluster.resource<Secret>(resources.secrets);
  const secret = await secrets.get(bootstrapSecretName(made.id), { namespace });
  expect(Buffer.from(secret.data?.['owner'] ?? '', 'base64').toString()).toBe('retail');

  await center.cluster.resource(resources.nodes).create({ metadata: { name: 'edge-1' } });
  await secrets.update({ ...secret, data: recordTokenUse(secret.data ?? {}, 'edge-1') });
  const [shown] = await list(member);
  expect(shown).toMatchObject({ id: made.id, usesLeft: 1, nodes: [{ name: 'edge-1' }] });
  expect(JSON.stringify(shown)).not.toContain(parseJoinToken(token ?? '').secret);
});

test('people see and revoke what is their own, operators all', async () => {
  const bank = (await ops.ask('POST', path, { ...wanted, owner: 'bank' })).body as unknown as JoinScript;
  expect((await list(member)).map(({ owner }) => owner)).toEqual(['retail']);
  expect(new Set((await list(ops)).map(({ owner }) => owner))).toEqual(new Set(['bank', 'retail']));
  expect(await list(stranger)).toEqual([]);
  expect((await member.ask('DELETE', `${path}/${bank.id}`)).status).toBe(404);
  expect((await stranger.ask('DELETE', `${path}/${bank.id}`)).status).toBe(404);
  expect((await ops.ask('DELETE', `${path}/../secrets`)).status).toBe(400);
  expect((await ops.ask('DELETE', `${path}/${bank.id}`)).status).toBe(204);
  expect((await list(ops)).map(({ owner }) => owner)).toEqual(['retail']);
});

test.each<[string, () => Browser, object, number]>([
  ['by somebody without the right', () => stranger, wanted, 403],
  ['by a member for another owner', () => member, { ...wanted, owner: 'bank' }, 403],
  ['by a member for nobody', () => member, wanted, 403],
  ['for an owner that is not there', () => ops, { ...wanted, owner: 'none' }, 404],
  ['for a pool that is not there', () => ops, { ...wanted, pool: 'none' }, 404],
  ['for a pool that a shell would read', () => ops, { ...wanted, pool: 'a;id' }, 400],
  ['for more than seven days', () => ops, { ...wanted, ttl: 8 * 24 * 3600 }, 400],
  ['for no machine', () => ops, { ...wanted, uses: 0 }, 400],
])('none is made %s', async (_what, who, body, status) => {
  expect((await who().ask('POST', path, body)).status).toBe(status);
});
