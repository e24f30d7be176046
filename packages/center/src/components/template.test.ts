import { describe, expect, test } from 'vitest';
import { fillTemplate } from '#components/template.ts';

const scope = {
  version: '1.2',
  values: {
    port: 9100,
    name: 'cache',
    on: true,
    off: false,
    none: [],
    labels: { a: 'b' },
    pools: [
      { name: 'osaka', size: 1 },
      { name: 'kyoto', size: 2 },
    ],
    hostile: '"}\nevil: true\n{{ values.port }}',
  },
};

describe('a template', () => {
  test.each([
    ['a value keeps its type', { port: '{{ values.port }}' }, [{ port: 9100 }]],
    ['a number as text', { env: '{{ text.values.port }}' }, [{ env: '9100' }]],
    ['a list as JSON', { data: '{{ json.values.none }}' }, [{ data: '[]' }]],
    ['a value within a text', { image: 'x:{{ version }}' }, [{ image: 'x:1.2' }]],
    ['a whole mapping', { labels: '{{ values.labels }}' }, [{ labels: { a: 'b' } }]],
    ['what is not given is left out', { a: 1, b: '{{ values.missing }}' }, [{ a: 1 }]],
    ['a document by condition', { $if: 'values.off', kind: 'X' }, []],
    ['an empty list is no condition', { $if: 'values.none', kind: 'X' }, []],
    [
      'an element by condition',
      {
        list: [
          { $if: 'values.on', a: 1 },
          { $if: 'values.off', a: 2 },
        ],
      },
      [{ list: [{ a: 1 }] }],
    ],
    [
      'a document for each element',
      { $each: 'values.pools', $as: 'pool', name: 'x-{{ pool.name }}', size: '{{ pool.size }}' },
      [
        { name: 'x-osaka', size: 1 },
        { name: 'x-kyoto', size: 2 },
      ],
    ],
  ])('%s', (_, template, expected) => {
    expect(fillTemplate(template, scope)).toEqual(expected);
  });

  test('what a value holds stays a text, whatever it looks like', () => {
    expect(fillTemplate({ a: '{{ values.hostile }}' }, scope)).toEqual([{ a: scope.values.hostile }]);
  });

  test.each([
    ['an unknown name', { a: '{{ secrets.x }}' }, /there is no secrets here/],
    ['a mapping within a text', { a: 'x{{ values.labels }}' }, /no text, number or boolean/],
    ['a condition at a value', { a: { $if: 'values.on' } }, /can only stand in a document/],
    ['a loop over no list', { $each: 'values.port', $as: 'x' }, /no list/],
  ])('%s is refused', (_, template, why) => {
    expect(() => fillTemplate(template, scope)).toThrow(why);
  });

  test.each(['values.constructor', 'values.__proto__', 'values.name.length'])('%s leads nowhere', (path) => {
    expect(fillTemplate({ a: `{{ ${path} }}` }, scope)).toEqual([{}]);
  });
});
