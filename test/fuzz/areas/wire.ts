/** HTTP/1.1 as bytes: request lines, headers and framing that no client library would send. */
import * as fc from 'fast-check';
import { exchangeBytes, openPlain } from '../client.ts';
import { probe, type Probe } from '../probe.ts';
import { adminToken } from '../server-contract.ts';
import type { Target } from '../target.ts';

const method = fc.constantFrom(
  'GET',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'HEAD',
  'OPTIONS',
  'CONNECT',
  'TRACE',
  'get',
  'PRI',
  'FOO',
  '',
  'G\u0000T',
  'GET ',
  'constructor',
  '__proto__',
  'SOURCE',
  'x'.repeat(5000),
);
const path = fc.oneof(
  fc.constantFrom(
    '/api/v1/pods',
    '*',
    '',
    '/',
    '//',
    '/../../etc/passwd',
    '/api/v1/namespaces/default/../kube-system/secrets',
    '/api/v1/namespaces/default%2f..%2fkube-system/secrets',
    '/api/v1/namespaces/%00/pods',
    '/api/v1/namespaces/%ff%fe/pods',
    '/api/v1/namespaces/%/pods',
    '/api/v1/namespaces/%zz/pods',
    '/api/v1//pods',
    '/api/v1/namespaces//pods',
    '/api/v1/namespaces/default/pods/',
    '/api/v1/namespaces/default/pods/x/y/z/w',
    '/api/v1/namespaces/default/pods/x/proxy/..//../%2e%2e/',
    '/api/v1/namespaces/default/pods/x/exec?command=a&stdin=1',
    '/api/v1/namespaces/default/pods/x/log?container=%00&tailLines=-1',
    '/api/v1/namespaces/__proto__/constructor/toString',
    '/apis/__proto__/v1/things',
    '/apis/constructor/prototype/x',
    '/openapi/v3/apis/__proto__/v1',
    '/openapi/v3/../../x',
    '/openapi/v2?x=%',
    '/.well-known/openid-configuration',
    '/metrics',
    '/healthz/ping',
    '/livez?exclude=%00&verbose',
    '/api/v1/watch/pods?timeoutSeconds=1',
    '/api/v1/watch/namespaces/default/pods/x?timeoutSeconds=1',
    'http://example.com/api/v1/pods',
    'http://[::1/api',
    '/api?a=1?b=2#frag',
    `/${'a/'.repeat(5000)}`,
    `/api/v1/${'a'.repeat(30_000)}`,
    '/api/v1/pods?' + 'a=b&'.repeat(5000),
    '/\u00e9\u2028',
    '/api/v1/pods HTTP/1.1 x',
    '\\api\\v1',
    '/api;v1/pods',
    '/apis/apps/v1/namespaces/default/deployments/x/scale',
    '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
  ),
  fc.webPath(),
  fc.string({ unit: 'binary-ascii', maxLength: 60 }).map((text) => `/${text}`),
);
const version = fc.oneof(
  { weight: 8, arbitrary: fc.constant('HTTP/1.1') },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      'HTTP/1.0',
      'HTTP/2.0',
      'HTTP/0.9',
      'HTTP/1.1 ',
      'http/1.1',
      'ICE/1.0',
      '',
      'HTTP/9.9',
    ),
  },
);
const lineEnd = fc.oneof(
  { weight: 9, arbitrary: fc.constant('\r\n') },
  { weight: 1, arbitrary: fc.constantFrom('\n', '\r', '\r\r\n', '\n\r') },
);
const authorization = `Authorization: Bearer ${adminToken}`;
const header = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      authorization,
      'Accept: application/json',
      'Host: x',
      'Content-Type: application/json',
      'Content-Length: 0',
      'Content-Length: 5',
      'Connection: close',
      'Connection: keep-alive',
    ),
  },
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      'Content-Length: 5, 5',
      'Content-Length: -1',
      'Content-Length: +5',
      'Content-Length: 5 5',
      'Content-Length: 0x5',
      'Content-Length: 99999999999999999999',
      'Content-Length: 3145729',
      'Content-Length:',
      'Content-Length : 5',
      'Transfer-Encoding: chunked',
      'Transfer-Encoding: identity',
      'Transfer-Encoding: chunked, chunked',
      'Transfer-Encoding: gzip, chunked',
      'Transfer-Encoding: chunked, identity',
      'Transfer-Encoding: xchunked',
      'Transfer-Encoding : chunked',
      'Transfer-Encoding:\tchunked',
      'Transfer-Encoding: chunked\u0000',
      ' Transfer-Encoding: chunked',
      'X: a\r\n b',
      'X: a\r\n\tTransfer-Encoding: chunked',
      'X: a\rTransfer-Encoding: chunked',
      'X: a\nTransfer-Encoding: chunked',
      'X\u0000: a',
      ': a',
      'noheader',
      'X: \u0000',
      'X: \u00ff',
      `X: ${'y'.repeat(20_000)}`,
      `X: ${'y'.repeat(70_000)}`,
      'Expect: 100-continue',
      'Expect: something',
      'Upgrade: websocket',
      'Upgrade: h2c',
      'Upgrade: SPDY/3.1',
      'Connection: Upgrade',
      'Connection: Upgrade, HTTP2-Settings',
      'HTTP2-Settings: AAMAAABkAAQAAP__',
      'Sec-WebSocket-Key: x',
      'Sec-WebSocket-Version: 99',
      'Sec-WebSocket-Protocol: base64url.bearer.authorization.k8s.io.%%%',
      'Authorization: Bearer',
      'Authorization: bearer  x y',
      'Authorization: Basic Og==',
      `Authorization: Bearer ${'a.'.repeat(20_000)}`,
      'Authorization: Bearer eyJhbGciOiJub25lIn0.e30.',
      'Authorization: Negotiate x',
      'Impersonate-User: ',
      'Impersonate-User: system:serviceaccount::',
      'Impersonate-User: system:serviceaccount:a:b:c',
      'Impersonate-User: __proto__',
      'Impersonate-Group: system:masters',
      'Impersonate-Group: ,,,',
      'Impersonate-Uid: x',
      'Impersonate-Extra-%: x',
      'Impersonate-Extra-__proto__: x',
      'Impersonate-Extra-: x',
      `Impersonate-Group: ${'a,'.repeat(5000)}`,
      'Accept: ' + 'application/json;q=0.1,'.repeat(500),
      'Accept: application/json;as=Table;g=meta.k8s.io;v=v1',
      'Accept: application/json;as=__proto__;g=constructor;v=v1',
      'Accept: */*;q=NaN',
      'Accept: ;;;,,,===',
      'Accept-Encoding: gzip;q=0, deflate, br',
      'Content-Encoding: gzip',
      'Content-Type: application/json; charset="',
      'Content-Type: application/vnd.kubernetes.protobuf',
      'Content-Type: multipart/form-data; boundary=',
      'Audit-Id: \u00ff',
      `Audit-Id: ${'x'.repeat(9000)}`,
      'User-Agent: \u00e9/\u0001',
      'If-None-Match: *',
      'Trailer: X',
      'TE: trailers',
      'Range: bytes=0-1',
      'X-HTTP-Method-Override: DELETE',
      'Origin: null',
      'Cookie: a=b',
      'Date: x',
      'Via: 1.1 x',
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary-ascii', maxLength: 80 }) },
);
const body = fc.constantFrom(
  '',
  'hello',
  '{}',
  '0\r\n\r\n',
  '5\r\nhello\r\n0\r\n\r\n',
  '5\r\nhello0\r\n\r\n',
  'ffffffffffffffff\r\n',
  '-1\r\n',
  '5;ext=\u0000\r\nhello\r\n0\r\n\r\n',
  `5;${'x'.repeat(40_000)}\r\nhello\r\n0\r\n\r\n`,
  '0\r\nX: y\r\n\r\n',
  `0\r\n${'X: y\r\n'.repeat(9000)}\r\n`,
  '5 \r\nhello\r\n0\r\n\r\n',
  '5\nhello\n0\n\n',
  `0\r\n\r\nGET /api/v1/secrets HTTP/1.1\r\n${authorization}\r\nHost: x\r\n\r\n`,
  'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(50),
  '\u0000'.repeat(2000),
);

