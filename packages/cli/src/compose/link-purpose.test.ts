import { expect, test } from 'vitest';
import { purposeOfRequest } from './link-purpose.ts';

test.for([
  ['GET', '/api/v1/pods?watch=true&fieldSelector=spec.nodeName%3Da', 'watch'],
  ['GET', '/api/v1/pods?fieldSelector=spec.nodeName%3Da', 'list'],
  ['GET', '/api/v1/nodes/a', 'list'],
  ['PATCH', '/api/v1/namespaces/a/pods/b/status', 'status'],
  ['POST', '/api/v1/namespaces/a/events?fieldManager=x', 'events'],
  ['PATCH', '/apis/events.k8s.io/v1/namespaces/a/events/b', 'events'],
  ['PUT', '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/a', 'heartbeat'],
  ['PATCH', '/apis/apps.kruise.io/v1alpha1/nodeimages/a/status', 'images'],
  ['POST', '/api/v1/namespaces/a/serviceaccounts/b/token', 'other'],
  ['DELETE', '/api/v1/namespaces/a/pods/b', 'other'],
] as const)('%s %s is for %s', ([method, target, purpose]) => {
  expect(purposeOfRequest(method, target)).toBe(purpose);
});
