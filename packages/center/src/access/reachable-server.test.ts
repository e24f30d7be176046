import { expect, test } from 'vitest';
import { reachableServer } from '#access/reachable-server.ts';

test.each([
  ['https://127.0.0.1:6443', 'https://center.example.com:8443', 'https://center.example.com:6443'],
  ['https://127.0.0.1:6443', 'https://[2001:db8::1]:8443', 'https://[2001:db8::1]:6443'],
  ['https://127.0.0.1:6443', 'https://localhost:8443', 'https://127.0.0.1:6443'],
  ['https://api.example.com:6443', 'https://center.example.com:8443', 'https://api.example.com:6443'],
  ['https://127.0.0.1:6443', 'https://', 'https://127.0.0.1:6443'],
])('%s, asked for at %s, is %s', (server, origin, reachable) => {
  expect(reachableServer(server, origin)).toBe(reachable);
});
