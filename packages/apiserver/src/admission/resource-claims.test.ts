import type { AnyObject } from '@skerry/api';
import { beforeEach, expect, test } from 'vitest';
import { resourceClaims } from '#admission/resource-claims.ts';
import type { AuthorizationAttributes, UserInfo } from '#security.ts';
import { ObjectTable, admissionContext } from '#testing/object-table.ts';

const kind = { group: 'resource.k8s.io', version: 'v1', kind: 'ResourceClaim', resource: 'resourceclaims' };
let table: ObjectTable;
let allowed: string[];
let asked: string[];

beforeEach(() => {
  table = new ObjectTable();
  allowed = [];
  asked = [];
});

const authorizer = {
  authorize({ verb, resource, subresource, namespace = '', name = '' }: AuthorizationAttributes) {
    const question = `${verb} ${resource}/${subresource} ${namespace}:${name}`;
    asked.push(question);
    return Promise.resolve({ allowed: allowed.includes(question), reason: '' });
  },
};

const validate = (given: Partial<Parameters<typeof admissionContext>[0]> & { object: AnyObject }) =>
  resourceClaims({ read: table.read, authorizer: authorizer as never }).validate!(
    admissionContext({ kind, ...given } as Parameters<typeof admissionContext>[0]),
  );

const claim = (more: object): AnyObject => ({ metadata: { name: 'c', namespace: 'ns' }, ...more });
const namespace = (labels: Record<string, string>) =>
  table.put({ group: '', resource: 'namespaces' }, { metadata: { name: 'ns', labels } });
const byAdmin = claim({
  spec: {
    devices: {
      requests: [
        { name: 'a', exactly: {} },
        { name: 'b', exactly: { adminAccess: true } },
      ],
    },
  },
});

test('access for administrators takes a label on the namespace', async () => {
  namespace({});
  await expect(validate({ object: byAdmin })).rejects.toMatchObject({
    code: 422,
    message:
      'ResourceClaim.resource.k8s.io "c" is invalid: spec.devices.requests[1].adminAccess: Forbidden: admin access to devices requires the `resource.kubernetes.io/admin-access: true` label on the containing namespace',
  });
  namespace({ 'resource.kubernetes.io/admin-access': 'true' });
  await validate({ object: byAdmin });
});

const results = [{ request: 'r', driver: 'd', pool: 'p', device: 'x' }];
const onNode = {
  nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] }],
};
const allocated = claim({ status: { allocation: { devices: { results }, nodeSelector: onNode } } });
const reported = claim({
  status: {
    ...(allocated['status'] as object),
    devices: [{ driver: 'd', pool: 'p', device: 'x', data: { a: 1 } }],
  },
});
const status = { operation: 'UPDATE', subresource: 'status' } as const;

test('to bind a claim takes a right on all of them', async () => {
  await expect(validate({ ...status, object: allocated, oldObject: claim({}) })).rejects.toMatchObject({
    message: expect.stringContaining(
      'status.allocation: Forbidden: changing status.allocation or status.reservedFor requires resource="resourceclaims/binding", verb="update" permission: resourceclaims.resource.k8s.io is forbidden',
    ) as string,
  });
  allowed = ['update resourceclaims/binding :'];
  await validate({ ...status, object: allocated, oldObject: claim({}) });
});

const driver: UserInfo = {
  name: 'system:serviceaccount:ns:driver',
  groups: [],
  extra: { 'authentication.kubernetes.io/node-name': ['n1'] },
};

test('to report on a device takes a right on its driver, on the node of the claim or on any', async () => {
  const change = { ...status, object: reported, oldObject: allocated };
  await expect(validate({ ...change, user: driver })).rejects.toMatchObject({
    message: expect.stringContaining('verb="[associated-node:update arbitrary-node:update]"') as string,
  });
  expect(asked).toEqual([
    'associated-node:update resourceclaims/driver ns:d',
    'arbitrary-node:update resourceclaims/driver ns:d',
  ]);
  allowed = ['associated-node:update resourceclaims/driver ns:d'];
  await validate({ ...change, user: driver });
  const elsewhere = { ...driver, extra: { 'authentication.kubernetes.io/node-name': ['n2'] } };
  await expect(validate({ ...change, user: elsewhere })).rejects.toMatchObject({ code: 422 });
  allowed = ['arbitrary-node:update resourceclaims/driver ns:d'];
  await validate({ ...change, user: elsewhere });
});

test('a change of neither asks nobody', async () => {
  await validate({ ...status, object: reported, oldObject: reported });
  expect(asked).toEqual([]);
});
