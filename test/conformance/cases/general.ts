/** What is asked once: options, names, bodies, paths, and doors that few kinds have. */
import type { Case, Step } from '../case.ts';
import { containers, template } from '../examples/example.ts';

const configMaps = '/api/v1/namespaces/{{ns}}/configmaps';
const pods = '/api/v1/namespaces/{{ns}}/pods';
const deployments = '/apis/apps/v1/namespaces/{{ns}}/deployments';
const merge = 'application/merge-patch+json';
const strategic = 'application/strategic-merge-patch+json';
const json = 'application/json-patch+json';
const apply = 'application/apply-patch+yaml';

const configMap = (name: string, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  ...more,
});
const pod = (name: string, spec: object = {}) => ({ metadata: { name }, spec: { containers, ...spec } });
const post = (path: string, body: unknown, more: Partial<Step> = {}): Step => ({
  method: 'POST',
  path,
  body,
  ...more,
});
const put = (path: string, body: unknown, more: Partial<Step> = {}): Step => ({
  method: 'PUT',
  path,
  body,
  ...more,
});
const patch = (path: string, type: string, body: unknown): Step => ({ method: 'PATCH', path, type, body });
const made = (path: string, body: unknown): Step => post(path, body, { onlyCode: true });

const inNamespace = (area: string, name: string, steps: readonly Step[]): Case => ({
  area,
  name,
  steps,
  namespace: true,
});

const bodies: readonly (readonly [string, string, string?])[] = [
  ['a list', '[]'],
  ['a text', '"a"'],
  ['nothing', ''],
  ['null', 'null'],
  ['a number for a kind', '{"kind":5}'],
  ['a version of three parts', '{"apiVersion":"x/y/z","kind":"ConfigMap"}'],
  ['an unknown version', '{"apiVersion":"v2","kind":"ConfigMap"}'],
  ['a known kind of another resource', '{"apiVersion":"v1","kind":"Service"}'],
  ['a known kind of another group', '{"apiVersion":"apps/v1","kind":"Deployment"}'],
  ['a number for a text', '{"metadata":{"name":"a"},"data":{"a":1}}'],
  ['a list for a map', '{"metadata":{"name":"a"},"data":[]}'],
  ['a cut text', '{"metadata":{"name":"a"'],
  ['words behind the end', '{"metadata":{"name":"a"}} x'],
  ['another namespace', '{"metadata":{"name":"a","namespace":"other"}}'],
  ['a revision', '{"metadata":{"name":"a","resourceVersion":"5"}}'],
  ['a list in YAML', '- a', 'application/yaml'],
  ['YAML', 'metadata:\n  name: a\ndata:\n  x: "1"\n', 'application/yaml'],
  ['YAML with unknown fields', 'metadata:\n  name: a\nnope: 1\n', 'application/yaml'],
  ['a form', 'a=b', 'application/x-www-form-urlencoded'],
  ['no type that is known', '{}', 'text/plain'],
];

const options: readonly (readonly [string, string])[] = [
  ['POST', 'dryRun=bad'],
  ['POST', 'dryRun=All&dryRun=All'],
  ['POST', 'fieldValidation=bad'],
  ['POST', 'fieldManager=a%0Ab'],
  ['POST', `fieldManager=${'x'.repeat(129)}`],
  ['PATCH', 'force=true'],
  ['DELETE', 'propagationPolicy=Bad'],
  ['DELETE', 'propagationPolicy=Foreground&orphanDependents=true'],
  ['DELETE', 'gracePeriodSeconds=x'],
  ['DELETE', 'gracePeriodSeconds=-1'],
  ['DELETE', 'dryRun=bad'],
];

const lists: readonly string[] = [
  'limit=x',
  'limit=-1',
  'resourceVersion=x',
  'resourceVersion=0&resourceVersionMatch=Exact',
  'resourceVersionMatch=Exact',
  'resourceVersion=1&resourceVersionMatch=Nope',
  'continue=x',
  'labelSelector=a%20in%20(',
  'labelSelector=a%20b',
  'labelSelector=a%3D%3D%3Db',
  'labelSelector=a%20in%20(x,y),!b',
  'labelSelector=-bad',
  'fieldSelector=metadata.name',
  'fieldSelector=metadata.name!=a',
  'fieldSelector=metadata.name=a,metadata.namespace={{ns}}',
  'timeoutSeconds=x',
  'sendInitialEvents=true',
  'resourceVersion=1000000000',
];

