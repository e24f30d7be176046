import { expect, test } from 'vitest';
import { isTrue, requestInfo } from '#request-info.ts';

const cases: [method: string, target: string, expected: Record<string, unknown>][] = [
  ['GET', '/api/v1/pods', { verb: 'list', resource: 'pods', namespace: '', name: '' }],
  ['GET', '/api/v1/namespaces/x/pods', { verb: 'list', resource: 'pods', namespace: 'x' }],
  ['GET', '/api/v1/namespaces/x/pods?watch=true', { verb: 'watch', resource: 'pods', namespace: 'x' }],
  ['GET', '/api/v1/watch/namespaces/x/pods', { verb: 'watch', resource: 'pods', namespace: 'x' }],
  ['GET', '/api/v1/namespaces/x/pods/p', { verb: 'get', name: 'p', named: true }],
  ['HEAD', '/api/v1/namespaces/x/pods/p', { verb: 'get', name: 'p' }],
  ['GET', '/api/v1/namespaces/x', { verb: 'get', resource: 'namespaces', namespace: 'x', name: 'x' }],
  [
    'PUT',
    '/api/v1/namespaces/x/finalize',
    { verb: 'update', resource: 'namespaces', name: 'x', subresource: 'finalize' },
  ],
  ['POST', '/api/v1/namespaces/x/pods/p/binding', { verb: 'create', name: 'p', subresource: 'binding' }],
  [
    'GET',
    '/api/v1/nodes/n/proxy/a/b/',
    { verb: 'get', resource: 'nodes', subresource: 'proxy', rest: 'a/b/' },
  ],
  [
    'DELETE',
    '/apis/apps/v1/namespaces/x/deployments',
    { verb: 'deletecollection', group: 'apps', version: 'v1' },
  ],
  ['DELETE', '/apis/apps/v1/namespaces/x/deployments/d', { verb: 'delete', name: 'd' }],
  ['PATCH', '/apis/apps/v1/namespaces/x/deployments/d/scale', { verb: 'patch', subresource: 'scale' }],
  ['GET', '/api/v1/pods?fieldSelector=metadata.name%3Dp', { verb: 'list', name: 'p', named: false }],
  [
    'GET',
    '/api/v1/pods?fieldSelector=spec.nodeName%3Dn,metadata.name%3Da\\,b',
    { verb: 'list', name: 'a,b' },
  ],
  ['GET', '/api/v1/pods?fieldSelector=x%5C,metadata.name%3Dp', { verb: 'list', name: '' }],
  ['GET', '/api/v1/pods?fieldSelector=metadata.name%5C%3Dp', { verb: 'list', name: '' }],
  ['constructor', '/api/v1/pods', { verb: '' }],
  ['__proto__', '/api/v1/pods/p', { verb: '' }],
  ['GET', '/api/v1/namespaces/a%2Fb/pods', { verb: 'list', namespace: 'a/b' }],
  ['GET', '/apis/apps/v1', { type: 'path', verb: 'get', path: '/apis/apps/v1' }],
  ['GET', '/healthz', { type: 'path', verb: 'get' }],
  ['GET', '/api/v1/pods/%zz', { type: 'path' }],
];

test.each(cases)('%s %s is understood', (method, target, expected) => {
  const [path = '', query = ''] = target.split('?');
  expect(requestInfo(method, path, new URLSearchParams(query))).toMatchObject(expected);
});

test.each([
  ['false', false],
  ['False', false],
  ['0', false],
  [null, false],
  ['', true],
  ['true', true],
  ['no', true],
])('a query parameter of %j is %s', (value, expected) => {
  expect(isTrue(value)).toBe(expected);
});
