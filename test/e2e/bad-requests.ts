/** Requests that an API server refuses, by group, with what it answers: the code, the reason and the words of stock Kubernetes. */
import type { ApiRequest } from '../support/center.ts';

export const configMaps = '/api/v1/namespaces/default/configmaps';
export const pods = '/api/v1/namespaces/default/pods';
export const deployments = '/apis/apps/v1/namespaces/default/deployments';

export function configMap(name = 'a', more: object = {}): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, ...more };
}

export function pod(spec: object = {}, name = 'p'): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { containers: [{ name: 'c', image: 'busybox' }], ...spec },
  };
}

export function deployment(spec: object): object {
  const labels = { app: 'd' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'busybox' }] } };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd' },
    spec: { selector: { matchLabels: labels }, template, ...spec },
  };
}

export const post = (path: string, body: unknown, headers: Record<string, string> = {}): ApiRequest => ({
  method: 'POST',
  path,
  body,
  headers,
});

const patchTypes = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

const patch = (type: keyof typeof patchTypes, body: unknown, query = '', path = `${configMaps}/kept`) => ({
  method: 'PATCH',
  path: `${path}${query}`,
  body: typeof body === 'string' ? body : JSON.stringify(body),
  headers: { 'content-type': patchTypes[type] },
});

const as = (user: string, path: string, method = 'GET'): ApiRequest => ({
  method,
  path,
  headers: { 'impersonate-user': user },
  ...(method === 'POST' ? { body: configMap() } : {}),
});

const yaml = { 'content-type': 'application/yaml' };
const nested = `{"apiVersion":"v1","kind":"ConfigMap","x":${'['.repeat(50_000)}${']'.repeat(50_000)}}`;

type Case = [what: string, request: ApiRequest, code: number, reason: string, message: string | RegExp];

const bodies: Case[] = [
  [
    'JSON that breaks off',
    post(pods, '{"kind":"Pod",'),
    400,
    'BadRequest',
    'the object provided is unrecognized (must be of type Pod): couldn\'t get version/kind; json parse error: unexpected end of JSON input ({"kind":"Pod",)',
  ],
  ['no body', post(pods, ''), 400, 'BadRequest', /unexpected end of JSON input \(<empty>\)$/],
  ['text', post(pods, 'hello'), 400, 'BadRequest', /invalid character 'h' looking for beginning of value/],
  ['a list', post(pods, []), 400, 'BadRequest', /Pod/],
  [
    'another kind',
    post(pods, configMap()),
    400,
    'BadRequest',
    /^ConfigMap in version "v1" cannot be handled as a Pod/,
  ],
  [
    'broken YAML',
    post(configMaps, 'a: [b\n  c: }', yaml),
    400,
    'BadRequest',
    /yaml: mapping values are not allowed in this context \([0-9a-f]+\)$/,
  ],
  [
    'an unknown field, Strict',
    post(`${pods}?fieldValidation=Strict`, pod({ foo: 1 })),
    400,
    'BadRequest',
    'Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.foo"',
  ],
  [
    'a field given twice, Strict',
    post(`${configMaps}?fieldValidation=Strict`, '{"metadata":{"name":"a","name":"b"}}'),
    400,
    'BadRequest',
    'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: duplicate field "metadata.name"',
  ],
  [
    'a key given twice in YAML, Strict',
    post(`${configMaps}?fieldValidation=Strict`, 'metadata:\n  name: a\n  name: b\n', yaml),
    400,
    'BadRequest',
    /strict decoding error: yaml: unmarshal errors:\n +line 3: key "name" already set in map$/,
  ],
  [
    'a word for a number',
    post(deployments, deployment({ replicas: 'three' })),
    400,
    'BadRequest',
    /^Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec\.spec\.replicas of type int32$/,
  ],
  [
    'more than 3 MiB',
    post(configMaps, configMap('a', { data: { x: 'y'.repeat(4 << 20) } })),
    413,
    'RequestEntityTooLarge',
    'Request entity too large: limit is 3145728',
  ],
  ['too deep nesting', post(configMaps, nested), 400, 'BadRequest', /nested deeper/],
  [
    'a content type that is none',
    post(configMaps, configMap(), { 'content-type': 'text/plain' }),
    415,
    'UnsupportedMediaType',
    /^the body of the request was in an unknown format - accepted media types include: application\/json, application\/yaml/,
  ],
  [
    'what an answer can not be',
    { path: configMaps, headers: { accept: 'application/xml' } },
    406,
    'NotAcceptable',
    /^406: Not Acceptable\n\nAvailable representations: application\/json, /,
  ],
];

