import type { AnyObject, FieldError } from '@skerry/api';
import { expect, test } from 'vitest';
import { deviceHooks } from '#devices/device-expressions.ts';

const hooks = new Map(deviceHooks);

function faults(resource: string, spec: object, own: FieldError[] = [], old?: AnyObject): string[] {
  const object = { metadata: { name: 'x' }, spec };
  return hooks.get(`resource.k8s.io/${resource}`)!.faults!(object, own, old).map(
    ({ path, message }) => `${path}: ${message.split('\n')[0]}`,
  );
}

const selectors = (...expressions: string[]) => expressions.map((expression) => ({ cel: { expression } }));
const at = 'spec.selectors[0].cel.expression';

test.each<[string, string[]]>([
  ['device.driver == "x"', []],
  ['device.allowMultipleAllocations', []],
  ['device.attributes["a"].b', []],
  ['device.attributes["a"].v.isGreaterThan(semver("1.0.0"))', []],
  ['device.attributes["a"].x.matches("^(a+)+$")', []],
  ['device.capacity["a"].b.isGreaterThan(quantity("1Gi"))', []],
  ['cel.bind(dra, device.attributes["x"], dra.a && dra.b)', []],
  ['1', [`${at}: Invalid value: "1": must evaluate to bool or the unknown type, not int`]],
  [
    'device.foo',
    [`${at}: Invalid value: "device.foo": compilation failed: ERROR: <input>:1:7: undefined field 'foo'`],
  ],
  [
    'device.attributes.exists(a, device.attributes.exists(b, device.attributes.exists(c, device.attributes.exists(d, a == b && c == d))))',
    [`${at}: Forbidden: too complex, exceeds cost limit`],
  ],
])('a class that selects by %s is judged as a stock server does', (expression, expected) => {
  expect(faults('deviceclasses', { selectors: selectors(expression) })).toEqual(expected);
});

test('a class that keeps its selectors is not asked about them again', () => {
  const spec = { selectors: selectors('nonsense') };
  expect(faults('deviceclasses', spec, [], { metadata: { name: 'x' }, spec })).toEqual([]);
});

test("an expression's fault stands among the others where its request does", () => {
  const request = (name: string, expression: string) => ({
    name,
    exactly: { deviceClassName: 'c', selectors: selectors(expression) },
  });
  const spec = { devices: { requests: [request('A', '1'), request('b', '2'), request('C', 'true')] } };
  const own = ['[0].name', '[2].name'].map((place): FieldError => ({
    reason: 'FieldValueInvalid',
    path: `spec.devices.requests${place}`,
    message: 'bad',
  }));
  expect(faults('resourceclaims', spec, own).map((text) => text.split(':')[0])).toEqual([
    'spec.devices.requests[0].name',
    'spec.devices.requests[0].exactly.selectors[0].cel.expression',
    'spec.devices.requests[1].exactly.selectors[0].cel.expression',
    'spec.devices.requests[2].name',
  ]);
});
