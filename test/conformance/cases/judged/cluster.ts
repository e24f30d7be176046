/** What people get wrong in storage, access, definitions and data. */
import type { Case } from '../../case.ts';
import { changed, core, inGroup, judged } from './asking.ts';

const volume = (spec: object) => ({
  metadata: { name: '{{ns}}' },
  spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/x' }, ...spec },
});
const claim = (spec: object) => ({
  metadata: { name: 'c' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
});
const definition = (schema: object, spec: object = {}, name = 'things.{{ns}}.example.com') => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name },
  spec: {
    group: '{{ns}}.example.com',
    scope: 'Namespaced',
    names: { plural: 'things', kind: 'Thing' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', ...schema } } } },
      },
    ],
    ...spec,
  },
});
const ofProperty = (more: object) => ({ properties: { a: more } });

const volumes: readonly object[] = [
  { capacity: null },
  { capacity: { storage: '0' } },
  { capacity: { cpu: '1' } },
  { accessModes: null },
  { accessModes: ['Foo'] },
  { accessModes: ['ReadWriteOncePod', 'ReadWriteOnce'] },
  { hostPath: null },
  { nfs: { server: 'x', path: '/y' } },
  { hostPath: { path: '/a/../b' } },
  { hostPath: { path: '/' }, persistentVolumeReclaimPolicy: 'Recycle' },
  { persistentVolumeReclaimPolicy: 'Foo' },
  { storageClassName: 'Bad_' },
  { volumeMode: 'Foo' },
  { mountOptions: ['a'], hostPath: { path: '/x' } },
  { nodeAffinity: {} },
  { nodeAffinity: { required: { nodeSelectorTerms: [] } } },
  { hostPath: null, local: { path: 'x' } },
  { hostPath: null, local: { path: '/x' } },
  { hostPath: null, csi: {} },
  { hostPath: null, csi: { driver: 'Bad_ x', volumeHandle: '' } },
  { claimRef: {} },
  { hostPath: null, iscsi: {} },
  { hostPath: null, rbd: {} },
  { hostPath: null, cephfs: {} },
  { volumeAttributesClassName: '' },
];

const claims: readonly object[] = [
  { accessModes: null },
  { accessModes: ['Foo'] },
  { accessModes: ['ReadWriteOncePod', 'ReadWriteOnce'] },
  { resources: null },
  { resources: { requests: { storage: '0' } } },
  { resources: { requests: { storage: '-1' } } },
  { storageClassName: 'Bad_' },
  { volumeMode: 'Foo' },
  { selector: { matchExpressions: [{ key: 'a', operator: 'Foo' }] } },
  { dataSource: {} },
  { dataSource: { kind: 'Foo', name: 'x' } },
  {
    dataSource: { kind: 'PersistentVolumeClaim', name: 'x' },
    dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'y' },
  },
  { dataSourceRef: { kind: 'Foo', name: 'x', apiGroup: 'a.b', namespace: 'z' } },
  { volumeAttributesClassName: 'Bad_' },
  { resources: { requests: { storage: '2Gi' }, limits: { storage: '1Gi' } } },
];

const storageClasses: readonly object[] = [
  {},
  { provisioner: 'Bad Prov' },
  { provisioner: 'a/b', reclaimPolicy: 'Recycle' },
  { provisioner: 'a/b', reclaimPolicy: 'Foo' },
  { provisioner: 'a/b', volumeBindingMode: 'Foo' },
  { provisioner: 'a/b', parameters: { '': 'x' } },
  { provisioner: 'a/b', allowedTopologies: [{}] },
  { provisioner: 'a/b', allowedTopologies: [{ matchLabelExpressions: [{ key: 'a', values: [] }] }] },
  {
    provisioner: 'a/b',
    allowedTopologies: [
      {
        matchLabelExpressions: [
          { key: 'a', values: ['x', 'x'] },
          { key: 'a', values: ['y'] },
        ],
      },
    ],
  },
];

const roles: readonly object[] = [
  { rules: [{}] },
  { rules: [{ verbs: ['get'] }] },
  { rules: [{ verbs: ['get'], resources: ['pods'] }] },
  { rules: [{ verbs: [], apiGroups: [''], resources: ['pods'] }] },
  { rules: [{ verbs: ['get'], nonResourceURLs: ['/x'] }] },
  { rules: [{ verbs: ['get'], nonResourceURLs: ['/x'], apiGroups: [''], resources: ['pods'] }] },
];

const bindings: readonly object[] = [
  {},
  { roleRef: { kind: 'Role', name: 'x' } },
  { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Foo', name: 'x' } },
  { roleRef: { apiGroup: 'foo', kind: 'Role', name: '' } },
  {
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'a/b' },
    subjects: [
      {},
      { kind: 'Foo', name: 'x' },
      { kind: 'User', name: 'x', apiGroup: 'foo' },
      { kind: 'ServiceAccount', name: 'Bad_' },
      { kind: 'ServiceAccount', name: 'x', apiGroup: 'rbac.authorization.k8s.io' },
      { kind: 'Group', name: '' },
    ],
  },
];

