import { expect, test } from 'vitest';
import { parseGatewayEndpoint } from '#extensions/pool-network.ts';

test.each([
  ['203.0.113.7:8476', { host: '203.0.113.7', port: 8476 }],
  [' [2001:DB8:0::7]:1 ', { host: '2001:db8::7', port: 1 }],
  ['203.0.113.7', undefined],
  ['203.0.113.7:0', undefined],
  ['203.0.113.7:65536', undefined],
  ['203.0.113.300:8476', undefined],
  ['2001:db8::7:8476', undefined],
  ['[203.0.113.7]:8476', undefined],
  ['[fe80::1%eth0]:8476', undefined],
  ['gateway.example.com:8476', undefined],
])('%s is the endpoint %o', (text, expected) => {
  expect(parseGatewayEndpoint(text)).toEqual(expected);
});
