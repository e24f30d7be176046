import { describe, expect, test } from 'vitest';
import { builtinKinds } from '#kinds/builtin.ts';
import type { AnyObject } from '#object.ts';

const { strategy } = builtinKinds.find(({ resource }) => resource === 'certificatesigningrequests')!;

const pem = (type: string) => btoa(`-----BEGIN ${type}-----\nAAAA\n-----END ${type}-----\n`);
const request = (status: object = {}): AnyObject => ({
  apiVersion: 'certificates.k8s.io/v1',
  kind: 'CertificateSigningRequest',
  metadata: { name: 'Any Name_1', uid: 'u', resourceVersion: '1' },
  spec: { request: pem('CERTIFICATE REQUEST'), signerName: 'example.com/own', usages: ['client auth'] },
  status,
});
const condition = (type: string, more: object = {}) => ({ type, status: 'True', reason: 'r', ...more });
const faults = (list: readonly { path: string; message: string }[] = []) =>
  list.map(({ path, message }) => `${path}: ${message}`);

test('a request may be called anything that can stand in a path', () => {
  expect(faults(strategy.validate?.(request()))).toEqual([]);
  expect(faults(strategy.validate?.({ ...request(), metadata: { name: 'a/b' } }))).not.toEqual([]);
});

test.each<[object, string]>([
  [
    { signerName: 'kubernetes.io/legacy-unknown' },
    'the legacy signerName is not allowed via this API version',
  ],
  [{ signerName: 'own' }, "must be a fully qualified domain and path of the form 'example.com/signer-name'"],
  [{ signerName: 'example.com/a/b' }, 'must be a fully qualified domain and path'],
  [{ signerName: 'Example.com/a' }, 'a lowercase RFC 1123 label must consist of'],
  [{ request: '' }, 'PEM block type must be CERTIFICATE REQUEST'],
  [{ request: pem('CERTIFICATE') }, 'PEM block type must be CERTIFICATE REQUEST'],
  [{ usages: [] }, 'spec.usages: Required value'],
  [{ expirationSeconds: 599 }, 'may not specify a duration less than 600 seconds (10 minutes)'],
])('%j is refused', (change, why) => {
  const changed = request();
  changed.spec = { ...(changed.spec as object), ...change };
  expect(faults(strategy.validate?.(changed)).join('; ')).toContain(why);
});

describe('a change', () => {
  const approved = { conditions: [condition('Approved')] };
  const issued = { ...approved, certificate: pem('CERTIFICATE') };
  const notAdd = 'status.conditions: Forbidden: updates may not add a condition of type "Approved"';
  const notRemove = 'status.conditions: Forbidden: updates may not remove a condition of type "Approved"';

  test.each<[door: string, old: object, next: object, expected: readonly string[]]>([
    ['approval', {}, approved, []],
    ['status', {}, approved, [notAdd]],
    ['', {}, approved, [notAdd]],
    ['approval', approved, {}, [notRemove]],
    ['status', approved, {}, [notRemove]],
    [
      'status',
      approved,
      { conditions: [condition('Approved', { reason: 'other' })] },
      ['status.conditions: Forbidden: updates may not modify a condition of type "Approved"'],
    ],
    [
      'approval',
      approved,
      { conditions: [condition('Approved'), condition('Denied')] },
      ['status.conditions: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive'],
    ],
    [
      'approval',
      {},
      { conditions: [condition('Approved', { status: 'False' })] },
      ['status.conditions[0].status: Unsupported value: "False": supported values: "True"'],
    ],
    ['approval', {}, { conditions: [{ status: 'True' }] }, ['status.conditions[0].type: Required value']],
    [
      'status',
      {},
      { conditions: [condition('Failed'), condition('Failed')] },
      ['status.conditions[1].type: Duplicate value: "Failed"'],
    ],
    ['status', approved, issued, []],
    [
      'approval',
      approved,
      issued,
      ['status.certificate: Forbidden: updates may not set certificate content'],
    ],
    [
      'status',
      issued,
      { ...approved, certificate: pem('CERTIFICATE').replace('QUFB', 'QUFC').slice(0, -4) },
      ['status.certificate: Forbidden: updates may not modify existing certificate content'],
    ],
    [
      'status',
      approved,
      { ...approved, certificate: pem('PRIVATE KEY') },
      [
        'status.certificate: Invalid value: "<certificate data>": only CERTIFICATE PEM blocks are allowed, found "PRIVATE KEY"',
      ],
    ],
    [
      'status',
      approved,
      { ...approved, certificate: btoa('junk') },
      [
        'status.certificate: Invalid value: "<certificate data>": must contain at least one CERTIFICATE PEM block',
      ],
    ],
  ])('through the door "%s": %j to %j', (door, old, next, expected) => {
    expect(faults(strategy.validateUpdate?.(request(next), request(old), door))).toEqual(expected);
  });
});
