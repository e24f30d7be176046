/** Patches that blow up, loop, point nowhere or speak in directives that make no sense. */
import * as fc from 'fast-check';
import { expectHonest } from '../expectations.ts';
import { copied, hostileNames, hostileValue, isContainer, jsonText, Raw } from '../hostile-values.ts';
import { probe, type Probe } from '../probe.ts';
import type { Target } from '../target.ts';
import { samples } from '../samples.ts';

const pointer = fc
  .array(
    fc.constantFrom(
      'metadata',
      'spec',
      'data',
      'labels',
      'annotations',
      'template',
      'containers',
      'a',
      '0',
      '-',
      '-1',
      '00',
      '1e3',
      '~01',
      '~2',
      '9999999999999999',
      ...hostileNames,
    ),
    { maxLength: 6 },
  )
  .map((keys) => keys.map((key) => `/${key}`).join(''));

const operation = fc.record(
  {
    op: fc.constantFrom<unknown>(
      'add',
      'remove',
      'replace',
      'move',
      'copy',
      'copy',
      'test',
      'Add',
      '',
      null,
      1,
    ),
    path: fc.oneof(
      pointer,
      fc.constantFrom('/data', '/data/a', '/metadata/annotations', '/spec', '', '/', 'x'),
    ),
    from: fc.oneof(pointer, fc.constantFrom('/data', '/metadata', '/spec', '')),
    value: hostileValue,
  },
  { requiredKeys: ['op', 'path'] },
);

/** Each copies what is there into itself: the document doubles with every one. */
const doubling = fc.nat({ max: 60 }).map((count) => [
  { op: 'add', path: '/data', value: { a: 'x'.repeat(1000) } },
  ...Array.from({ length: count }, (_, index) => ({
    op: 'copy',
    from: '/metadata',
    path: `/metadata/m${index}`,
  })),
]);
const many = fc
  .constantFrom(100, 5000, 9999, 10_000, 10_001, 100_000)
  .map((count) => Array.from({ length: count }, () => ({ op: 'test', path: '/metadata/name', value: 'p' })));
const shifting = fc
  .constantFrom(10, 9999)
  .map((count) => [
    { op: 'add', path: '/metadata/finalizers', value: Array.from({ length: 50_000 }, () => 'a/b') },
    ...Array.from({ length: count }, () => ({ op: 'add', path: '/metadata/finalizers/0', value: 'a/b' })),
  ]);
const far = fc
  .constantFrom(1000, 500_000)
  .map((length) => [{ op: 'add', path: '/a'.repeat(length), value: 1 }]);

const directive = fc.constantFrom<unknown>(
  { $patch: 'delete' },
  { $patch: 'replace' },
  { $patch: 'merge' },
  { $patch: 'bad' },
  { $patch: null },
  { $patch: {} },
  [{ $patch: 'replace' }],
  [{ $patch: 'delete', name: 'c' }],
  [{ $patch: 'delete' }],
  [{ $patch: 'merge', name: 'c' }],
  [null],
  [{}],
  [[]],
  [{ name: 'c' }, { name: 'c' }, 1],
  { $retainKeys: ['a'] },
  { $retainKeys: 'a' },
  { $retainKeys: [null, {}], a: 1 },
  { '$setElementOrder/containers': [{ name: 'c' }] },
  { '$setElementOrder/containers': [1, null] },
  { '$setElementOrder/': [] },
  { '$setElementOrder/finalizers': ['b', 'a'], finalizers: ['a', 'b'] },
  { '$deleteFromPrimitiveList/finalizers': ['a'] },
  { '$deleteFromPrimitiveList/': ['a'] },
  { '$deleteFromPrimitiveList/finalizers': {} },
  { containers: [{ name: 'c', ports: [{ containerPort: 80, $patch: 'delete' }] }] },
  { containers: [{ name: {}, image: 'x' }] },
  { volumes: [{ name: 'v', $retainKeys: ['name', 'emptyDir'], emptyDir: {} }] },
  Array.from({ length: 3000 }, (_, index) => ({ name: `c${index}` })),
);
const at = fc.constantFrom(
  'spec',
  'metadata',
  'spec.template',
  'spec.template.spec',
  'spec.template.spec.containers',
  'spec.template.spec.volumes',
  'metadata.finalizers',
  'metadata.ownerReferences',
  '',
);
const strategic = fc
  .array(fc.tuple(at, fc.oneof(directive, hostileValue)), { minLength: 1, maxLength: 3 })
  .map((parts) => {
    const patch: Record<string, unknown> = {};
    for (const [path, value] of parts) put(patch, path, copied(value));
    return patch;
  });