export const generalCases: readonly Case[] = [
  ...bodies.map(([name, body, type]) =>
    inNamespace('bodies', name, [
      post(`${configMaps}?dryRun=All`, body, type ? { type } : {}),
      put(`${configMaps}/a?dryRun=All`, body, type ? { type } : {}),
    ]),
  ),
  ...options.map(([method, query]) =>
    inNamespace('options', `${method} ${query.slice(0, 60)}`, [
      made(configMaps, configMap('a')),
      {
        method,
        path: `${configMaps}${method === 'POST' ? '' : '/a'}?${query}`,
        ...(method === 'DELETE' ? {} : { body: method === 'POST' ? configMap('b') : {} }),
        ...(method === 'PATCH' ? { type: merge } : {}),
      },
    ]),
  ),
  ...lists.map((query) =>
    inNamespace('list', query, [
      made(configMaps, configMap('a', { metadata: { name: 'a', labels: { a: 'x' } } })),
      made(configMaps, configMap('b', { metadata: { name: 'b', labels: { b: 'x' } } })),
      { path: `${configMaps}?${query}` },
    ]),
  ),
  inNamespace('list', 'in pages', [
    ...['a', 'b', 'c'].map((name) => made(configMaps, configMap(name))),
    { path: `${configMaps}?limit=2` },
    { path: `${configMaps}?limit=2&continue={{3.metadata.continue}}` },
    { path: `${configMaps}?limit=2&labelSelector=!nothing` },
    { path: `${configMaps}?limit=5` },
  ]),
  inNamespace('list', 'kinds across namespaces', [
    made(configMaps, configMap('only-{{ns}}')),
    { path: '/api/v1/configmaps?fieldSelector=metadata.name=only-{{ns}}' },
    { path: `${configMaps}?fieldSelector=metadata.namespace=other` },
    { path: '/api/v1/namespaces/no-such-namespace/configmaps' },
    { method: 'DELETE', path: '/api/v1/configmaps' },
    post('/api/v1/configmaps', configMap('x')),
  ]),
  inNamespace('watch', 'what happened', [
    post(configMaps, configMap('a')),
    patch(`${configMaps}/a`, merge, { data: { x: '1' } }),
    made(configMaps, configMap('b')),
    { method: 'DELETE', path: `${configMaps}/a`, onlyCode: true },
    {
      path: `${configMaps}?watch=true&resourceVersion={{0.metadata.resourceVersion}}&timeoutSeconds=1`,
    },
    {
      path: `${configMaps}?watch=true&resourceVersion={{0.metadata.resourceVersion}}&timeoutSeconds=1&fieldSelector=metadata.name=b`,
    },
    { path: `${configMaps}?watch=true&resourceVersion=1&timeoutSeconds=1`, as: 'alice' },
  ]),
  ...['true', '1', 'x'].map((value) =>
    inNamespace('watch', `allowWatchBookmarks=${value} and initial events`, [
      made(configMaps, configMap('a')),
      {
        path: `${configMaps}?watch=true&timeoutSeconds=1&allowWatchBookmarks=${value}&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=`,
      },
    ]),
  ),
  inNamespace('names', 'generated', [
    post(configMaps, { metadata: { generateName: 'gen-' } }),
    post(`${configMaps}?dryRun=All`, { metadata: { generateName: 'gen-' } }),
    post(configMaps, { metadata: { name: 'a', generateName: 'gen-' } }),
  ]),
  ...['a.b', 'a_b', 'A', '-a', 'a/b', '.', '..', 'a%b', 'x'.repeat(253), 'x'.repeat(254), 'ü'].map((name) =>
    inNamespace('names', `of ${name.length} characters: ${name.slice(0, 12)}`, [
      post(`${configMaps}?dryRun=All`, configMap(name)),
      post(`/api/v1/namespaces?dryRun=All`, { metadata: { name } }),
      post(`/api/v1/namespaces/{{ns}}/services?dryRun=All`, {
        metadata: { name },
        spec: { ports: [{ port: 1 }] },
      }),
    ]),
  ),
  inNamespace('metadata', 'labels and annotations that are not allowed', [
    post(
      configMaps,
      configMap('a', { metadata: { name: 'a', labels: { 'bad key': 'x', ok: 'bad value!' } } }),
    ),
    post(configMaps, configMap('a', { metadata: { name: 'a', annotations: { 'Bad/Key/x': 'y' } } })),
    post(configMaps, configMap('a', { metadata: { name: 'a', finalizers: ['nope'] } })),
    post(configMaps, configMap('a', { metadata: { name: 'a', ownerReferences: [{ kind: 'X' }] } })),
    post(
      configMaps,
      configMap('a', {
        metadata: {
          name: 'a',
          ownerReferences: [1, 2].map((n) => ({
            apiVersion: 'v1',
            kind: 'Pod',
            name: `p${n}`,
            uid: `u${n}`,
            controller: true,
          })),
        },
      }),
    ),
    post(configMaps, {
      ...configMap('a'),
      metadata: {
        name: 'a',
        uid: 'mine',
        creationTimestamp: '2001-01-01T00:00:00Z',
        generation: 7,
        selfLink: 'x',
        deletionTimestamp: '2001-01-01T00:00:00Z',
      },
    }),
  ]),
  inNamespace('immutable', 'a ConfigMap and a Secret', [
    made(configMaps, configMap('a', { immutable: true, data: { x: '1' } })),
    patch(`${configMaps}/a`, merge, { data: { x: '2' } }),
    patch(`${configMaps}/a`, merge, { immutable: false }),
    patch(`${configMaps}/a`, merge, { metadata: { labels: { a: 'b' } } }),
    made('/api/v1/namespaces/{{ns}}/secrets', { metadata: { name: 's' }, type: 'Opaque' }),
    patch('/api/v1/namespaces/{{ns}}/secrets/s', merge, { type: 'other' }),
  ]),
  inNamespace('scale', 'of a Deployment', [
    made(deployments, {
      metadata: { name: 'd' },
      spec: { replicas: 2, selector: { matchLabels: { app: 'a' } }, template },
    }),
    { path: `${deployments}/d/scale` },
    put(`${deployments}/d/scale`, { metadata: { name: 'd' }, spec: { replicas: 3 } }),
    patch(`${deployments}/d/scale`, merge, { spec: { replicas: 4 } }),
    patch(`${deployments}/d/scale`, strategic, { spec: { replicas: 5 } }),
    patch(`${deployments}/d/scale`, json, [{ op: 'replace', path: '/spec/replicas', value: 6 }]),
    patch(`${deployments}/d/scale`, merge, { spec: { replicas: -1 } }),
    put(`${deployments}/d/scale`, { metadata: { name: 'd', resourceVersion: '1' }, spec: { replicas: 1 } }),
    put(`${deployments}/d/scale`, { metadata: { name: 'other' }, spec: { replicas: 1 } }),
    { path: `${deployments}/d/scale`, accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
    { path: `${deployments}/d` },
    { path: `${deployments}/nothing/scale` },
  ]),
  inNamespace('subresources', 'binding and eviction', [
    made(pods, pod('p')),
    post(`${pods}/p/binding`, {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: 'p' },
      target: { kind: 'Node', name: 'n1' },
    }),
    post(`${pods}/p/binding`, {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: 'p' },
      target: { kind: 'Node', name: 'n2' },
    }),
    post(`${pods}/nothing/binding`, {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: 'nothing' },
      target: { kind: 'Node', name: 'n1' },
    }),
    post(`${pods}/p/binding`, { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'p' }, target: {} }),
    { path: `${pods}/p` },
    post(`${pods}/p/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'p' } }),
    post(`${pods}/nothing/eviction`, {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: 'nothing' },
    }),
    { path: `${pods}/p` },
  ]),
  inNamespace('subresources', 'ephemeral containers and resize', [
    made(pods, pod('p')),
    patch(`${pods}/p/ephemeralcontainers`, strategic, {
      spec: { ephemeralContainers: [{ name: 'debug', image: 'registry.example/debug' }] },
    }),
    patch(`${pods}/p/ephemeralcontainers`, strategic, { spec: { activeDeadlineSeconds: 5 } }),
    patch(`${pods}/p/resize`, strategic, {
      spec: { containers: [{ name: 'main', resources: { requests: { cpu: '1' } } }] },
    }),
    { path: `${pods}/p/nothing` },
    { path: `${pods}/p/binding` },
    { method: 'DELETE', path: `${pods}/p/status` },
    post(`${pods}/p/status`, {}),
  ]),
  inNamespace('subresources', 'a token and a finalized namespace', [
    post('/api/v1/namespaces/{{ns}}/serviceaccounts/default/token', { spec: { expirationSeconds: 10 } }),
    post('/api/v1/namespaces/{{ns}}/serviceaccounts/nobody/token', {}),
    put('/api/v1/namespaces/{{ns}}/finalize', {
      metadata: { name: '{{ns}}' },
      spec: { finalizers: ['example.com/x'] },
    }),
    { method: 'DELETE', path: '/api/v1/namespaces/{{ns}}' },
    post(configMaps, configMap('late')),
    put('/api/v1/namespaces/{{ns}}/finalize', { metadata: { name: '{{ns}}' }, spec: {} }),
  ]),
  inNamespace('admission', 'a namespace and an account that are not there', [
    post('/api/v1/namespaces/no-such-namespace/configmaps', configMap('a')),
    post('/api/v1/namespaces/no-such-namespace/configmaps?dryRun=All', configMap('a')),
    post(pods, pod('p', { serviceAccountName: 'nobody' })),
    post(pods, pod('p', { priorityClassName: 'no-such-class' })),
    post(pods, pod('p', { runtimeClassName: 'no-such-class' })),
    { method: 'DELETE', path: '/api/v1/namespaces/kube-system' },
    { method: 'DELETE', path: '/api/v1/namespaces/default' },
  ]),
  inNamespace('admission', 'limits and quotas', [
    made('/api/v1/namespaces/{{ns}}/limitranges', {
      metadata: { name: 'l' },
      spec: {
        limits: [
          { type: 'Container', max: { cpu: '1' }, default: { cpu: '500m' }, defaultRequest: { cpu: '100m' } },
        ],
      },
    }),
    post(pods, pod('p')),
    post(pods, pod('big', { containers: [{ ...containers[0], resources: { limits: { cpu: '2' } } }] })),
    made('/api/v1/namespaces/{{ns}}/resourcequotas', {
      metadata: { name: 'q' },
      spec: { hard: { pods: '0' } },
    }),
  ]),
  inNamespace('admission', 'Pod Security', [
    patch('/api/v1/namespaces/{{ns}}', merge, {
      metadata: {
        labels: {
          'pod-security.kubernetes.io/enforce': 'baseline',
          'pod-security.kubernetes.io/warn': 'restricted',
        },
      },
    }),
    post(pods, pod('p', { hostNetwork: true })),
    post(pods, pod('p')),
    patch('/api/v1/namespaces/{{ns}}', merge, {
      metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'nonsense' } },
    }),
    patch('/api/v1/namespaces/{{ns}}', merge, {
      metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    }),
  ]),
  inNamespace('patch-strategic', 'lists of containers', [
    made(deployments, {
      metadata: { name: 'd' },
      spec: { selector: { matchLabels: { app: 'a' } }, template },
    }),
    patch(`${deployments}/d`, strategic, {
      spec: { template: { spec: { containers: [{ name: 'second', image: 'b' }] } } },
    }),
    patch(`${deployments}/d`, strategic, {
      spec: {
        template: {
          spec: {
            '$setElementOrder/containers': [{ name: 'second' }, { name: 'main' }],
            containers: [{ name: 'main', env: [{ name: 'A', value: '1' }] }],
          },
        },
      },
    }),
    patch(`${deployments}/d`, strategic, {
      spec: { template: { spec: { containers: [{ name: 'second', $patch: 'delete' }] } } },
    }),
    patch(`${deployments}/d`, strategic, {
      spec: { template: { spec: { containers: [{ $patch: 'replace' }, { name: 'only', image: 'c' }] } } },
    }),
    patch(`${deployments}/d`, strategic, { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } }),
    patch(`${deployments}/d`, strategic, { spec: { template: { spec: { containers: [{ image: 'x' }] } } } }),
    patch(`${deployments}/d`, strategic, { spec: { replicas: 'many' } }),
    patch(`${deployments}/d`, strategic, []),
    patch(`${deployments}/d`, strategic, 'not json'),
    patch(`${deployments}/d`, strategic, { unknown: 1 }),
  ]),
  inNamespace('patch-json', 'operations that fail', [
    made(configMaps, configMap('a', { data: { x: '1' } })),
    ...[
      [{ op: 'add', path: '/data/y/z', value: 1 }],
      [{ op: 'replace', path: '/data/nothing', value: '1' }],
      [{ op: 'move', from: '/data/x', path: '/data/y' }],
      [{ op: 'copy', from: '/data/nothing', path: '/data/z' }],
      [{ op: 'nonsense', path: '/data/x' }],
      [{ path: '/data/x' }],
      [{ op: 'add', path: '/metadata/name', value: 'b' }],
      [{ op: 'replace', path: '/metadata/uid', value: 'b' }],
      [{ op: 'add', path: '/data/q~1r', value: 's' }],
      {},
      'x',
    ].map((body) => patch(`${configMaps}/a`, json, body)),
  ]),
  inNamespace('patch-merge', 'bodies that fail', [
    made(configMaps, configMap('a', { data: { x: '1' } })),
    ...[
      [],
      '"x"',
      'null',
      { metadata: { name: 'b' } },
      { metadata: { namespace: 'b' } },
      { kind: 'Secret' },
      { data: 5 },
    ].map((body) => patch(`${configMaps}/a`, merge, body)),
    patch(`${configMaps}/nothing`, merge, {}),
    patch(`${configMaps}/nothing`, merge, []),
  ]),
  inNamespace('patch-strategic', 'directives', [
    made(deployments, {
      metadata: { name: 'd', labels: { a: 'b' }, annotations: { x: 'y' } },
      spec: { selector: { matchLabels: template.metadata.labels }, template },
    }),
    ...[
      { metadata: { labels: { $patch: 'replace', q: 'r' } } },
      { metadata: { annotations: { $patch: 'delete' } } },
      { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } },
      { spec: { template: { spec: { containers: [{ $patch: 'replace' }] } } } },
      { spec: { template: { spec: { containers: [{ $patch: 'replace' }, { name: 'n', image: 'i' }] } } } },
      { spec: { template: { spec: { containers: [{ $patch: 'delete', name: 'c' }] } } } },
      { spec: { template: { spec: { tolerations: [{ $patch: 'replace' }] } } } },
      {
        spec: {
          template: {
            spec: {
              containers: [{ name: 'new', image: 'i', env: [{ $patch: 'delete', name: 'E' }], tty: null }],
            },
          },
        },
      },
      { spec: { template: { spec: { $patch: 'replace', containers: [{ name: 'c', image: 'j' }] } } } },
      { spec: { template: { spec: { imagePullSecrets: [{}] } } } },
      { $patch: 'replace' },
      { $patch: 'delete' },
    ].flatMap((body) =>
      ['dryRun=All', 'dryRun=All&fieldValidation=Strict'].map((query) =>
        patch(`${deployments}/d?${query}`, 'application/strategic-merge-patch+json', body),
      ),
    ),
  ]),
  inNamespace('field-validation', 'of patches', [
    made(configMaps, configMap('a', { data: { x: '1' } })),
    ...['Strict', 'Warn', 'Ignore'].flatMap((mode) => {
      const at = `${configMaps}/a?fieldValidation=${mode}`;
      return [
        patch(at, merge, '{"nope":1,"data":{"x":"1","x":"2"}}'),
        patch(at, 'application/strategic-merge-patch+json', '{"nope":1,"data":{"x":"1","x":"2"}}'),
        patch(
          at,
          'application/json-patch+json',
          '[{"op":"add","path":"/nope","value":1,"value":2,"more":1}]',
        ),
        patch(
          `${at}&fieldManager=m`,
          apply,
          'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {q: r, q: s}\n',
        ),
      ];
    }),
  ]),
  inNamespace('apply', 'elements without their keys', [
    ...[
      { imagePullSecrets: [{}] },
      { imagePullSecrets: [{}, {}] },
      { hostAliases: [{}], volumes: [{}] },
      { containers: [{ image: 'i' }] },
    ].map((spec, index) =>
      patch(`/api/v1/namespaces/{{ns}}/pods/p${index}?fieldManager=m`, apply, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: `p${index}` },
        spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
      }),
    ),
    post(pods, pod('q', { imagePullSecrets: [{}] })),
  ]),
  inNamespace('apply', 'bodies that fail', [
    ...[
      configMap('a', { bogus: 1 }),
      { kind: 'ConfigMap', metadata: { name: 'a' } },
      { apiVersion: 'v1', metadata: { name: 'a' } },
      configMap('b'),
      configMap('a', { data: { a: 1 } }),
      { ...configMap('a'), metadata: { name: 'a', managedFields: [] } },
      { ...configMap('a'), metadata: { name: 'a', resourceVersion: '1' } },
      { ...configMap('a'), metadata: { name: 'a', uid: 'x' } },
      'a: [',
      [],
    ].map((body) => patch(`${configMaps}/a?fieldManager=m`, apply, body)),
    patch(`${configMaps}/a`, apply, configMap('a')),
    patch(`${configMaps}/a?fieldManager=m&dryRun=All`, apply, configMap('a')),
  ]),
  inNamespace('apply', 'after an update by another', [
    post(`${configMaps}?fieldManager=creator`, configMap('a', { data: { x: '1', y: '1' } })),
    patch(`${configMaps}/a?fieldManager=m`, apply, configMap('a', { data: { x: '2' } })),
    patch(`${configMaps}/a?fieldManager=m&force=true`, apply, configMap('a', { data: { x: '2' } })),
    patch(`${configMaps}/a?fieldManager=creator`, merge, { data: { x: '3' } }),
    patch(`${configMaps}/a?fieldManager=m`, apply, configMap('a', { data: {} })),
    { ...patch(`${configMaps}/a`, merge, { metadata: { managedFields: [{}] } }) },
    patch(`${configMaps}/a?fieldManager=m`, apply, configMap('a', { data: { z: '1' } })),
  ]),
  ...(['alice', 'bob', 'carol', 'node', 'anonymous', 'stranger'] as const).map((as) =>
    inNamespace('access', as, [
      { path: configMaps, as },
      { path: `${configMaps}/a`, as },
      post(configMaps, configMap('a'), { as }),
      { path: '/api/v1/nodes', as },
      { path: '/api/v1/namespaces?fieldSelector=metadata.name={{ns}}', as },
      { method: 'DELETE', path: `${deployments}/d`, as },
      patch(`${deployments}/d/scale`, merge, {}),
      { path: '/apis/rbac.authorization.k8s.io/v1/clusterroles/no-such-role', as },
      { path: '/metrics', as, onlyCode: true },
      { path: '/healthz', as },
      { path: '/version', as, onlyCode: true },
      { path: '/no-such-path', as },
      post(
        '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
        {
          spec: { resourceAttributes: { namespace: '{{ns}}', verb: 'get', resource: 'pods' } },
        },
        { as },
      ),
      post('/apis/authentication.k8s.io/v1/selfsubjectreviews', {}, { as }),
      { path: configMaps, as: 'admin', headers: { 'impersonate-user': `someone-${as}` } },
      {
        path: configMaps,
        as,
        headers: { 'impersonate-user': 'admin', 'impersonate-group': 'system:masters' },
      },
    ]),
  ),
  inNamespace('reviews', 'of access and tokens', [
    post('/apis/authorization.k8s.io/v1/subjectaccessreviews', {
      spec: {
        user: 'bob',
        resourceAttributes: { namespace: '{{ns}}', verb: 'create', group: 'apps', resource: 'deployments' },
      },
    }),
    post('/apis/authorization.k8s.io/v1/subjectaccessreviews', {
      spec: { user: 'alice', nonResourceAttributes: { path: '/metrics', verb: 'get' } },
    }),
    post('/apis/authorization.k8s.io/v1/subjectaccessreviews', { spec: {} }),
    post('/apis/authorization.k8s.io/v1/subjectaccessreviews', { spec: { user: 'x' } }),
    post('/apis/authorization.k8s.io/v1/namespaces/{{ns}}/localsubjectaccessreviews', {
      spec: { user: 'bob', resourceAttributes: { namespace: '{{ns}}', verb: 'get', resource: 'pods' } },
    }),
    post('/apis/authorization.k8s.io/v1/namespaces/{{ns}}/localsubjectaccessreviews', {
      spec: { user: 'bob', resourceAttributes: { namespace: 'other', verb: 'get', resource: 'pods' } },
    }),
    post(
      '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
      { spec: { namespace: '{{ns}}' } },
      { as: 'alice' },
    ),
    post('/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', { spec: {} }),
    post('/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token: 'bob-token' } }),
    post('/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token: 'no-such-token' } }),
    post('/apis/authentication.k8s.io/v1/tokenreviews', { spec: {} }),
    { path: '/apis/authentication.k8s.io/v1/tokenreviews' },
    { path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews/x' },
  ]),
  {
    area: 'protobuf',
    name: 'a ClusterRole that gathers the rules of others',
    steps: [
      post(
        '/apis/rbac.authorization.k8s.io/v1/clusterroles',
        {
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'ClusterRole',
          metadata: { name: '{{ns}}' },
          aggregationRule: { clusterRoleSelectors: [{ matchLabels: { 'no-such': 'label' } }] },
          rules: null,
        },
        { protobuf: true, accept: 'application/json' },
      ),
      {
        path: '/apis/rbac.authorization.k8s.io/v1/clusterroles/{{ns}}',
        accept: 'application/vnd.kubernetes.protobuf',
      },
      { method: 'DELETE', path: '/apis/rbac.authorization.k8s.io/v1/clusterroles/{{ns}}', onlyCode: true },
    ],
  },
  {
    area: 'paths',
    name: 'that lead nowhere or elsewhere',
    steps: [
      '/',
      '/api/v1/nothing',
      '/api/v1/namespaces/default/nothing',
      '/api/v1/namespaces/default/nodes',
      '/api/v1/nodes/n/nothing',
      '/apis/apps/v1/namespaces/default/deployments/d/nothing',
      '/apis/apps/v9/deployments',
      '/apis/nope/v1/things',
      '/healthz',
      '/healthz/ping',
      '/healthz/nothing',
      '/livez',
      '/readyz/ping',
      '/logs',
      '/api/v1/watch/namespaces/no-such/configmaps/a?timeoutSeconds=1',
      '/api/v1/namespaces/default/',
      '/api/v1//namespaces',
      '/%61pi/v1/namespaces/default',
    ].map((path) => (path === '/' ? { path, onlyCode: true } : { path })),
  },
  {
    area: 'paths',
    name: 'with methods that are not served',
    steps: [
      { method: 'PUT', path: '/api/v1/namespaces' },
      { method: 'PATCH', path: '/api/v1/namespaces' },
      { method: 'POST', path: '/api/v1/namespaces/default' },
      { method: 'OPTIONS', path: '/api/v1/namespaces' },
      { method: 'HEAD', path: '/api/v1/namespaces/default' },
      { method: 'TRACE', path: '/api/v1/namespaces/default' },
      { method: 'POST', path: '/version' },
      { method: 'DELETE', path: '/api/v1/namespaces' },
    ],
  },
  {
    area: 'forms',
    name: 'of one answer',
    steps: [
      'application/yaml',
      'application/json;pretty=1',
      'application/*',
      '*/*',
      'application/json;as=Table;v=v1beta1;g=meta.k8s.io',
      'application/json;as=Table;v=v9;g=meta.k8s.io',
      'application/json;as=Table;v=v9;g=meta.k8s.io,application/json',
      'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
      'application/yaml;as=Table;v=v1;g=meta.k8s.io',
      'application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
      'application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io',
      'text/html',
      'application/json;q=0',
    ].map((accept) => ({ path: '/apis/scheduling.k8s.io/v1/priorityclasses/system-node-critical', accept })),
  },
];
