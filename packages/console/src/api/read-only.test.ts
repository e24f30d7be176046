import { expect, test } from 'vitest';
import { changesSomething, clusterOf, isReadOnlyIn } from './read-only.ts';

test.each([
  ['/api/home', {}, false],
  ['/api/session', { method: 'DELETE' }, false],
  ['/api/sessions/others', { method: 'DELETE' }, false],
  ['/api/preferences', { method: 'PUT', body: {} }, false],
  ['/api/clusters/a/can-i', { method: 'POST', body: {} }, false],
  ['/api/clusters/a/kubernetes/api/v1/pods', { method: 'POST', query: { dryRun: 'All' } }, false],
  ['/api/clusters/a/components/x', { method: 'POST', body: { action: 'install', dryRun: true } }, false],
  ['/api/tickets', { method: 'POST', body: { purpose: 'logs', target: '/api/clusters/a/logs' } }, false],
  ['/api/tickets', { method: 'POST', body: { purpose: 'exec', target: '/api/clusters/a/exec' } }, true],
  ['/api/clusters/a/components/x', { method: 'POST', body: { action: 'install' } }, true],
  ['/api/clusters/a/kubernetes/api/v1/pods', { method: 'POST' }, true],
  ['/api/users', { method: 'POST', body: {} }, true],
  ['/api/api-tokens', { method: 'POST', body: {} }, true],
] as const)('%s with %j changes something: %j', (path, options, changes) => {
  expect(changesSomething(path, options)).toBe(changes);
});

test('the cluster of a request is that of its path, of a ticket that of its target', () => {
  expect(clusterOf('/api/clusters/of%20us/kubernetes/api/v1/pods', undefined)).toBe('of us');
  expect(clusterOf('/api/tickets', { purpose: 'exec', target: '/api/clusters/b/exec?pod=x' })).toBe('b');
  expect(clusterOf('/api/users', {})).toBeUndefined();
});

test('it holds everywhere, or in the clusters that were chosen', () => {
  expect(isReadOnlyIn({}, 'a')).toBe(false);
  expect(isReadOnlyIn({ readOnly: true }, undefined)).toBe(true);
  expect(isReadOnlyIn({ readOnlyClusters: ['a'] }, 'a')).toBe(true);
  expect(isReadOnlyIn({ readOnlyClusters: ['a'] }, 'b')).toBe(false);
  expect(isReadOnlyIn({ readOnlyClusters: ['a'] }, undefined)).toBe(false);
});