function put(patch: Record<string, unknown>, path: string, value: unknown): void {
  if (path === '') {
    if (isContainer(value) && !Array.isArray(value)) Object.assign(patch, value);
    return;
  }
  let holder = patch;
  const keys = path.split('.');
  for (const key of keys.slice(0, -1)) {
    const held = holder[key];
    holder = (isContainer(held) && !Array.isArray(held) ? held : (holder[key] = {})) as Record<
      string,
      unknown
    >;
  }
  holder[keys.at(-1)!] = value;
}

const fieldsV1 = fc.constantFrom<unknown>(
  null,
  [],
  'x',
  {},
  { 'f:metadata': null },
  { 'f:spec': { 'k:{': {} } },
  { 'f:spec': { 'k:{"name":}': {} } },
  { 'f:spec': { 'v:': {} } },
  { 'f:spec': { 'i:-1': {} } },
  { 'f:spec': { 'i:99999999999': {} } },
  { 'f:__proto__': { 'f:polluted': {} } },
  { 'f:spec': { 'k:{"__proto__":1}': { '.': {} } } },
  { 'x:y': {} },
  { '': {} },
  { '.': {} },
  new Raw(`${'{"f:a":'.repeat(150)}{}${'}'.repeat(150)}`),
  Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`f:k${index}`, {}])),
);
const ownership = fc.record({
  entries: fc.array(
    fc.record(
      {
        manager: fc.constantFrom<unknown>('a', '', 'x'.repeat(300), null, '\u0000'),
        operation: fc.constantFrom<unknown>('Apply', 'Update', 'Remove', '', null),
        apiVersion: fc.constantFrom<unknown>('v1', 'apps/v1', 'apps/v9', '', 'x/y/z', null),
        time: fc.constantFrom<unknown>('2026-01-01T00:00:00Z', 'x', null),
        fieldsType: fc.constantFrom<unknown>('FieldsV1', 'FieldsV2', '', null),
        fieldsV1,
        subresource: fc.constantFrom<unknown>('', 'status', 'scale', '__proto__'),
      },
      { requiredKeys: [] },
    ),
    { maxLength: 4 },
  ),
  applied: strategic,
});

const path = '/apis/apps/v1/namespaces/default/deployments/p';

export const patches: readonly Probe[] = [
  probe('a JSON patch of odd operations', fc.array(operation, { maxLength: 6 }), (target, patch) =>
    send(target, 'application/json-patch+json', patch),
  ),
  probe(
    'a JSON patch that blows up',
    fc.oneof(doubling, many, shifting, far),
    (target, patch) => send(target, 'application/json-patch+json', patch),
    { share: 0.2 },
  ),
  probe('a strategic merge patch of odd directives', strategic, (target, patch) =>
    send(target, 'application/strategic-merge-patch+json', patch),
  ),
  probe('an apply of odd fields', strategic, (target, patch) =>
    send(
      target,
      'application/apply-patch+yaml',
      { apiVersion: 'apps/v1', kind: 'Deployment', ...patch },
      '?fieldManager=f&force=true',
    ),
  ),
  probe('managed fields that nobody made', ownership, async (target, { entries, applied }) => {
    await send(target, 'application/merge-patch+json', { metadata: { managedFields: entries } });
    await send(
      target,
      'application/apply-patch+yaml',
      { apiVersion: 'apps/v1', kind: 'Deployment', ...applied },
      '?fieldManager=g',
    );
  }),
];

async function send(target: Target, contentType: string, patch: unknown, query = ''): Promise<void> {
  const { client } = target;
  const object = { metadata: { name: 'p', labels: { app: 'x' } }, ...samples['Deployment'] };
  const made = await client.call({
    method: 'POST',
    path: path.slice(0, -2),
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(object),
  });
  if (made.status !== 201 && made.status !== 409) expectHonest(made);
  expectHonest(
    await client.call({
      method: 'PATCH',
      path: path + query,
      headers: { 'content-type': contentType },
      body: jsonText(patch),
    }),
  );
  const read = await client.call({ path, headers: { accept: 'application/vnd.kubernetes.protobuf' } });
  expectHonest(read);
  expectHonest(await client.call({ method: 'DELETE', path }));
}
