/** The TLS port: bytes that are no TLS, handshakes that stop half-way, and client certificates with odd subjects. */
import * as fc from 'fast-check';
import { connect as connectTls } from 'node:tls';
import { systemClock } from '@skerry/base';
import { createCertificateAuthority, openCertificateAuthority } from '@skerry/pki';
import { exchangeBytes, openPlain } from '../client.ts';
import { damage, damaged } from '../documents.ts';
import { probe, type Probe } from '../probe.ts';
import type { Target } from '../target.ts';

/** The first message of a handshake, as openssl once sent it: TLS 1.2 and 1.3, ALPN h2. */
const hello = Buffer.from(
  '16030100c8010000c40303' +
    '11'.repeat(32) +
    '20' +
    '22'.repeat(32) +
    '0006130113021303' +
    '0100' +
    '0075' +
    '000a00080006001d00170018' +
    '000b00020100' +
    '000d00140012040308040401050308050501080606010201' +
    '002b0003020304' +
    '002d00020101' +
    '00100005000302683200' +
    '00'.repeat(2) +
    '0033002600240 01d0020'.replaceAll(' ', '') +
    '33'.repeat(32),
  'hex',
);
const plain = [
  'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'SSH-2.0-x\r\n',
  '\u0000'.repeat(1000),
  '\u0016\u0003\u0001\u00ff\u00ff',
  '\u0016\u0003\u0001\u0000\u0000'.repeat(200),
  '\u0015\u0003\u0003\u0000\u0002\u0002\u0000',
  '\u0017\u0003\u0003\u0040\u0000' + 'x'.repeat(16_384),
  '\u0080\u0080\u0001',
];

const protocols = fc.array(fc.constantFrom('h2', 'http/1.1', 'skerry-link/1', 'spdy/3', 'x', 'h2c'), {
  minLength: 1,
  maxLength: 3,
});

const name = fc.constantFrom(
  'x',
  'kubernetes-admin',
  'system:node:__proto__',
  'x'.repeat(64),
  'a/b',
  'a,b=c',
  'é💥',
  '__proto__',
  'toString',
  ' x ',
  'a+b',
  '"q"',
  '#1',
  'a\\\\b',
  'CN=y',
  'x\n/O=system:masters',
  'x\nO=system:masters',
  'system:serviceaccount:default:default',
  'system:anonymous',
);
const subject = fc.record({
  user: name,
  groups: fc.array(name, { maxLength: 3 }),
  issuer: fc.constantFrom('own' as const, 'stranger' as const),
});
type Subject = typeof subject extends fc.Arbitrary<infer T> ? T : never;

const review = JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' });
const whoAmI = [
  'POST /apis/authentication.k8s.io/v1/selfsubjectreviews HTTP/1.1',
  'Host: x',
  'Connection: close',
  'Content-Type: application/json',
  `Content-Length: ${review.length}`,
  '',
  review,
].join('\r\n');

export const tls: readonly Probe[] = [
  probe(
    'bytes that are no TLS',
    fc.oneof(
      fc.constantFrom(...plain).map((text) => Buffer.from(text, 'latin1')),
      fc.array(damage, { maxLength: 4 }).map((damages) => damaged(hello, damages)),
      fc.uint8Array({ maxLength: 300 }),
    ),
    async ({ ready }, bytes) => {
      await exchangeBytes(await openPlain(ready.tlsPort), bytes, { quietMs: 30, timeoutMs: 2_000 });
    },
    { share: 0.2 },
  ),
  probe(
    'a handshake for any protocol, then anything',
    fc.record({
      protocols,
      version: fc.constantFrom('TLSv1.2', 'TLSv1.3'),
      bytes: fc.uint8Array({ maxLength: 100 }),
    }),
    handshake,
    { share: 0.05 },
  ),
  probe('a client certificate of any subject', subject, certified, { share: 0.02 }),
];

async function handshake(
  { ready }: Target,
  { protocols: offered, version, bytes }: { protocols: string[]; version: string; bytes: Uint8Array },
): Promise<void> {
  const socket = connectTls({
    host: '127.0.0.1',
    port: ready.tlsPort,
    rejectUnauthorized: false,
    ALPNProtocols: offered,
    minVersion: version as 'TLSv1.2',
    maxVersion: version as 'TLSv1.2',
  });
  await exchangeBytes(socket, bytes, { quietMs: 60, timeoutMs: 2_000 });
}

/** Of the server's own authority the subject is the user; of any other it is nobody's. */
async function certified({ ready }: Target, { user, groups, issuer }: Subject): Promise<void> {
  const authority =
    issuer === 'own'
      ? openCertificateAuthority({ ...ready.authority, clock: systemClock })
      : await createCertificateAuthority({ commonName: 'fuzz-ca', clock: systemClock });
  const { certificatePem: cert, keyPem: key } = await authority.issueClientCertificate({ user, groups });
  for (const offered of ['http/1.1', 'skerry-link/1']) {
    const socket = connectTls({
      host: '127.0.0.1',
      port: ready.tlsPort,
      rejectUnauthorized: false,
      ALPNProtocols: [offered],
      key,
      cert,
    });
    const { received } = await exchangeBytes(socket, whoAmI, { quietMs: 300, timeoutMs: 2_000 });
    const text = received.toString();
    if (offered !== 'http/1.1' || text === '') continue;
    const said = JSON.parse(text.slice(text.indexOf('\r\n\r\n'))) as {
      status?: { userInfo?: { username?: string } };
    };
    const wanted = issuer === 'own' && user !== '' ? user : undefined;
    if (said.status?.userInfo?.username !== wanted)
      throw new Error(`${JSON.stringify(user)} was taken for ${text.slice(-300)}`);
  }
}
