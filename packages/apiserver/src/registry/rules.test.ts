import { builtinKinds, builtinSchemas, type AnyObject } from '@skerry/api';
import { expect, test } from 'vitest';
import type { Served } from '#registry/kind-table.ts';
import { withoutNulls } from '#registry/rules.ts';

const info = builtinKinds.find(({ kind }) => kind === 'ConfigMap')!;
const served = { info, schemas: builtinSchemas, custom: false } as Served;

test('a stored object loses its nulls and keeps everything else, whatever its keys are', () => {
  const text = '{"data":{"a":"x","b":null,"__proto__":"y"},"list":[{"c":null},1],"metadata":{"labels":null}}';
  const object = JSON.parse(text) as AnyObject;
  const copy = withoutNulls(served, object);
  expect(JSON.stringify(copy)).toBe('{"data":{"a":"x","__proto__":"y"},"list":[{},1],"metadata":{}}');
  expect(JSON.stringify(object)).toBe(text);
});
