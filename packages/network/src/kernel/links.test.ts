import { expect, test } from 'vitest';
import { refusalsOf } from '#kernel/links.ts';

test('each command that the kernel refused is told with its words', () => {
  const errors = [
    'RTNETLINK answers: File exists',
    'Command failed -:2',
    'Error: Nexthop has invalid gateway.',
    'Command failed -:3',
    '',
  ].join('\n');
  expect(refusalsOf(errors, ['route add a', 'route add b', 'route add c'])).toEqual([
    { command: 'route add b', error: 'RTNETLINK answers: File exists' },
    { command: 'route add c', error: 'Error: Nexthop has invalid gateway.' },
  ]);
});