const definitions: readonly object[] = [
  definition({}, {}, 'x.y'),
  definition({}, { scope: 'Foo' }),
  definition({}, { names: {} }),
  definition({}, { names: { plural: 'Things', kind: 'thing', shortNames: ['Bad_'], categories: ['Bad_'] } }),
  definition({}, { versions: [] }),
  definition({}, { versions: [{ name: 'v1', served: true, storage: true }] }),
  definition(
    {},
    {
      versions: [
        { name: 'Bad', served: true, storage: false, schema: { openAPIV3Schema: { type: 'object' } } },
      ],
    },
  ),
  definition(ofProperty({})),
  definition(ofProperty({ type: 'foo' })),
  definition(ofProperty({ type: 'array' })),
  definition(ofProperty({ type: 'string', format: 'foo' })),
  definition(
    ofProperty({
      type: 'object',
      properties: { x: { type: 'string' } },
      additionalProperties: { type: 'string' },
    }),
  ),
  definition(ofProperty({ type: 'integer', default: 'x' })),
  definition(ofProperty({ type: 'string', pattern: '(' })),
  definition(ofProperty({ type: 'string', enum: ['a', 'a'] })),
  definition(ofProperty({ type: 'array', items: { type: 'string' }, uniqueItems: true })),
  definition(ofProperty({ type: 'array', items: { type: 'object' }, 'x-kubernetes-list-type': 'map' })),
  definition(
    ofProperty({
      type: 'array',
      items: { type: 'object', properties: { n: { type: 'string' } } },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['n', 'm'],
    }),
  ),
  definition(ofProperty({ type: 'string', 'x-kubernetes-int-or-string': true })),
  definition(ofProperty({ 'x-kubernetes-preserve-unknown-fields': true })),
  definition(ofProperty({ type: 'object', 'x-kubernetes-validations': [{ rule: 'self.x' }] })),
  definition(ofProperty({ type: 'object', 'x-kubernetes-validations': [{ rule: '' }] })),
  definition(
    ofProperty({
      type: 'integer',
      'x-kubernetes-validations': [
        { rule: 'self', message: '' },
        { rule: 'self > 1', messageExpression: '1', reason: 'Foo', fieldPath: 'x' },
      ],
    }),
  ),
  definition(
    ofProperty({
      type: 'array',
      items: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self.matches("(a+)+b")' }] },
    }),
  ),
  definition(ofProperty({ type: 'string', nullable: true, minLength: -1, maxLength: -5 })),
  definition(ofProperty({ oneOf: [{ type: 'string' }] })),
  definition(ofProperty({ type: 'object', $ref: '#/x' })),
  definition({ 'x-kubernetes-embedded-resource': true }),
  definition({}, { conversion: { strategy: 'Webhook' } }),
  definition({}, { conversion: { strategy: 'Foo' } }),
  definition({}, { preserveUnknownFields: true }),
  definition({}, { group: 'bad' }),
  definition(
    {},
    {
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object' } },
          additionalPrinterColumns: [
            {},
            { name: 'a', type: 'foo', jsonPath: 'x', format: 'bar', priority: -1 },
          ],
          subresources: { scale: {} },
          selectableFields: [{ jsonPath: 'x' }, { jsonPath: '.spec.a' }],
        },
      ],
    },
  ),
];

const secrets: readonly object[] = [
  { type: 'kubernetes.io/tls' },
  { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': 'eA==' } },
  { type: 'kubernetes.io/dockerconfigjson' },
  { type: 'kubernetes.io/basic-auth' },
  { type: 'kubernetes.io/ssh-auth' },
  { type: 'kubernetes.io/service-account-token' },
  { data: { a: 'x y' } },
  { stringData: { 'a b': 'x' } },
  { data: { a: 5 } },
  { type: 'kubernetes.io/tls', data: { 'tls.crt': 'eA==', 'tls.key': 'eA==' } },
];
const configMaps: readonly object[] = [
  { data: { 'a b': 'x' } },
  { data: { a: 'x' }, binaryData: { a: 'eA==' } },
  { binaryData: { a: '!!' } },
  { data: { ['a'.repeat(254)]: 'x' } },
  { data: { '..': 'x' } },
  { immutable: 'x' },
];
const metadata: readonly object[] = [
  { name: 'a', labels: { 'a/b/c': 'x' } },
  { name: 'a', labels: { a: 'a'.repeat(64) } },
  { name: 'a', annotations: { 'bad key': 'x' } },
  { name: 'a', finalizers: ['bad'] },
  { name: 'a', finalizers: ['a/b', 'orphan', 'foregroundDeletion'] },
  { name: 'a'.repeat(254) },
  { name: '.a' },
  { name: 'a', namespace: 'other' },
  { name: 'a', ownerReferences: [{}] },
  { name: 'a', managedFields: [{}] },
  { name: 'a', resourceVersion: '5' },
];
const access = 'rbac.authorization.k8s.io/v1';
const named = (more: object) => ({ metadata: { name: 'n' }, ...more });
const alone = (more: object) => ({ metadata: { name: '{{ns}}' }, ...more });

export const clusterCases: readonly Case[] = [
  judged('volumes', '/api/v1/persistentvolumes', volumes.map(volume)),
  judged('claims', `${core}/persistentvolumeclaims`, claims.map(claim)),
  changed('a claim that is changed', `${core}/persistentvolumeclaims`, claim({ storageClassName: 'x' }), [
    { resources: { requests: { storage: '2Gi' } } },
    { resources: { requests: { storage: '1Mi' } } },
    { storageClassName: 'y' },
    { volumeName: 'z' },
    { accessModes: ['ReadOnlyMany'] },
  ]),
  judged('storage classes', '/apis/storage.k8s.io/v1/storageclasses', storageClasses.map(alone)),
  judged('roles', `${inGroup(access)}/roles`, roles.map(named)),
  judged('cluster roles', `/apis/${access}/clusterroles`, roles.map(alone)),
  judged('bindings', `${inGroup(access)}/rolebindings`, bindings.map(named)),
  judged('cluster bindings', `/apis/${access}/clusterrolebindings`, bindings.map(alone)),
  judged('definitions', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definitions),
  judged('secrets', `${core}/secrets`, secrets.map(named)),
  judged('config maps', `${core}/configmaps`, configMaps.map(named)),
  judged(
    'metadata',
    `${core}/configmaps`,
    metadata.map((each) => ({ metadata: each })),
  ),
];