interface Input {
  readonly method: string;
  readonly path: string;
  readonly version: string;
  readonly headers: readonly string[];
  readonly end: string;
  readonly body: string;
}
const request: fc.Arbitrary<Input> = fc.record({
  method,
  path,
  version,
  headers: fc.array(header, { maxLength: 7 }),
  end: lineEnd,
  body,
});

const quietMs = 60;
const answersMax = 200;

export const wire: readonly Probe[] = [
  probe(
    'a request of odd bytes',
    request,
    async (target, input) => {
      const { method: verb, path: place, version: spoken, headers, end, body: sent } = input;
      const text = [`${verb} ${place} ${spoken}`, 'Host: fuzz', authorization, ...headers, '', sent].join(
        end,
      );
      await expectHttp(target, Buffer.from(text, 'latin1'));
    },
    { share: 0.3 },
  ),
  probe(
    'bytes that are no request',
    fc.uint8Array({ maxLength: 400 }),
    (target, bytes) => expectHttp(target, bytes),
    { share: 0.1 },
  ),
];

/** Whatever comes back is HTTP, every answer whole, and none says that the server failed. */
async function expectHttp({ ready }: Target, bytes: Uint8Array): Promise<void> {
  const { received } = await exchangeBytes(await openPlain(ready.plainPort), bytes, {
    quietMs,
    timeoutMs: 3_000,
  });
  const text = received.toString('latin1');
  if (text !== '' && !text.startsWith('HTTP/1.1 '))
    throw new Error(`this is no answer: ${text.slice(0, 200)}`);
  const codes = [...text.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, code]) => Number(code));
  if (codes.length > answersMax) throw new Error(`${codes.length} answers to one request`);
  const bad = codes.find((code) => code >= 500 && ![501, 503, 504, 505].includes(code));
  if (bad !== undefined) throw new Error(`the server failed with ${bad}: ${text.slice(0, 600)}`);
  if (/\n\s+at \S+ \(/.test(text)) throw new Error(`an answer with a stack: ${text.slice(0, 600)}`);
}
