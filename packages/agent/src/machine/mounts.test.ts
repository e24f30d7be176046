import { expect, test } from 'vitest';
import { parseMountInfo } from '#machine/mounts.ts';

test('mount points are read with their type and source, blanks included', () => {
  const text = [
    '36 35 98:0 /mnt1 /mnt/with\\040blank rw,noatime master:1 shared:2 - ext4 /dev/root rw',
    '37 35 0:5 / /proc rw - proc proc rw',
    '',
  ].join('\n');
  expect(parseMountInfo(text)).toEqual([
    { path: '/mnt/with blank', type: 'ext4', source: '/dev/root' },
    { path: '/proc', type: 'proc', source: 'proc' },
  ]);
});
