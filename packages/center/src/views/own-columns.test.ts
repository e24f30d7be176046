import { describe, expect, test } from 'vitest';
import type { ApiClient } from '@skerry/client';
import type { Item } from '#cache/item.ts';
import { checkedOwnColumns, fieldColumns, FieldReader, labelColumns } from '#views/own-columns.ts';

const deployments = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  resource: 'deployments',
  namespaced: true,
};
const secrets = { group: '', version: 'v1', kind: 'Secret', resource: 'secrets', namespaced: true };

const web = {
  metadata: { name: 'web', annotations: { 'example.com/note': 'spare' } },
  spec: { replicas: 0, template: { spec: { containers: [{ image: 'a:1' }, { image: 'b:2' }] } } },
  data: { password: 'c2VjcmV0' },
  type: 'Opaque',
};

function reading(objects: Readonly<Record<string, object>>): { client: ApiClient; asked: string[] } {
  const asked: string[] = [];
  const get = async (name: string) => {
    asked.push(name);
    const object = objects[name];
    if (!object) throw new Error('forbidden');
    return object;
  };
  return { client: { resource: () => ({ get }) } as unknown as ApiClient, asked };
}

const item = (name: string, resourceVersion = '1', labels = {}): Item => ({
  metadata: { name, namespace: 'shop', uid: name, resourceVersion, labels },
  cells: [],
});

describe("columns of one's own", () => {
  test.each([
    ['annotation:example.com/note', 'spare'],
    ["field:.metadata.annotations['example.com/note']", 'spare'],
    ['field:.spec.replicas', '0'],
    ['field:.spec.template.spec.containers[1].image', 'b:2'],
    ['field:.spec.template.spec.containers[*].image', 'a:1, b:2'],
    ['field:.spec.template.spec.containers[0]', '{"image":"a:1"}'],
    ['field:.spec.nothing.there', null],
    ['field:.constructor.name', null],
  ])('%s is read of the object', async (column, expected) => {
    const { client } = reading({ web });
    const wanted = checkedOwnColumns([column]);
    expect(await new FieldReader().read(client, { ref: deployments, items: [item('web')], wanted })).toEqual([
      [expected],
    ]);
  });

  test('are read again only where the object has changed, and are empty where it can not be read', async () => {
    const { client, asked } = reading({ web });
    const reader = new FieldReader();
    const wanted = ['label:app', 'field:.spec.replicas'];
    const read = (items: readonly Item[]) => reader.read(client, { ref: deployments, items, wanted });
    expect(await read([item('web'), item('hidden')])).toEqual([['0'], [null]]);
    await read([item('web'), item('hidden')]);
    expect(asked).toEqual(['web', 'hidden']);
    await read([item('web', '2')]);
    expect(asked).toEqual(['web', 'hidden', 'web']);
  });

  test('show nothing of what a Secret keeps', async () => {
    const { client } = reading({ web });
    const wanted = ['field:.data.password', 'field:.type'];
    expect(await new FieldReader().read(client, { ref: secrets, items: [item('web')], wanted })).toEqual([
      [null, 'Opaque'],
    ]);
  });

  test('of labels are sorted by, others are not', () => {
    const wanted = ['label:app', 'annotation:a'];
    const [label] = labelColumns(wanted);
    expect(label).toMatchObject({ id: 'label:app', title: 'app', sortable: true });
    expect(label?.derive(item('web', '1', { app: 'shop' }), {} as never)).toBe('shop');
    expect(fieldColumns(wanted)).toMatchObject([{ id: 'annotation:a', title: 'a', sortable: false }]);
  });

  test.each([
    ['no list', 'label:a'],
    ['a script', ['field:.a[?(@.b)]']],
    ['a kind that is none', ['status:x']],
    ['nothing after the kind', ['label:']],
    ['too many', Array.from({ length: 9 }, (_, index) => `label:${index}`)],
    ['something long', [`label:${'a'.repeat(301)}`]],
  ])('%s is refused', (_, value) => {
    expect(() => checkedOwnColumns(value)).toThrow(/columns: /);
  });
});
