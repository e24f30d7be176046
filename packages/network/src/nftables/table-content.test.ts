import { expect, test } from 'vitest';
import { contentChange, type TableContent } from '#nftables/table-content.ts';

const table = { family: 'ip', table: 't' } as const;
const content = (parts: Partial<TableContent>): TableContent => ({
  chains: {},
  sets: {},
  elements: {},
  ...parts,
});
const change = (old: Partial<TableContent>[], next: Partial<TableContent>[]) =>
  contentChange(table, old.map(content), next.map(content));

test('the same content needs no line', () => {
  const same = {
    chains: { a: ['accept'] },
    elements: { m: { k: 'goto a' } },
    sets: { s: 'type ipv4_addr;' },
  };
  expect(change([same], [same])).toEqual([]);
});

test('a new chain is there before the element that leads to it', () => {
  expect(change([], [{ chains: { a: ['accept'] }, elements: { m: { '1 . tcp': 'goto a' } } }])).toEqual([
    'add chain ip t a',
    'add rule ip t a accept',
    'add element ip t m { 1 . tcp : goto a }',
  ]);
});

test('a chain goes after the element that led to it', () => {
  expect(change([{ chains: { a: ['accept'] }, elements: { m: { k: 'goto a' } } }], [])).toEqual([
    'delete element ip t m { k }',
    'flush chain ip t a',
    'delete chain ip t a',
  ]);
});

test('only the chain and the element that differ are said again', () => {
  const old = { chains: { a: ['accept'], b: ['drop'] }, elements: { m: { k: 'goto a', l: 'goto b' } } };
  const next = { chains: { a: ['drop'], b: ['drop'] }, elements: { m: { k: 'goto b', l: 'goto b' } } };
  expect(change([old], [next])).toEqual([
    'add chain ip t a',
    'flush chain ip t a',
    'add rule ip t a drop',
    'delete element ip t m { k }',
    'add element ip t m { k : goto b }',
  ]);
});

test('a set is there before the rule that names it, and goes after it', () => {
  const one = { sets: { s: 'type ipv4_addr;' }, chains: { a: ['update @s { ip saddr }'] } };
  expect(change([], [one])[0]).toBe('add set ip t s { type ipv4_addr; }');
  expect(change([one], []).at(-1)).toBe('delete set ip t s');
});

test('a set that is declared anew is let go of by the rules that name it first', () => {
  const rules = ['ip saddr @s goto b'];
  const old = { sets: { s: 'timeout 1s;' }, chains: { a: rules, b: ['accept'] } };
  const next = { sets: { s: 'timeout 2s;' }, chains: { a: rules, b: ['accept'] } };
  expect(change([old], [next])).toEqual([
    'flush chain ip t a',
    'delete set ip t s',
    'add set ip t s { timeout 2s; }',
    'add rule ip t a ip saddr @s goto b',
  ]);
});

test('many elements go in lines of bounded length', () => {
  const keys = Object.fromEntries(Array.from({ length: 1_201 }, (_, index) => [String(index), '']));
  expect(change([], [{ elements: { s: keys } }])).toHaveLength(3);
});
