import { describe, expect, test } from 'vitest';
import { freeRange, rangeFault } from '#clusters/ranges.ts';

const used = [
  { cidr: '10.12.0.0/16', by: 'pods of default' },
  { cidr: 'fd00:10:12::/56', by: 'pods of default' },
  { cidr: '192.168.7.4/32', by: 'an address of this machine' },
];

describe('a range', () => {
  test.each([
    ['10.13.0.0/16', undefined],
    ['10.12.200.0/24', '10.12.200.0/24 overlaps 10.12.0.0/16, pods of default'],
    ['10.0.0.0/8', '10.0.0.0/8 overlaps 10.12.0.0/16, pods of default'],
    ['192.168.0.0/16', '192.168.0.0/16 overlaps 192.168.7.4/32, an address of this machine'],
    ['10.256.0.0/16', '10.256.0.0/16 is no IPv4 range such as 10.20.0.0/16'],
    ['10.1.0.0', '10.1.0.0 is no IPv4 range such as 10.20.0.0/16'],
    ['fd00::/16', 'fd00::/16 is no IPv4 range such as 10.20.0.0/16'],
    ['10.13.0.0/30', '10.13.0.0/30: a range must have from 16 to 16 million addresses (/8 to /28)'],
    ['10.13.0.0/16,fd00:10:13::/56', undefined],
    ['10.12.0.0/16,fd00:10:13::/56', '10.12.0.0/16 overlaps 10.12.0.0/16, pods of default'],
    ['10.13.0.0/16,fd00:10:12:8::/61', 'fd00:10:12:8::/61 overlaps fd00:10:12::/56, pods of default'],
    ['10.13.0.0/16,10.14.0.0/16', '10.14.0.0/16 is no IPv6 range such as fd00:10:20::/64'],
    ['10.13.0.0/16,fd00:10:13::/112', 'fd00:10:13::/112: a range must have a prefix length of 48 to 64'],
    [
      '10.13.0.0/16,fd00:1::/56,fd00:2::/56',
      '10.13.0.0/16,fd00:1::/56,fd00:2::/56 must be one range, or one of IPv4 and one of IPv6',
    ],
  ])('%s may be refused: %s', (cidr, why) => {
    expect(rangeFault(cidr, used, { min: 48, max: 64 })).toBe(why);
  });
});

test('a free range is found behind those in use, or none', () => {
  expect(freeRange(used, 12)).toBe('10.13.0.0/16');
  expect(freeRange([{ cidr: '10.0.0.0/8', by: 'the office' }], 0)).toBeUndefined();
});
