import { expect, test } from 'vitest';
import { staleFlows, type Flows } from '#services/stale-flows.ts';

const flows = (parts: Partial<Flows>): Flows => ({
  family: 'ip',
  port: 53,
  addresses: ['10.96.0.10'],
  nodePort: undefined,
  endpoints: ['10.0.0.1'],
  ...parts,
});
const base = '-D -f ipv4 -p udp';
const removals = (old: Flows[], next: Flows[]) => staleFlows(old, next).map((args) => args.join(' '));

test('an endpoint that goes takes its flows along, at every address of the Service', () => {
  expect(
    removals([flows({ nodePort: 30053 })], [flows({ endpoints: ['10.0.0.2'], nodePort: 30053 })]),
  ).toEqual([
    `${base} --orig-dst 10.96.0.10 --orig-port-dst 53 --dst-nat 10.0.0.1`,
    `${base} --orig-port-dst 30053 --dst-nat 10.0.0.1`,
  ]);
});

test('a Service that goes takes all of its flows along', () => {
  expect(removals([flows({})], [])).toEqual([
    `${base} --orig-dst 10.96.0.10 --orig-port-dst 53 --dst-nat 10.0.0.1`,
  ]);
});

test('flows that found no endpoint are forgotten when there is one', () => {
  const expected = [`${base} --orig-dst 10.96.0.10 --orig-port-dst 53`];
  expect(removals([flows({ endpoints: [] })], [flows({})])).toEqual(expected);
  expect(removals([], [flows({})])).toEqual(expected);
});

test('an endpoint more disturbs no flow', () => {
  expect(removals([flows({})], [flows({ endpoints: ['10.0.0.1', '10.0.0.2'] })])).toEqual([]);
});
