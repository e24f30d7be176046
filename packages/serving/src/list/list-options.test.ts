import { isApiError } from '@skerry/api';
import { expect, test } from 'vitest';
import { parseListOptions } from '#list/list-options.ts';

const parse = (query: string) =>
  parseListOptions(new URLSearchParams(query), { selectableFields: ['spec.nodeName'] });

test.for([
  ['resourceVersionMatch=Exact', 422, 'resourceVersionMatch is forbidden unless resourceVersion is provided'],
  ['resourceVersionMatch=Exact&resourceVersion=0', 422, 'forbidden for resourceVersion "0"'],
  ['resourceVersionMatch=Exact&resourceVersion=1&continue=x', 422, 'forbidden when continue is provided'],
  ['resourceVersionMatch=About&resourceVersion=1', 422, 'Unsupported value: "About"'],
  ['sendInitialEvents=true', 422, 'sendInitialEvents is forbidden for list'],
  [
    'watch=1&sendInitialEvents=true',
    422,
    'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
  ],
  [
    'watch=1&resourceVersionMatch=NotOlderThan',
    422,
    'forbidden for watch unless sendInitialEvents is provided',
  ],
  ['watch=1&sendInitialEvents=true&resourceVersionMatch=Exact', 422, 'Unsupported value: "Exact"'],
  ['resourceVersion=abc', 400, 'resourceVersion: Invalid value: "abc"'],
  ['resourceVersion=-1', 400, 'resourceVersion: Invalid value: "-1"'],
  ['fieldSelector=spec.color%3Dred', 400, 'field label not supported: spec.color'],
  ['labelSelector=a b', 400, "found 'b', expected"],
  ['limit=many', 400, 'strconv.ParseInt: parsing "many": invalid syntax'],
  ['watch=1&continue=x', 422, 'forbidden when continue is provided'],
] as const)('%s is refused', ([query, code, message]) => {
  let error: unknown;
  try {
    parse(query);
  } catch (thrown) {
    error = thrown;
  }
  expect(isApiError(error) && error.code).toBe(code);
  expect(isApiError(error) && error.message).toContain(message);
});

test('a refusal is an Invalid ListOptions, which informers take as a reason to fall back', () => {
  expect(() => parse('watch=1&sendInitialEvents=1')).toThrow(
    /^ListOptions\.meta\.k8s\.io "" is invalid: resourceVersionMatch: Forbidden: /,
  );
});

test('an empty query asks for everything, most recent, without a watch', () => {
  const options = parse('');
  expect(options).toMatchObject({ watch: false, allowWatchBookmarks: false });
  expect(options.limit).toBeUndefined();
  expect(options.resourceVersion).toBeUndefined();
  expect(options.sendInitialEvents).toBeUndefined();
  expect(options.labelSelector.empty && options.fieldSelector.empty).toBe(true);
});

test('a full watch query is understood', () => {
  expect(
    parse(
      'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true' +
        '&resourceVersion=0&timeoutSeconds=300&limit=0',
    ),
  ).toMatchObject({
    watch: true,
    sendInitialEvents: true,
    resourceVersionMatch: 'NotOlderThan',
    allowWatchBookmarks: true,
    resourceVersion: 0,
    timeoutSeconds: 300,
    limit: undefined,
  });
});

test('a watch from nowhere begins with everything', () => {
  for (const query of ['watch=1', 'watch=1&resourceVersion=0'])
    expect(parse(query)).toMatchObject({ sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' });
  expect(parse('watch=1&resourceVersion=5').sendInitialEvents).toBeUndefined();
});
