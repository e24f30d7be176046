/**
 * What admission is configured with, and what is asked then; played to our server and to the real one, which call the same
 * webhook. It answers by path, and at `/tell` refuses with all that it was told, so that the reviews are compared too.
 */
import type { AnyObject } from '@skerry/api';
import type { Step } from './case.ts';

export interface Sequence {
  readonly name: string;
  /** Made first, in order; `{{hook}}` is the webhook's address, `{{ca}}` what signed it, `{{ns}}` the namespace. */
  readonly setup: readonly { readonly path: string; readonly body: object }[];
  /** Asked until it is answered so: then what was made is in force. */
  readonly until: Step & { readonly code: number };
  readonly steps: readonly Step[];
  /** Where our server is known to answer otherwise: `<step>: <path>`. */
  readonly known?: readonly string[];
}

const registration = '/apis/admissionregistration.k8s.io/v1';
const configMaps = '/api/v1/namespaces/{{ns}}/configmaps';
const deployments = '/apis/apps/v1/namespaces/{{ns}}/deployments';
const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const merge = 'application/merge-patch+json';

/** Only the sequence's own namespace is concerned. */
const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': '{{ns}}' } };
const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['configmaps'] };
const configMap = (name: string, fields: object = {}) => ({ metadata: { name }, ...fields });
const post = (path: string, body: object): Step => ({ method: 'POST', path, body });
const patch = (path: string, body: object): Step => ({ method: 'PATCH', path, type: merge, body });

function webhook(kind: 'mutating' | 'validating', path: string, fields: object = {}) {
  return {
    path: `${registration}/${kind}webhookconfigurations`,
    body: {
      metadata: { name: `{{ns}}-${path}` },
      webhooks: [
        {
          name: `${path}.example.com`,
          clientConfig: { url: `{{hook}}/${path}`, caBundle: '{{ca}}' },
          rules: [rule],
          namespaceSelector,
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
          ...fields,
        },
      ],
    },
  };
}

/** Refuses whatever is called so: with it in force, so is what was made before it. */
const gate = webhook('validating', 'gate', { rules: [{ ...rule, operations: ['CREATE'] }] });
const shut = { ...post(`${configMaps}?dryRun=All`, configMap('gate')), code: 400 };

function policy(kind: 'validating' | 'mutating', spec: object, binding: object = {}, name = '{{ns}}') {
  const actions = kind === 'validating' ? { validationActions: ['Deny'] } : {};
  return [
    {
      path: `${registration}/${kind}admissionpolicies`,
      body: {
        metadata: { name },
        spec: {
          failurePolicy: 'Fail',
          ...(kind === 'mutating' ? { reinvocationPolicy: 'Never' } : {}),
          matchConstraints: {
            namespaceSelector,
            resourceRules: [{ ...rule, operations: ['CREATE', 'UPDATE'] }],
          },
          ...spec,
        },
      },
    },
    {
      path: `${registration}/${kind}admissionpolicybindings`,
      body: { metadata: { name }, spec: { policyName: name, ...actions, ...binding } },
    },
  ];
}

/** Fails, and is in force no sooner than what was made before it. */
const broken = { patchType: 'JSONPatch', jsonPatch: { expression: '[JSONPatch{op: object.none}]' } };
const named = (operator: string) => ({
  name: 'named',
  expression: `object.metadata.name ${operator} 'gate'`,
});

const refusing = (fields: object) =>
  policy('validating', { validations: [{ expression: 'false', ...fields }] });
const denied = { ...post(`${configMaps}?dryRun=All`, configMap('probe', { data: { a: '1' } })), code: 422 };

function deployment(name: string): AnyObject {
  const labels = { app: name };
  return {
    metadata: { name },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    },
  };
}

const told = (resources: string[], apiGroups = ['']) => [
  webhook('validating', 'tell', { rules: [{ ...rule, apiGroups, resources }] }),
  gate,
];

function applied(name: string, manager: string): Step {
  return {
    method: 'PATCH',
    path: `${configMaps}/${name}?fieldManager=${manager}`,
    type: 'application/apply-patch+yaml',
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { c: '3' } },
  };
}

