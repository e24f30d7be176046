/** Selectors, continue tokens, resource versions, limits and every other word of a query. */
import * as fc from 'fast-check';
import { expectHonest } from '../expectations.ts';
import { hostileTexts } from '../hostile-values.ts';
import { probe, type Probe } from '../probe.ts';

const selectorPiece = fc.constantFrom(
  'a',
  'b/c',
  'example.com/x',
  '=',
  '==',
  '!=',
  '!',
  'in',
  'notin',
  '(',
  ')',
  ',',
  ' ',
  '>',
  '<',
  '1',
  '-',
  '.',
  '/',
  '\\',
  "'",
  '"',
  'x'.repeat(64),
  'exists',
  '\t',
  'é',
  '\u0000',
  '99999999999999999999',
);
const selector = fc.oneof(
  { weight: 4, arbitrary: fc.array(selectorPiece, { maxLength: 14 }).map((pieces) => pieces.join('')) },
  { weight: 1, arbitrary: fc.constantFrom(...hostileTexts) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'a,'.repeat(6000),
      'a in ('.repeat(2000),
      `a in (${'x,'.repeat(9000)}x)`,
      '!'.repeat(20_000),
      '('.repeat(20_000),
      'metadata.name=x,'.repeat(3000),
      '\\'.repeat(9000),
      'metadata.name='.repeat(3000),
    ),
  },
);

const tokenPart = fc.constantFrom<unknown>(
  'meta.k8s.io/v1',
  'meta.k8s.io/v2',
  '',
  0,
  -1,
  -2,
  1,
  1.5,
  9e15,
  1e300,
  '1',
  null,
  [],
  {},
  'x',
  '../..',
  '\u0000',
  'default/a\u0000',
  '/registry/core/secrets/kube-system/',
  'a'.repeat(20_000),
  '\ud800',
);
const continueToken = fc.oneof(
  fc
    .record({ v: tokenPart, rv: tokenPart, start: tokenPart }, { requiredKeys: [] })
    .map((token) => Buffer.from(JSON.stringify(token)).toString('base64url')),
  fc.constantFrom(
    ...hostileTexts,
    'e30',
    'bnVsbA',
    'W10',
    '!',
    Buffer.from('{"v":"meta.k8s.io/v1","rv":1,"start":"a"').toString('base64'),
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
);
const number = fc.constantFrom(
  '0',
  '1',
  '-1',
  '2',
  '500',
  '1.5',
  '1e3',
  '0x1',
  '99999999999999999999',
  '9223372036854775807',
  '',
  ' 1',
  '+1',
  'NaN',
  '١',
  '00',
  'null',
  '18446744073709551616',
);
const word = fc.constantFrom(
  '',
  'true',
  'false',
  '0',
  '1',
  'True',
  'x',
  'All',
  'Exact',
  'NotOlderThan',
  'Strict',
  'Background',
  'Foreground',
  'Object',
  'None',
  'Metadata',
);

const parameters: readonly (readonly [string, fc.Arbitrary<string>])[] = [
  ['labelSelector', selector],
  ['fieldSelector', selector],
  ['continue', continueToken],
  ['limit', number],
  ['resourceVersion', number],
  ['resourceVersionMatch', word],
  ['timeoutSeconds', number],
  ['timeout', fc.oneof(number, fc.constantFrom('1s', '-1s', '1ns', '9999h', 's', '1d'))],
  ['allowWatchBookmarks', word],
  ['sendInitialEvents', word],
  ['pretty', word],
  ['includeObject', word],
  ['dryRun', word],
  ['fieldValidation', word],
  ['fieldManager', fc.constantFrom(...hostileTexts)],
  ['gracePeriodSeconds', number],
  ['propagationPolicy', word],
  ['orphanDependents', word],
  ['force', word],
  ['exact', word],
  ['ignoreStoreReadErrorWithClusterBreakingPotential', word],
  ['__proto__', word],
  ['constructor', word],
];
const parameter = fc.oneof(
  ...parameters.map(([name, value]) => value.map((text) => `${name}=${encoded(text)}`)),
  fc.constantFrom('&', '=', '%', '%zz', '%00', 'limit', 'watch=0&watch=1', 'a[b]=c', '+', ';'),
);
const query = fc.array(parameter, { maxLength: 5 }).map((parts) => parts.join('&'));

function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

const paths = [
  '/api/v1/pods',
  '/api/v1/namespaces/default/configmaps',
  '/api/v1/namespaces/kube-system/configmaps/x',
  '/apis/apps/v1/deployments',
  '/apis/events.k8s.io/v1/events',
  '/api/v1/namespaces',
  '/apis/autoscaling/v1/horizontalpodautoscalers',
  '/api/v1/nodes/x/status',
  '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
  '/openapi/v3',
  '/apis',
  '/version',
];
const accept = fc.constantFrom(
  'application/json',
  'application/json;as=Table;v=v1;g=meta.k8s.io',
  'application/vnd.kubernetes.protobuf',
  'application/yaml',
  'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
  '*/*',
  'text/html',
  '',
  'application/json;as=Table;v=v9;g=x',
  'application/json;q=0',
  ',,;=',
);

/** Beyond it nothing is read, not even the method. */
const headerBytesMax = 60_000;

export const queries: readonly Probe[] = [
  probe(
    'a read with an odd query',
    fc.record({
      path: fc.constantFrom(...paths),
      query,
      accept,
      method: fc.constantFrom('GET', 'GET', 'GET', 'HEAD', 'DELETE'),
    }),
    async (target, { path, query: asked, accept: wanted, method }) => {
      // Deletions here would take what the server lives by.
      const safe = method === 'DELETE' ? '&dryRun=All' : '';
      // What is too long to be read as a request is refused in words, as by any Go server, whatever its method was.
      const readable = asked.length < headerBytesMax;
      const answer = await target.client.call({
        method: readable ? method : 'GET',
        path: `${path}?${asked}${safe}`,
        headers: { accept: wanted },
      });
      if (method !== 'HEAD') expectHonest(answer);
    },
  ),
  probe(
    'a watch with an odd query',
    fc.record({ path: fc.constantFrom(...paths.slice(0, 5)), query, accept }),
    async (target, { path, query: asked, accept: wanted }) => {
      expectHonest(
        await target.client.call({
          path: `${path}?watch=1&${asked}&timeoutSeconds=1`.replace(/timeoutSeconds=[^&]*&/g, ''),
          headers: { accept: wanted },
        }),
      );
    },
    { share: 0.02 },
  ),
];
