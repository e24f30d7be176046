import { expect, test } from 'vitest';
import { columnId } from '#views/columns.ts';

test.each([
  ['Port(s)', 'ports'],
  ['Up-to-date', 'up-to-date'],
  ['CLUSTER-IP', 'cluster-ip'],
  ['Reclaim Policy', 'reclaim-policy'],
])('the column that kubectl calls %s is %s', (title, id) => {
  expect(columnId(title)).toBe(id);
});
