/**
 * What users and programs get wrong, against real processes: every refusal has the code, the reason and the words of stock
 * Kubernetes, or is one line with an exit code; afterwards everything is as it was.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '@skerry/base/testing';
import { type ApiRequest, Center } from '../support/center.ts';
import { type CommandResult, entry, run } from '../support/cluster.ts';

const isRoot = process.getuid?.() === 0;
const stackLine = /^\s+at .+:\d+:\d+\)?$/m;
const configMaps = '/api/v1/namespaces/default/configmaps';
const pods = '/api/v1/namespaces/default/pods';
const deployments = '/apis/apps/v1/namespaces/default/deployments';

function configMap(name = 'a', more: object = {}): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, ...more };
}

function pod(spec: object = {}, name = 'p'): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { containers: [{ name: 'c', image: 'busybox' }], ...spec },
  };
}

function deployment(spec: object): object {
  const labels = { app: 'd' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'busybox' }] } };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd' },
    spec: { selector: { matchLabels: labels }, template, ...spec },
  };
}

const post = (path: string, body: unknown, headers: Record<string, string> = {}): ApiRequest => ({
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

describe('the API answers', () => {
  let center: Center;

  beforeAll(async () => {
    center = await Center.start();
    const made = [
      post(configMaps, configMap('kept', { data: { x: '1' } })),
      post(deployments, deployment({ replicas: 0 })),
      post('/api/v1/namespaces', { metadata: { name: 'ending' } }),
      post(
        '/api/v1/namespaces/ending/configmaps',
        configMap('holds', { metadata: { name: 'holds', finalizers: ['example.com/held'] } }),
      ),
      { method: 'DELETE', path: '/api/v1/namespaces/ending' },
    ];
    for (const request of made) expect((await center.request(request)).status).toBeLessThan(300);
  });

  /** After all that, it works as before, and nothing in its log is a trace of a bug. */
  afterAll(async () => {
    const { logs } = center;
    const ready = await center.request({ path: '/readyz' });
    const kept = await center.request({ path: `${configMaps}/kept` });
    await center.stop();
    expect(ready.text).toBe('ok');
    expect(kept.json['data']).toEqual({ x: '1' });
    expect(logs).not.toMatch(/panicked|bug:|\\n {4}at /);
  });

  describe.each([
    ['bodies', bodies],
    ['values', values],
    ['places', places],
    ['lists', lists],
    ['patches', patches],
    ['users', users],
  ])('bad %s', (_group, cases) => {
    test.each(cases)('%s', async (_what, request, code, reason, message) => {
      const { status, json, text } = await center.request(request);
      expect({ status, json }).toMatchObject({
        status: code,
        json: { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason },
      });
      if (typeof message === 'string') expect(json['message']).toBe(message);
      else expect(json['message']).toMatch(message);
      expect(text).not.toMatch(stackLine);
    });
  });

  test.each([
    ['an unknown group', '/apis/nope.io/v1/foos'],
    ['names of built-in properties', '/apis/constructor/v1/__proto__'],
  ])('%s, where no API is: a page that is missing', async (_what, path) => {
    const { status, text } = await center.request({ path });
    expect([status, text]).toEqual([404, '404 page not found\n']);
  });

  test.each([
    ['Warn', '299 - "unknown field \\"spec.foo\\""'],
    ['Ignore', undefined],
  ])('an unknown field with %s by a warning or not at all', async (how, warning) => {
    const answer = await center.request(post(`${pods}?dryRun=All&fieldValidation=${how}`, pod({ foo: 1 })));
    expect([answer.status, answer.headers['warning']]).toEqual([201, warning]);
  });

  test('a certificate of another authority as nobody', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'skerry-other-'));
    const [key, cert] = [join(folder, 'key'), join(folder, 'crt')];
    const subject = '/O=system:masters/CN=kubernetes-admin';
    const made = spawnSync('openssl', [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      key,
      '-out',
      cert,
      '-subj',
      subject,
    ]);
    expect(made.status).toBe(0);
    const other = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
    rmSync(folder, { recursive: true });
    const answer = await center.request({ path: pods, as: other });
    expect(answer.json['message']).toContain('User "system:anonymous" cannot list');
  });

  test('huge headers with 431', async () => {
    const answer = await center.request({ path: pods, headers: { 'x-big': 'y'.repeat(100_000) } });
    expect(answer.status).toBe(431);
  });

  test('others while a thousand connections say nothing', async () => {
    const open = await Promise.all(Array.from({ length: 1_000 }, () => opened(center.port)));
    try {
      expect((await center.request({ path: '/readyz' })).text).toBe('ok');
    } finally {
      for (const socket of open) socket.destroy();
    }
  });

  test.each([
    [['get', 'foos'], /error: the server doesn't have a resource type "foos"/],
    [['get', 'cm', 'zz'], /Error from server \(NotFound\): configmaps "zz" not found/],
    [['get', 'cm', '-l', 'a in ('], /unable to parse requirement/],
    [
      ['get', 'cm', '--as', 'jane'],
      /Error from server \(Forbidden\): configmaps is forbidden: User "jane" cannot list resource "configmaps"/,
    ],
    [['get', 'cm', '--token', 'nonsense'], /error: You must be logged in to the server/],
    [['create', 'ns', 'Bad_Name'], /The Namespace "Bad_Name" is invalid: metadata\.name: Invalid value/],
    [['label', 'cm', 'kept', 'x=-y'], /invalid label value|Invalid value: "-y"/],
    [['patch', 'cm', 'kept', '-p', '{'], /unexpected end of JSON input/],
  ])('kubectl %j', async (args, message) => {
    const { code, errors } = await center.kubectl(args);
    expect(code).toBe(1);
    expect(errors).toMatch(message);
  });

  test('kubectl create of a manifest with an unknown field', async () => {
    const { code, errors } = await center.kubectl(['create', '-f', '-'], JSON.stringify(pod({ foo: 1 })));
    expect(code).toBe(1);
    expect(errors).toContain('strict decoding error: unknown field "spec.foo"');
  });
});