const values: Case[] = [
  [
    'a name of 254 characters',
    post(configMaps, configMap('x'.repeat(254))),
    422,
    'Invalid',
    /metadata\.name: Invalid value: "x+": must be no more than 253 (bytes|characters)/,
  ],
  [
    'a name with capitals',
    post(configMaps, configMap('Bad_Name')),
    422,
    'Invalid',
    /^ConfigMap "Bad_Name" is invalid: metadata\.name: Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain must consist of/,
  ],
  [
    'no name',
    post(configMaps, configMap('')),
    422,
    'Invalid',
    'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
  ],
  [
    'a bad label',
    post(configMaps, configMap('a', { metadata: { name: 'a', labels: { x: '-y' } } })),
    422,
    'Invalid',
    /metadata\.labels: Invalid value: "-y": a valid label must be/,
  ],
  [
    'too much annotation',
    post(configMaps, configMap('a', { metadata: { name: 'a', annotations: { x: 'y'.repeat(262_145) } } })),
    422,
    'Invalid',
    'ConfigMap "a" is invalid: metadata.annotations: Too long: may not be more than 262144 bytes',
  ],
  [
    'another namespace than the path',
    post(configMaps, configMap('a', { metadata: { name: 'a', namespace: 'b' } })),
    400,
    'BadRequest',
    'the namespace of the provided object does not match the namespace sent on the request',
  ],
  [
    'a namespace that is not there',
    post('/api/v1/namespaces/nope/configmaps', configMap()),
    404,
    'NotFound',
    'namespaces "nope" not found',
  ],
  [
    'a namespace that ends',
    post('/api/v1/namespaces/ending/configmaps', configMap()),
    403,
    'Forbidden',
    'configmaps "a" is forbidden: unable to create new content in namespace ending because it is being terminated',
  ],
  [
    'a name that is taken',
    post(configMaps, configMap('kept')),
    409,
    'AlreadyExists',
    'configmaps "kept" already exists',
  ],
  [
    'an old resourceVersion',
    {
      method: 'PUT',
      path: `${configMaps}/kept`,
      body: configMap('kept', { metadata: { name: 'kept', resourceVersion: '1' } }),
    },
    409,
    'Conflict',
    'Operation cannot be fulfilled on configmaps "kept": the object has been modified; please apply your changes to the latest version and try again',
  ],
  [
    'an unknown fieldValidation',
    post(`${configMaps}?fieldValidation=Bogus`, configMap()),
    422,
    'Invalid',
    /^CreateOptions\.meta\.k8s\.io "" is invalid: fieldValidation: Unsupported value: "Bogus"/,
  ],
  [
    'an unknown dryRun',
    post(`${configMaps}?dryRun=Some`, configMap()),
    422,
    'Invalid',
    /^CreateOptions\.meta\.k8s\.io "" is invalid: dryRun: Unsupported value/,
  ],
  [
    'a changed selector',
    {
      method: 'PATCH',
      path: `${deployments}/d`,
      body: '{"spec":{"selector":{"matchLabels":{"b":"c"}},"template":{"metadata":{"labels":{"b":"c"}}}}}',
      headers: { 'content-type': patchTypes.merge },
    },
    422,
    'Invalid',
    /^Deployment\.apps "d" is invalid: spec\.selector: Invalid value: .*: field is immutable$/,
  ],
];

