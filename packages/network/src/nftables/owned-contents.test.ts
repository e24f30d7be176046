import { expect, test } from 'vitest';
import { OwnedContents } from '#nftables/owned-contents.ts';
import { contentChange, type TableContent } from '#nftables/table-content.ts';

const content = (set: string, values: Record<string, string>): TableContent => ({
  chains: {},
  sets: {},
  elements: { [set]: values },
});
function createTable() {
  const contents = new OwnedContents();
  return (owner: string, next: TableContent | undefined) => {
    const { old, next: fresh, conflicts } = contents.change(new Map([[owner, next]]));
    return { lines: contentChange({ family: 'ip', table: 't' }, old, fresh), conflicts };
  };
}

test('an element that two owners share goes with the last of them', () => {
  const set = createTable();
  expect(set('a', content('s', { k: '' })).lines).toEqual(['add element ip t s { k }']);
  expect(set('b', content('s', { k: '' })).lines).toEqual([]);
  expect(set('a', undefined).lines).toEqual([]);
  expect(set('b', undefined).lines).toEqual(['delete element ip t s { k }']);
});

test('of two that want one element differently the first has it, and the second gets it after', () => {
  const set = createTable();
  set('a', content('m', { k: 'goto a' }));
  const second = set('b', content('m', { k: 'goto b', l: 'goto b' }));
  expect(second.lines).toEqual(['add element ip t m { l : goto b }']);
  expect(second.conflicts).toEqual([{ owner: 'b', element: 'm k', holder: 'a' }]);
  expect(set('a', undefined).lines).toEqual([
    'delete element ip t m { k }',
    'add element ip t m { k : goto b }',
  ]);
});

test('one that waits and goes is not served later', () => {
  const set = createTable();
  set('a', content('m', { k: 'goto a' }));
  set('b', content('m', { k: 'goto b' }));
  set('b', undefined);
  expect(set('a', undefined).lines).toEqual(['delete element ip t m { k }']);
});