export const sequences: readonly Sequence[] = [
  {
    name: 'a review of a create, an update and a delete',
    setup: [webhook('validating', 'tell', { rules: [{ ...rule, operations: ['UPDATE', 'DELETE'] }] }), gate],
    until: shut,
    steps: [
      post(`${configMaps}?fieldManager=me`, configMap('x', { data: { a: '1' } })),
      patch(`${configMaps}/x?fieldManager=me`, { data: { b: '2' } }),
      { method: 'DELETE', path: `${configMaps}/x?propagationPolicy=Foreground` },
      { method: 'DELETE', path: configMaps },
    ],
  },
  {
    name: 'reviews of creates',
    setup: told(['configmaps']),
    until: shut,
    steps: [
      post(`${configMaps}?fieldManager=me`, configMap('x', { data: { a: '1' } })),
      post(`${configMaps}?dryRun=All&fieldManager=me`, configMap('x')),
    ],
  },
  {
    name: 'a mutating review of a create, named or not',
    setup: [webhook('mutating', 'tell'), gate],
    until: shut,
    steps: [
      post(`${configMaps}?fieldManager=me`, configMap('x', { data: { a: '1' } })),
      post(`${configMaps}?fieldManager=me`, { metadata: { generateName: 'gen-' } }),
    ],
  },
  {
    name: 'reviews of subresources',
    setup: told(['deployments/*', 'pods/*'], ['apps', '']),
    until: shut,
    steps: [
      { ...post(deployments, deployment('d')), onlyCode: true },
      patch(`${deployments}/d/scale?fieldManager=me`, { spec: { replicas: 3 } }),
      patch(`${deployments}/d/status?fieldManager=me`, { status: { observedGeneration: 1 } }),
      {
        ...post('/api/v1/namespaces/{{ns}}/pods', {
          metadata: { name: 'p' },
          spec: { containers: [{ name: 'c', image: 'i' }], automountServiceAccountToken: false },
        }),
        onlyCode: true,
      },
      post('/api/v1/namespaces/{{ns}}/pods/p/eviction', {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name: 'p' },
      }),
      post('/api/v1/namespaces/{{ns}}/pods/p/binding', {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name: 'p' },
        target: { kind: 'Node', name: 'n' },
      }),
      post(
        '/api/v1/namespaces/{{ns}}/pods/p/exec?command=sh&command=-c&stdin=true&stdout=true&container=c',
        {},
      ),
      post('/api/v1/namespaces/{{ns}}/pods/p/portforward?ports=80&ports=81', {}),
      { path: '/api/v1/namespaces/{{ns}}/pods/p/proxy/some/path?x=y' },
    ],
    // A Binding is never kept, and so nobody owns its fields.
    known: ['5: body.told.object.metadata.managedFields'],
  },
  {
    name: 'a review in an equivalent version',
    setup: [
      webhook('validating', 'tell', {
        rules: [
          {
            apiGroups: ['autoscaling'],
            apiVersions: ['v1'],
            operations: ['*'],
            resources: ['horizontalpodautoscalers'],
          },
        ],
      }),
      gate,
    ],
    until: shut,
    steps: [
      post('/apis/autoscaling/v2/namespaces/{{ns}}/horizontalpodautoscalers?fieldManager=me', {
        metadata: { name: 'h' },
        spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' } },
      }),
    ],
  },
  ...[
    'no',
    'no-with-message',
    'no-with-status',
    'no-with-reason',
    'wrong-uid',
    'no-response',
    'not-json',
    'fails',
    'patches',
  ].map((path): Sequence => ({
    name: `a validating webhook that answers ${path}`,
    setup: [webhook('validating', path), gate],
    until: shut,
    steps: [post(configMaps, configMap('x'))],
  })),
  ...[
    'patch',
    'bad-patch',
    'deep-patch',
    'patch-without-type',
    'type-without-patch',
    'unknown-fields',
    'warns',
  ].map((path): Sequence => ({
    name: `a mutating webhook that answers ${path}`,
    setup: [webhook('mutating', path), gate],
    until: shut,
    steps: [
      post(`${configMaps}?fieldManager=me`, configMap('x', { data: { a: '1' } })),
      { path: `${configMaps}/x` },
    ],
  })),
  {
    name: 'mutating reviews of changes',
    setup: [webhook('mutating', 'tell', { rules: [{ ...rule, operations: ['UPDATE', 'DELETE'] }] }), gate],
    until: shut,
    steps: [
      post(`${configMaps}?fieldManager=me`, configMap('x', { data: { a: '1' } })),
      { method: 'PUT', path: `${configMaps}/x?fieldManager=me`, body: configMap('x', { data: { b: '2' } }) },
      patch(`${configMaps}/x?fieldManager=me&fieldValidation=Strict`, { data: { b: '2' } }),
      applied('x', 'one'),
      { method: 'DELETE', path: `${configMaps}/x`, body: { gracePeriodSeconds: 5 } },
      { method: 'DELETE', path: `${configMaps}?labelSelector=a` },
    ],
    // What a client needn't send again is put back before it is asked about.
    known: ['1: body.told.object.metadata.creationTimestamp'],
  },
  {
    name: 'reviews of what is applied',
    setup: [webhook('validating', 'tell', { rules: [rule] }), gate],
    until: shut,
    steps: [applied('x', 'one')],
  },
  {
    name: 'a webhook that may fail',
    setup: [webhook('validating', 'fails', { failurePolicy: 'Ignore' }), gate],
    until: shut,
    steps: [post(configMaps, configMap('x'))],
  },
  ...[
    { clientConfig: { url: 'https://127.0.0.1:1/x', caBundle: '{{ca}}' } },
    { clientConfig: { url: '{{hook}}/allow' } },
    { clientConfig: { url: '{{wrongHost}}/allow', caBundle: '{{ca}}' } },
    { clientConfig: { service: { namespace: '{{ns}}', name: 'none' }, caBundle: '{{ca}}' } },
    { clientConfig: { url: '{{hook}}/slow', caBundle: '{{ca}}' }, timeoutSeconds: 1 },
  ].map((fields): Sequence => ({
    name: `a webhook at ${JSON.stringify(fields.clientConfig)}`,
    setup: [webhook('validating', 'hard', { ...fields, matchConditions: [named('!=')] }), gate],
    until: shut,
    steps: [post(configMaps, configMap('x'))],
  })),
  {
    name: 'webhooks that have side effects, in a dry run',
    setup: [webhook('validating', 'allow', { sideEffects: 'NoneOnDryRun' }), gate],
    until: shut,
    steps: [post(`${configMaps}?dryRun=All`, configMap('x')), post(configMaps, configMap('x'))],
  },
  {
    name: 'reinvocation',
    setup: [
      webhook('mutating', 'a-count', { reinvocationPolicy: 'IfNeeded' }),
      webhook('mutating', 'b-add'),
      gate,
    ],
    until: shut,
    steps: [post(configMaps, configMap('x', { data: { a: '1' } }))],
  },
  {
    name: 'conditions of a webhook that fail',
    setup: [
      webhook('validating', 'allow', { matchConditions: [{ name: 'c', expression: 'object.none.x == 1' }] }),
      gate,
    ],
    until: { ...post(`${configMaps}?dryRun=All`, configMap('x')), code: 403 },
    steps: [post(configMaps, configMap('x'))],
  },
  {
    name: 'webhooks that are refused when they are written',
    setup: [],
    until: { path: '/version', code: 200 },
    steps: [
      { rules: [] },
      { matchConditions: [{ name: 'c', expression: 'object.' }] },
      {
        matchConditions: [
          { name: 'c', expression: '1' },
          { name: 'c', expression: '' },
        ],
      },
      { clientConfig: { url: 'http://x/y?z#a' } },
      { clientConfig: { service: { name: 'a', namespace: 'b', path: 'c', port: 0 } } },
      {
        rules: [
          { ...rule, resources: ['*', 'pods', '*/*'], operations: ['*', 'CREATE'], apiGroups: ['*', 'a'] },
        ],
      },
      {
        timeoutSeconds: 31,
        sideEffects: 'Some',
        failurePolicy: 'Maybe',
        admissionReviewVersions: ['v1', 'v1', 'v9'],
      },
    ].map((fields) =>
      post(`${registration}/validatingwebhookconfigurations`, webhook('validating', 'x', fields).body),
    ),
  },
  ...[
    {},
    { message: ' mind the gap ' },
    { messageExpression: "'made of ' + object.metadata.name" },
    { message: 'no', reason: 'Forbidden' },
    { message: 'no', messageExpression: 'string(object.none)' },
  ].map((fields): Sequence => ({
    name: `a policy that denies with ${JSON.stringify(fields)}`,
    setup: refusing(fields),
    until: { ...denied, code: 'reason' in fields ? 403 : 422 },
    steps: [post(configMaps, configMap('x', { data: { a: '1' } }))],
  })),
  ...[
    'object.none.x == 1',
    'oldObject != null',
    "object.data.a == 'b' || request.operation == 'UPDATE'",
    "authorizer.requestResource.check('fly').errored()",
    "namespaceObject.metadata.name == 'other'",
    "request.userInfo.username == 'nobody' || size(object.metadata.managedFields) == 0",
    'object.data.a > 1',
  ].map((expression): Sequence => ({
    name: `a policy with ${expression}`,
    setup: policy('validating', { validations: [{ expression }] }),
    until: denied,
    steps: [post(configMaps, configMap('x', { data: { a: '1' } }))],
  })),
  {
    name: 'a policy whose params are many',
    setup: [
      ...[
        ['one', '1'],
        ['two', '2'],
      ].map(([name, max]) => ({
        path: configMaps,
        body: { metadata: { name, labels: { of: 'params' } }, data: { max } },
      })),
      ...policy(
        'validating',
        {
          paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
          variables: [{ name: 'max', expression: 'int(params.data.max)' }],
          validations: [
            {
              expression: 'size(object.data) <= variables.max',
              messageExpression: "'at most ' + string(variables.max)",
            },
          ],
        },
        { paramRef: { selector: { matchLabels: { of: 'params' } }, parameterNotFoundAction: 'Deny' } },
      ),
    ],
    until: {
      ...post(`${configMaps}?dryRun=All`, configMap('probe', { data: { a: '1', b: '2', c: '3' } })),
      code: 422,
    },
    steps: [
      post(configMaps, configMap('x', { data: { a: '1', b: '2' } })),
      post(configMaps, configMap('y', { data: { a: '1' } })),
    ],
  },
  {
    name: 'a policy with conditions and exclusions',
    setup: policy('validating', {
      matchConstraints: {
        namespaceSelector,
        resourceRules: [{ ...rule, operations: ['CREATE', 'UPDATE'] }],
        excludeResourceRules: [{ ...rule, resourceNames: ['out'] }],
      },
      matchConditions: [{ name: 'c', expression: "object.metadata.name != 'free'" }],
      validations: [{ expression: 'false' }, { expression: "object.metadata.name != 'x'", message: 'again' }],
      auditAnnotations: [{ key: 'k', valueExpression: "'v'" }],
    }),
    until: denied,
    steps: ['x', 'out', 'free'].map((name) => post(configMaps, configMap(name))),
  },
  {
    name: 'a policy that warns',
    setup: policy(
      'validating',
      { validations: [{ expression: 'false', message: 'mind' }] },
      { validationActions: ['Warn', 'Audit'] },
    ),
    until: { ...post(`${configMaps}?dryRun=All`, configMap('x')), code: 201 },
    steps: [],
  },
  {
    name: 'a policy whose params are missing',
    setup: policy(
      'validating',
      { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' }, validations: [{ expression: 'true' }] },
      { paramRef: { name: 'none', parameterNotFoundAction: 'Deny' } },
    ),
    until: denied,
    steps: [post(configMaps, configMap('x'))],
  },
  {
    name: 'a policy whose kind of params is not served',
    setup: policy(
      'validating',
      {
        paramKind: { apiVersion: 'none.example.com/v1', kind: 'None' },
        validations: [{ expression: 'true' }],
      },
      { paramRef: { name: 'none', parameterNotFoundAction: 'Deny' } },
    ),
    until: denied,
    steps: [post(configMaps, configMap('x'))],
  },
  {
    name: 'policies that are refused when they are written',
    setup: [],
    until: { path: '/version', code: 200 },
    steps: [
      {},
      { validations: [] },
      { validations: [{ expression: 'object.' }] },
      { validations: [{ expression: '1' }] },
      { validations: [{ expression: 'true', reason: 'Unauthorized', message: ' ' }] },
      {
        validations: [
          { expression: 'true', messageExpression: "authorizer.path('/').check('get').reason()" },
        ],
      },
      { validations: [{ expression: 'params.x' }] },
      { variables: [{ name: '1a', expression: 'x' }], validations: [{ expression: 'variables.b' }] },
      {
        validations: [{ expression: 'true' }],
        matchConditions: [{ name: 'a b', expression: 'variables.x' }],
      },
      { validations: [{ expression: 'true' }], paramKind: { apiVersion: 'a/b/c', kind: 'X' } },
      { validations: [{ expression: 'true' }], matchConstraints: {} },
      { auditAnnotations: [{ key: 'a b', valueExpression: '1' }] },
    ].map((spec) => post(`${registration}/validatingadmissionpolicies`, policy('validating', spec)[0]!.body)),
  },
  ...[
    "Object{metadata: Object.metadata{labels: {'a': object.metadata.name}}}",
    "Object{data: Object.data{b: '2', c: 'x'}}",
    "Object{data: Object.wrong{b: '2'}}",
    "Object{metadata: Object.metadata{finalizers: ['example.com/a']}}",
    'Object{unknown: 1}',
    'Object{data: object.none}',
  ].map((expression): Sequence =>
    mutation({ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }, expression),
  ),
  ...[
    "[JSONPatch{op: 'add', path: '/data/b', value: '2'}]",
    "[JSONPatch{op: 'add', path: '/none/b', value: '2'}]",
    "[JSONPatch{op: 'test', path: '/data/a', value: 'x'}, JSONPatch{op: 'add', path: '/data/b', value: '2'}]",
    "[JSONPatch{op: 'add', path: '/data/b', value: object.none}]",
    "[JSONPatch{op: 'add', path: '/metadata/labels', value: {jsonpatch.escapeKey('a'): 'b'}}]",
    "[JSONPatch{op: 'replace', path: '/data/a', value: 1}]",
  ].map((expression): Sequence =>
    mutation({ patchType: 'JSONPatch', jsonPatch: { expression } }, expression),
  ),
  {
    name: 'definitions whose conversion is refused',
    setup: [],
    until: { path: '/version', code: 200 },
    steps: [
      { strategy: 'Other' },
      { strategy: 'Webhook' },
      { strategy: 'None', webhook: { clientConfig: { url: 'https://x' }, conversionReviewVersions: ['v1'] } },
      {
        strategy: 'Webhook',
        webhook: { clientConfig: { url: 'https://u:p@x/?a#b' }, conversionReviewVersions: ['v1', 'v1'] },
      },
      {
        strategy: 'Webhook',
        webhook: {
          clientConfig: { service: { name: 'a', namespace: 'b', path: 'x//y' } },
          conversionReviewVersions: ['v9'],
        },
      },
    ].map((conversion) => post(crds, definition({ conversion }))),
  },
  ...[
    'convert',
    'convert-fails',
    'convert-nothing',
    'convert-wrong-version',
    'convert-renames',
    'convert-bad-labels',
    'fails',
  ].map((path): Sequence => ({
    name: `a conversion that answers ${path}`,
    setup: [
      {
        path: crds,
        body: definition({
          conversion: {
            strategy: 'Webhook',
            webhook: {
              clientConfig: { url: `{{hook}}/${path}`, caBundle: '{{ca}}' },
              conversionReviewVersions: ['v1'],
            },
          },
        }),
      },
    ],
    until: { path: '/apis/{{ns}}.example.com/v1/namespaces/{{ns}}/toys', code: 200 },
    steps: [
      post('/apis/{{ns}}.example.com/v1/namespaces/{{ns}}/toys?fieldManager=me', {
        apiVersion: '{{ns}}.example.com/v1',
        kind: 'Toy',
        metadata: { name: 't', labels: { a: 'b' } },
        old: 'o',
      }),
      { path: '/apis/{{ns}}.example.com/v2/namespaces/{{ns}}/toys/t' },
      { path: '/apis/{{ns}}.example.com/v2/namespaces/{{ns}}/toys' },
      patch('/apis/{{ns}}.example.com/v2/namespaces/{{ns}}/toys/t?fieldManager=me', { new: 'n' }),
      { path: '/apis/{{ns}}.example.com/v1/namespaces/{{ns}}/toys/t' },
    ],
    known: [
      '2: body.metadata.continue',
      // Who owned a field that a change in another version brought along is not reckoned there.
      '3: body.metadata.managedFields[0].fieldsV1.f:old',
      '4: body.metadata.managedFields[0].fieldsV1.f:old',
    ],
  })),
  {
    name: 'what no proxy leads to',
    setup: [
      {
        path: '/api/v1/namespaces/{{ns}}/pods',
        body: {
          metadata: { name: 'p' },
          spec: {
            nodeName: 'n',
            containers: [{ name: 'c', image: 'i' }],
            automountServiceAccountToken: false,
          },
        },
      },
      {
        path: '/api/v1/namespaces/{{ns}}/services',
        body: { metadata: { name: 's' }, spec: { ports: [{ port: 80 }] } },
      },
    ],
    until: { path: '/version', code: 200 },
    steps: [
      {
        ...patch('/api/v1/namespaces/{{ns}}/pods/p/status', { status: { podIP: '10.1.2.3' } }),
        onlyCode: true,
      },
      ...[
        'pods/p/proxy?x=y',
        'services/s/proxy',
        'pods/a:b:c:d/proxy/',
        'pods/ftp:p:80/proxy/',
        'pods/none/proxy/',
        'services/:80/proxy/',
        'services/none/proxy/',
        'services/s:81/proxy/',
        'services/s:x/proxy/',
        'services/s/proxy/',
      ].map((path): Step => ({ path: `/api/v1/namespaces/{{ns}}/${path}` })),
      { path: '/api/v1/nodes/none/proxy/' },
      { path: '/api/v1/nodes/a:b:c:d/proxy/' },
    ],
  },
  {
    name: 'APIServices',
    setup: [],
    until: { path: '/version', code: 200 },
    steps: [
      ...[
        { name: 'v1.x.example.com' },
        { name: 'other' },
        { name: 'v1.x.example.com', groupPriorityMinimum: 0, versionPriority: 5000 },
        { name: 'v1.x.example.com', caBundle: 'eA==', insecureSkipTLSVerify: true },
      ].map(({ name, ...spec }) =>
        post('/apis/apiregistration.k8s.io/v1/apiservices?dryRun=All', {
          metadata: { name },
          spec: {
            group: 'x.example.com',
            version: 'v1',
            groupPriorityMinimum: 10,
            versionPriority: 10,
            ...spec,
          },
        }),
      ),
      { path: '/apis/apiregistration.k8s.io/v1/apiservices/v1.' },
      { path: '/apis/apiregistration.k8s.io/v1/apiservices/v1.apps' },
    ],
  },
];

function mutation(given: object, expression: string): Sequence {
  return {
    name: `a mutating policy with ${expression}`,
    setup: [
      ...policy('mutating', { mutations: [given], matchConditions: [named('!=')] }),
      ...policy('mutating', { mutations: [broken], matchConditions: [named('==')] }, {}, '{{ns}}-gate'),
    ],
    until: { ...shut, code: 403 },
    steps: [post(`${configMaps}?fieldManager=me`, configMap('x', { data: { a: '1' } }))],
  };
}

function definition(spec: object): object {
  const text = { type: 'string' };
  const version = (name: string, storage: boolean, properties: object) => ({
    name,
    served: true,
    storage,
    schema: { openAPIV3Schema: { type: 'object', properties } },
  });
  return {
    metadata: { name: 'toys.{{ns}}.example.com' },
    spec: {
      group: '{{ns}}.example.com',
      scope: 'Namespaced',
      names: { plural: 'toys', kind: 'Toy' },
      versions: [version('v1', true, { old: text }), version('v2', false, { new: text })],
      ...spec,
    },
  };
}