function opened(port: number) {
  return new Promise<ReturnType<typeof connect>>((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => resolve(socket));
    socket.on('error', reject);
  });
}

describe('commands refuse', () => {
  let folder: string;
  const skerry = (...args: string[]): Promise<CommandResult> =>
    run(process.execPath, [entry(), ...args], {
      env: { ...process.env, NO_COLOR: '1', HOME: folder, SKERRY_JOIN_TOKEN: '' },
      timeoutMs: 20_000,
    });
  const at = (name: string) => join(folder, name);

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'skerry-bad-'));
    writeFileSync(at('file'), '');
    const config = (name: string, text: string) => {
      mkdirSync(at(`${name}/server`), { recursive: true });
      writeFileSync(at(`${name}/server/config.json`), text);
    };
    config('half', '{"clusterName": "def');
    config('list', '[]');
    config('odd', '{"port": "x", "frob": 1}');
    config('ranges', '{"clusterCidr": "10.12.0.0/16"}');
    mkdirSync(at('damaged/server'), { recursive: true });
    writeFileSync(
      at('damaged/server/cluster.db'),
      'no database, but long enough to be looked at\n'.repeat(100),
    );
    mkdirSync(at('half-up'));
    writeFileSync(at('half-up/up.json'), '{"id":');
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each([
    [['frob'], "error: unknown command 'frob'"],
    [['server', '--frob'], "error: unknown option '--frob'"],
    [['server', 'extra'], /^error: too many arguments for 'server'/],
    [['server', '--port', '70000'], /It must be a whole number from 1 to 65535/],
    [['server', '--port'], "error: option '--port <number>' argument missing"],
    [['join'], "error: missing required argument 'address'"],
    [['join', 'no/address', '--token-file', '/dev/null'], /no address of a center/],
    [['up', 'machine', 'add', 'x'], "error: required option '--region <region>' not specified"],
    [['up', '--runtime', 'docker'], /Allowed choices are auto, containerd, simulated/],
    [['up', '--regions', 'a,,b'], /It must be a list like a,b,c/],
    [['token', 'create', '--ttl', '5x'], /It must be a duration like 30s, 10m, 1h or 0/],
    [['token', 'create', '--uses', '0'], /It must be a whole number from 1 to 100000/],
  ])('%j, usage, with 2', async (args, message) => {
    const { code, errors } = await skerry(...args);
    const [line = ''] = errors.split('\n');
    expect(code).toBe(2);
    if (typeof message === 'string') expect(line).toBe(message);
    else expect(line).toMatch(message);
  });

  type Refusal = [what: string, args: string[], code: number, message: RegExp];
  const ranges = ['--cluster-cidr', '10.0.0.0/8', '--service-cidr', '10.96.0.0/16'];
  const refusals: Refusal[] = [
    [
      'a data folder that is a file',
      ['server', '--data-dir', 'file'],
      1,
      /cannot use data directory .*\/file: .*; choose another with --data-dir/,
    ],
    ['a data folder below a file', ['server', '--data-dir', 'file/below'], 1, /cannot use data directory/],
    [
      'a data folder where none can be made',
      ['server', '--data-dir', '/proc/skerry'],
      1,
      /cannot use data directory \/proc\/skerry/,
    ],
    [
      'ranges that overlap',
      ['server', '--data-dir', 'new', ...ranges],
      2,
      /the pod range 10\.0\.0\.0\/8 overlaps the service range 10\.96\.0\.0\/16/,
    ],
    [
      'a range that is none',
      ['server', '--data-dir', 'new', '--cluster-cidr', 'banana'],
      2,
      /clusterCidr: must be an IPv4 range/,
    ],
    [
      'a changed range',
      ['server', '--data-dir', 'ranges', '--cluster-cidr', '10.50.0.0/16'],
      1,
      /clusterCidr of this cluster is "10\.12\.0\.0\/16" and can't become 10\.50\.0\.0\/16/,
    ],
    [
      'an address that is none',
      ['server', '--data-dir', 'new', '--listen-address', 'banana'],
      2,
      /listenAddress: must be an IP address/,
    ],
    [
      'a name that is none',
      ['server', '--data-dir', 'new', '--advertise', 'a b'],
      2,
      /advertise\.0: must be an IP address or a DNS name/,
    ],
    [
      'an address of another machine',
      ['server', '--data-dir', 'new', '--listen-address', '203.0.113.7'],
      1,
      /cannot listen on 203\.0\.113\.7:6443/,
    ],
    [
      'a half-written configuration',
      ['server', '--data-dir', 'half'],
      2,
      /half\/server\/config\.json is not complete JSON \(.*\); mend it, or remove it/,
    ],
    ['a configuration that holds a list', ['server', '--data-dir', 'list'], 2, /it holds no object/],
    [
      'a configuration of wrong fields',
      ['server', '--data-dir', 'odd'],
      2,
      /port: .*; the file: Unrecognized key: "frob"/,
    ],
    [
      'a half-written state of up',
      ['up', '--data-dir', 'half-up', '--runtime', 'simulated'],
      2,
      /half-up\/up\.json can't be read \(.*\); `skerry reset/,
    ],
    [
      'a database that is none',
      ['server', '--data-dir', 'damaged', '--listen-address', '127.0.0.1', '--port', '1'],
      1,
      /cluster\.db: the file is damaged or not a store; restore a backup/,
    ],
    ['tokens without a center', ['token', 'list', '--data-dir', 'none'], 3, /there is no center in .*\/none/],
    [
      'an agent without a join',
      ['agent', '--data-dir', 'none'],
      3,
      /this machine has not joined a cluster .*; run `skerry join` first/,
    ],
    [
      'machines without up',
      ['up', 'machine', 'list', '--data-dir', 'none'],
      3,
      /no `skerry up` runs on .*\/none/,
    ],
    [
      'a reset of a foreign folder',
      ['reset', '--data-dir', '/etc', '--yes'],
      1,
      /\/etc does not look like a data directory of skerry/,
    ],
  ];
  test.each(refusals)('%s', async (_what, args, code, message) => {
    const placed = args.map((arg, i) =>
      args[i - 1] === '--data-dir' && !arg.startsWith('/') ? at(arg) : arg,
    );
    const result = await skerry(...placed);
    expect(result.code).toBe(code);
    const said = saidOf(result);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(message);
    expect(existsSync(at('none'))).toBe(false);
  });

  test('a data folder and a port in use, and tell which', async () => {
    const center = await Center.start();
    const rest = ['--console-port', '0', '--listen-address', '127.0.0.1', '--port'];
    const same = await skerry('server', '--data-dir', center.dataDirectory, ...rest, '1');
    const up = await skerry('up', '--data-dir', center.dataDirectory, '--runtime', 'simulated');
    const port = await skerry('server', '--data-dir', at('other'), ...rest, String(center.port));
    const still = await center.request({ path: '/readyz' });
    await center.stop();
    for (const result of [same, up]) {
      expect(result.code).toBe(3);
      expect(saidOf(result)).toEqual([
        expect.stringMatching(/data directory .* is in use by another skerry; stop that one/),
      ]);
    }
    expect(port.code).toBe(3);
    expect(saidOf(port)).toEqual([
      expect.stringContaining(`cannot listen on 127.0.0.1:${center.port}: another process does`),
    ]);
    expect(still.text).toBe('ok');
  });

  test.skipIf(isRoot)('a folder that may not be written', async () => {
    mkdirSync(at('closed'));
    chmodSync(at('closed'), 0o500);
    const result = await skerry('server', '--data-dir', at('closed'));
    expect(result.code).toBe(1);
    expect(saidOf(result)).toEqual([expect.stringMatching(/cannot use data directory/)]);
  });
});

