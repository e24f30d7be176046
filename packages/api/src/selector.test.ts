import { describe, expect, it } from 'vitest';
import {
  everything,
  labelSelectorFrom,
  nothing,
  parseFieldSelector,
  parseLabelSelector,
  selectorFromLabels,
} from '#selector.ts';

describe('label selectors', () => {
  it.each<[selector: string, labels: Record<string, string>, matches: boolean]>([
    ['', {}, true],
    ['a=1', { a: '1' }, true],
    ['a==1', { a: '1' }, true],
    ['a=1', { a: '2' }, false],
    ['a=', { a: '' }, true],
    ['a=', {}, false],
    ['a!=1', {}, true],
    ['a!=1', { a: '1' }, false],
    ['a', { a: '' }, true],
    ['!a', { a: '' }, false],
    ['!a', {}, true],
    ['a in (1, 2)', { a: '2' }, true],
    ['a in (1,2)', {}, false],
    ['a notin (1,2)', {}, true],
    ['a notin (1,2)', { a: '2' }, false],
    ['a in (,x)', { a: '' }, true],
    ['a in ()', { a: '' }, true],
    ['in in (in)', { in: 'in' }, true],
    ['a>5', { a: '6' }, true],
    ['a>5', { a: '5' }, false],
    ['a<5', { a: 'x' }, false],
    ['a=1,b notin (x),!c', { a: '1', b: 'y' }, true],
    ['constructor', {}, false],
    ['example.com/a = b', { 'example.com/a': 'b' }, true],
  ])('%j over %j is %s', (selector, labels, matches) => {
    expect(parseLabelSelector(selector).matches(labels)).toBe(matches);
  });

  it.each([
    ['a,', "found '', expected: identifier after ','"],
    ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    [',a', "found ',', expected: !, identifier, or 'end of string'"],
    ['a in x', "unable to parse requirement: found 'x' expected: '('"],
    ['a in (x', "unable to parse requirement: found '', expected: ',' or ')'"],
    ['a=b=c', "found '=', expected: ',' or 'end of string'"],
    ['!', "unable to parse requirement: found '', expected: identifier"],
    ['a===b', "unable to parse requirement: found '=', expected: identifier"],
  ])('%j is refused: %s', (text, message) => {
    expect(() => parseLabelSelector(text)).toThrow(message);
  });

  it('names the faulty key or value as kube-apiserver does', () => {
    expect(() => parseLabelSelector('-a=b')).toThrow(
      /^unable to parse requirement: <nil>: Invalid value: "-a": name part must consist of alphanumeric/,
    );
    expect(() => parseLabelSelector('-a(')).toThrow(/"-a": name part must consist/);
    expect(() => parseLabelSelector(`a=${'x'.repeat(64)}`)).toThrow(/must be no more than 63 bytes/);
    expect(() => parseLabelSelector('a<-x')).toThrow(
      /\[values\[0\]: Invalid value: "-x": for 'Gt', 'Lt' operators, .* integer, values\[0\]\[a\]: Invalid value/,
    );
  });

  it('has one canonical text whatever the order', () => {
    expect(parseLabelSelector('b in (y,x,x), a==1,!c').text).toBe('a=1,b in (x,y),!c');
  });

  it('tells which pairs an index can be asked for', () => {
    expect([...parseLabelSelector('a=1,b in (x),c in (x,y),d').exact]).toEqual([
      ['a', '1'],
      ['b', 'x'],
    ]);
  });

  it('comes from LabelSelector objects, missing matching nothing and empty everything', () => {
    expect(labelSelectorFrom(undefined)).toBe(nothing);
    expect(labelSelectorFrom({}).matches({ a: '1' })).toBe(true);
    expect(everything.empty).toBe(true);
    const selector = labelSelectorFrom({
      matchLabels: { app: 'web' },
      matchExpressions: [{ key: 'tier', operator: 'In', values: ['a', 'b'] }],
    });
    expect(selector.text).toBe('app=web,tier in (a,b)');
    expect(selector.matches({ app: 'web', tier: 'b' })).toBe(true);
    expect(selectorFromLabels({ app: 'web' }).matches({ app: 'db' })).toBe(false);
    expect(() =>
      labelSelectorFrom({ matchExpressions: [{ key: 'a', operator: 'Gt', values: ['1'] }] }),
    ).toThrow('"Gt" is not a valid label selector operator');
  });
});

describe('field selectors', () => {
  it('knows =, ==, != and escapes', () => {
    const selector = parseFieldSelector('spec.nodeName=n1,status.phase!=Failed,a==x\\,y\\=z\\\\');
    expect(selector.requirements).toEqual([
      { field: 'a', operator: '=', value: 'x,y=z\\' },
      { field: 'spec.nodeName', operator: '=', value: 'n1' },
      { field: 'status.phase', operator: '!=', value: 'Failed' },
    ]);
    expect(parseFieldSelector(selector.text).requirements).toEqual(selector.requirements);
    expect(selector.exact('spec.nodeName')).toBe('n1');
    expect(selector.exact('status.phase')).toBeUndefined();
  });

  it('compares an unset field as the empty text', () => {
    expect(parseFieldSelector('spec.nodeName=').matches(() => '')).toBe(true);
    expect(parseFieldSelector('spec.nodeName!=').matches(() => '')).toBe(false);
  });

  it.each([
    ['a', "invalid selector: 'a'; can't understand 'a'"],
    ['a=b=c', 'invalid field selector: unescaped character in value: 61'],
    ['a=b\\x', 'invalid field selector: invalid escape sequence: \\x'],
  ])('%j is refused: %s', (text, message) => {
    expect(() => parseFieldSelector(text)).toThrow(message);
  });
});
