import { expect, test } from 'vitest';
import { addMachine, type UpState } from './up-state.ts';

const machine = (name: string, index = 0) => ({ name, region: 'east', pool: 'east', gpus: 0, index });
const state = (machines: UpState['machines']): UpState => ({
  id: '0a1b',
  subnet: 1,
  runtime: 'simulated',
  regions: ['east'],
  machines,
});

test('a machine takes the first free place of its region', () => {
  const { machine: added } = addMachine(state([machine('a', 0), machine('c', 2)]), machine('b'));
  expect(added.index).toBe(1);
});

test('a name is taken once, and a region has no more machines than addresses', () => {
  expect(() => addMachine(state([machine('a')]), machine('a'))).toThrow('named a already; choose another');
  const full = Array.from({ length: 200 }, (_, index) => machine(`m-${index}`, index));
  expect(() => addMachine(state(full), machine('more'))).toThrow('200 machines in a region');
});