const places: Case[] = [
  ['an object that is not there', { path: `${configMaps}/zz` }, 404, 'NotFound', 'configmaps "zz" not found'],
  [
    'an unknown resource',
    { path: '/api/v1/namespaces/default/foos' },
    404,
    'NotFound',
    'the server could not find the requested resource',
  ],
  [
    'PUT of a collection',
    { method: 'PUT', path: configMaps, body: configMap() },
    405,
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
  ],
  [
    'POST to an object',
    post(`${configMaps}/b`, configMap('b')),
    405,
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
  ],
  [
    'an unknown method',
    { method: 'PROPFIND', path: configMaps },
    405,
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
  ],
  ['a zero byte in a name', { path: `${configMaps}/a%00b` }, 404, 'NotFound', /not found$/],
  [
    'a broken escape',
    { path: `${configMaps}/%zz` },
    404,
    'NotFound',
    'the server could not find the requested resource',
  ],
  [
    'steps upwards',
    { path: '/api/v1/../v1/namespaces' },
    404,
    'NotFound',
    'the server could not find the requested resource',
  ],
  ['a slash in a name', { path: `${configMaps}/..%2f..%2fsecrets` }, 404, 'NotFound', /not found$/],
];

/** Of the first page of a list, as a server would give it. */
const token = Buffer.from('{"v":"meta.k8s.io/v1","rv":5,"start":"default/a\\u0000"}').toString('base64url');

const lists: Case[] = [
  [
    'a broken label selector',
    { path: `${configMaps}?labelSelector=${encodeURIComponent('a in (')}` },
    400,
    'BadRequest',
    "unable to parse requirement: found '', expected: ',', ')' or identifier",
  ],
  [
    'an unknown field selector',
    { path: `${configMaps}?fieldSelector=foo%3Dbar` },
    400,
    'BadRequest',
    '"foo" is not a known field selector: only "metadata.name", "metadata.namespace"',
  ],
  [
    'a limit that is no number',
    { path: `${configMaps}?limit=abc` },
    400,
    'BadRequest',
    /strconv\.ParseInt: parsing "abc": invalid syntax$/,
  ],
  [
    'a broken continue token',
    { path: `${configMaps}?limit=1&continue=garbage` },
    400,
    'BadRequest',
    /^invalid continue token: continue key is not valid: invalid character /,
  ],
  [
    'a continue token with a version',
    { path: `${configMaps}?limit=1&continue=${token}&resourceVersion=5` },
    400,
    'BadRequest',
    'specifying resource version is not allowed when using continue',
  ],
  [
    'a version of the future',
    { path: `${configMaps}?resourceVersion=99999999` },
    504,
    'Timeout',
    /^Timeout: Too large resource version: 99999999, current: \d+$/,
  ],
  [
    'a version that is none',
    { path: `${configMaps}?resourceVersion=abc` },
    400,
    'BadRequest',
    /^invalid resource version: resourceVersion: Invalid value: "abc"/,
  ],
  [
    'a match without a version',
    { path: `${configMaps}?resourceVersionMatch=Exact` },
    422,
    'Invalid',
    /resourceVersionMatch is forbidden unless resourceVersion is provided$/,
  ],
];