/** The lines that tell of a failure: `error: …`, or the step that failed. */
function saidOf({ output, errors }: CommandResult): string[] {
  expect(output + errors).not.toMatch(stackLine);
  return `${output}\n${errors}`.split('\n').filter((line) => /^error: |^ {2}✗ /.test(line));
}

test.skipIf(!isRoot)(
  'a full disk refuses writes with a Status, loses nothing, and is over when there is room',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'skerry-full-'));
    const filler = join(folder, 'filler');
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', folder]).status).toBe(0);
    let center: Center | undefined;
    try {
      center = await Center.start(join(folder, 'data'));
      const at = center;
      const create = (name: string) =>
        at.request(post(configMaps, configMap(name, { data: { x: 'y'.repeat(400_000) } })));
      expect((await create('before')).status).toBe(201);
      spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=64k']);
      const refused = await create('during');
      expect(refused.status).toBe(500);
      expect(refused.json).toMatchObject({
        kind: 'Status',
        message: expect.stringContaining('the disk is full; free space, and writes work again') as string,
      });
      expect((await at.request({ path: `${configMaps}/before` })).status).toBe(200);
      expect((await at.request({ path: `${configMaps}/during` })).status).toBe(404);
      rmSync(filler);
      await eventually(async () => expect((await create('after')).status).toBe(201));
      await at.pause();
      await at.start();
      const names = (await at.request({ path: configMaps })).json['items'] as {
        metadata: { name: string };
      }[];
      expect(names.map(({ metadata }) => metadata.name)).toEqual(['after', 'before', 'kube-root-ca.crt']);
    } finally {
      await center?.pause();
      spawnSync('umount', ['-l', folder]);
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