const patches: Case[] = [
  [
    'a JSON patch that is no JSON',
    patch('json', 'garbage'),
    400,
    'BadRequest',
    "error decoding patch: invalid character 'g' looking for beginning of value",
  ],
  [
    'a JSON patch that is no list',
    patch('json', {}),
    400,
    'BadRequest',
    /^error decoding patch: json: cannot unmarshal object/,
  ],
  [
    'a JSON patch of an unknown operation',
    patch('json', [{ op: 'frob', path: '/data/x' }]),
    422,
    'Invalid',
    'the server rejected our request due to an error in our request',
  ],
  [
    'a JSON patch of what is not there',
    patch('json', [{ op: 'remove', path: '/data/nope' }]),
    422,
    'Invalid',
    'the server rejected our request due to an error in our request',
  ],
  [
    'a JSON patch of a prototype',
    patch('json', [{ op: 'add', path: '/__proto__/x', value: 1 }]),
    422,
    'Invalid',
    'the server rejected our request due to an error in our request',
  ],
  [
    '10,001 operations',
    patch(
      'json',
      Array.from({ length: 10_001 }, () => ({ op: 'add', path: '/data/x', value: '1' })),
    ),
    413,
    'RequestEntityTooLarge',
    'The allowed maximum operations in a JSON patch is 10000, got 10001',
  ],
  ['a merge patch that is a list', patch('merge', []), 400, 'BadRequest', /^error decoding patch/],
  [
    'a merge patch of the name',
    patch('merge', { metadata: { name: 'b' } }),
    400,
    'BadRequest',
    'the name of the object (b) does not match the name on the URL (kept)',
  ],
  [
    'a merge patch of an old version',
    patch('merge', { metadata: { resourceVersion: '1' } }),
    409,
    'Conflict',
    /the object has been modified/,
  ],
  [
    'a patch that makes a list of text',
    patch('merge', { data: 'x' }),
    422,
    'Invalid',
    /cannot unmarshal string into Go struct field ConfigMap\.data/,
  ],
  [
    'a strategic patch with a bad directive',
    patch('strategic', { data: { $patch: 'frob' } }),
    400,
    'BadRequest',
    /^unknown patch type: frob/,
  ],
  [
    'a patch of what is not there',
    patch('merge', {}, '', `${configMaps}/zz`),
    404,
    'NotFound',
    'configmaps "zz" not found',
  ],
  [
    'a patch of no known type',
    { method: 'PATCH', path: `${configMaps}/kept`, body: {} },
    415,
    'UnsupportedMediaType',
    '415: Unsupported Media Type',
  ],
  [
    'apply without a manager',
    patch('apply', configMap('kept')),
    422,
    'Invalid',
    'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
  ],
  [
    'apply over another manager',
    patch('apply', configMap('kept', { data: { x: '2' } }), '?fieldManager=other'),
    409,
    'Conflict',
    /^Apply failed with 1 conflict: conflict with "[^"]+".*: \.data\.x$/,
  ],
  [
    'apply of managed fields',
    patch('apply', configMap('kept', { metadata: { name: 'kept', managedFields: [{}] } }), '?fieldManager=x'),
    400,
    'BadRequest',
    'metadata.managedFields must be nil',
  ],
  [
    'force of a merge patch',
    patch('merge', {}, '?force=true'),
    422,
    'Invalid',
    'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch',
  ],
];

const users: Case[] = [
  [
    'nobody',
    { path: pods, as: 'nobody' },
    403,
    'Forbidden',
    'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" in the namespace "default"',
  ],
  [
    'a bad token beside a good certificate',
    { path: pods, headers: { authorization: 'Bearer nonsense' } },
    401,
    'Unauthorized',
    'Unauthorized',
  ],
  [
    'a bad token for what anyone may read',
    { path: '/version', as: 'nobody', headers: { authorization: 'Bearer nonsense' } },
    401,
    'Unauthorized',
    'Unauthorized',
  ],
  [
    'a token signed by nobody',
    { path: pods, as: 'nobody', headers: { authorization: `Bearer ${unsigned()}` } },
    401,
    'Unauthorized',
    'Unauthorized',
  ],
  [
    'an unknown join token',
    { path: pods, as: 'nobody', headers: { authorization: 'Bearer abcdef.0123456789abcdef' } },
    401,
    'Unauthorized',
    'Unauthorized',
  ],
  [
    'a user without rights, cluster',
    as('jane', '/api/v1/nodes'),
    403,
    'Forbidden',
    'nodes is forbidden: User "jane" cannot list resource "nodes" in API group "" at the cluster scope',
  ],
  [
    'a user without rights, namespace',
    as('jane', configMaps, 'POST'),
    403,
    'Forbidden',
    'configmaps is forbidden: User "jane" cannot create resource "configmaps" in API group "" in the namespace "default"',
  ],
  [
    'a user without rights, subresource',
    as('jane', `${pods}/x/log`),
    403,
    'Forbidden',
    'pods "x" is forbidden: User "jane" cannot get resource "pods/log" in API group "" in the namespace "default"',
  ],
  [
    'a user without rights, path',
    as('jane', '/metrics'),
    403,
    'Forbidden',
    'forbidden: User "jane" cannot get path "/metrics"',
  ],
];

function unsigned(): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ iss: 'https://kubernetes.default.svc.cluster.local', sub: 'system:serviceaccount:kube-system:default' })}.`;
}

export const badRequests: readonly (readonly [group: string, cases: readonly Case[]])[] = [
  ['bodies', bodies],
  ['values', values],
  ['places', places],
  ['lists', lists],
  ['patches', patches],
  ['users', users],
];
