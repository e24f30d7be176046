import { execFile } from 'node:child_process';
import { X509Certificate, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { connect, createServer } from 'node:tls';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { FakeClock } from '@skerry/base/testing';
import { systemClock } from '@skerry/base';
import { describe, expect, test } from 'vitest';
import { createCertificateAuthority, openCertificateAuthority } from '#certificate-authority.ts';
import { createCertificateRequest, parseCertificateRequest } from '#certificate-request.ts';
import { describeCertificate, isKeyOf } from '#certificate.ts';
import { generatePrivateKey, hashCertificateKey, hashPublicKey, publicKeyOf } from '#key.ts';
import { encodePem, decodePem } from '#pem.ts';

const run = promisify(execFile);
const yearMs = 365 * 24 * 3_600_000;

describe('a certificate authority', () => {
  test('is the same after its PEM files are read again', async () => {
    const clock = new FakeClock();
    const authority = await createCertificateAuthority({ commonName: 'skerry', clock });
    const again = openCertificateAuthority({ ...authority, clock });
    expect(again.publicKeyHash).toBe(authority.publicKeyHash);
    expect(authority.publicKeyHash).toBe(hashPublicKey(publicKeyOf(authority.keyPem)));
    expect(describeCertificate(authority.certificatePem)).toMatchObject({
      commonName: 'skerry',
      isAuthority: true,
    });
  });

  test('refuses a key that is not its own, and a certificate that is none of an authority', async () => {
    const clock = new FakeClock();
    const authority = await createCertificateAuthority({ commonName: 'skerry', clock });
    const leaf = await authority.issueClientCertificate({ user: 'u' });
    const strangeKey = { certificatePem: authority.certificatePem, keyPem: await generatePrivateKey() };
    for (const pair of [strangeKey, leaf, { certificatePem: 'x', keyPem: 'y' }]) {
      expect(() => openCertificateAuthority({ ...pair, clock })).toThrow(/cannot be used/);
    }
  });

  test('issues certificates that begin five minutes ago and end within its own life', async () => {
    const clock = new FakeClock();
    const authority = await createCertificateAuthority({ commonName: 'skerry', clock, validityMs: yearMs });
    const short = await authority.issueClientCertificate({ user: 'u', validityMs: 60_000 });
    const long = await authority.issueClientCertificate({ user: 'u', validityMs: 9 * yearMs });
    expect(describeCertificate(short.certificatePem)).toMatchObject({
      notBeforeMs: clock.now() - 300_000,
      notAfterMs: clock.now() + 60_000,
    });
    expect(describeCertificate(long.certificatePem).notAfterMs).toBe(clock.now() + yearMs);
  });

  test('carries any characters of user and groups unchanged', async () => {
    const authority = await createCertificateAuthority({ commonName: 'skerry', clock: new FakeClock() });
    const groups = ['system:nodes', 'a,b', 'C="x"\\', '#00', 'größe'];
    const { certificatePem, keyPem } = await authority.issueClientCertificate({
      user: 'system:node:a,O=system:masters',
      groups,
    });
    expect(describeCertificate(certificatePem)).toMatchObject({
      commonName: 'system:node:a,O=system:masters',
      organizations: groups,
    });
    expect(isKeyOf(certificatePem, keyPem)).toBe(true);
  });

  test('serves and authenticates a TLS connection at both ends', async () => {
    const authority = await createCertificateAuthority({ commonName: 'skerry', clock: systemClock });
    const served = await authority.issueServerCertificate({
      dnsNames: ['kubernetes.default.svc', 'localhost'],
      ipAddresses: ['127.0.0.1', '::1'],
    });
    const client = await authority.issueClientCertificate({ user: 'alice', groups: ['dev', 'ops'] });
    const server = createServer({
      cert: served.certificatePem,
      key: served.keyPem,
      ca: authority.certificatePem,
      requestCert: true,
      rejectUnauthorized: true,
    });
    server.on('secureConnection', (socket) => {
      const { CN, O } = socket.getPeerCertificate().subject;
      socket.end(JSON.stringify({ CN, O }));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const socket = connect({
        host: '127.0.0.1',
        port: (server.address() as AddressInfo).port,
        ca: authority.certificatePem,
        cert: client.certificatePem,
        key: client.keyPem,
      });
      const chunks: Buffer[] = [];
      for await (const chunk of socket) chunks.push(chunk as Buffer);
      expect(JSON.parse(Buffer.concat(chunks).toString())).toEqual({ CN: 'alice', O: ['dev', 'ops'] });
    } finally {
      server.close();
    }
  });
});

describe('a certificate request', () => {
  test('is signed with its subject and names, and with the usages of the signer alone', async () => {
    const authority = await createCertificateAuthority({ commonName: 'skerry', clock: new FakeClock() });
    const keyPem = await generatePrivateKey();
    const requestPem = await createCertificateRequest({
      user: 'system:node:a',
      groups: ['system:nodes'],
      keyPem,
      dnsNames: ['a'],
      ipAddresses: ['10.0.0.1'],
    });
    expect(await parseCertificateRequest(requestPem)).toMatchObject({
      commonName: 'system:node:a',
      organizations: ['system:nodes'],
      dnsNames: ['a'],
      ipAddresses: ['10.0.0.1'],
      emailAddresses: [],
      publicKeyHash: hashPublicKey(publicKeyOf(keyPem)),
    });
    const certificatePem = await authority.signRequest(requestPem, { usages: ['client'] });
    const certificate = new X509Certificate(certificatePem);
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(certificate.ca).toBe(false);
    expect(certificate.verify(new X509Certificate(authority.certificatePem).publicKey)).toBe(true);
    expect(describeCertificate(certificatePem)).toMatchObject({ dnsNames: ['a'], ipAddresses: ['10.0.0.1'] });
    expect(isKeyOf(certificatePem, keyPem)).toBe(true);
  });

  test('that was changed after signing, is cut, doubled or something else is refused', async () => {
    const requestPem = await createCertificateRequest({
      user: 'system:node:a',
      groups: ['system:nodes'],
      keyPem: await generatePrivateKey(),
    });
    const der = Buffer.from(decodePem(requestPem, 'CERTIFICATE REQUEST')[0] ?? []);
    const at = der.indexOf('system:node:a');
    const forged = Buffer.from(der);
    forged.write('system:node:b', at);
    const cases = [
      encodePem(forged, 'CERTIFICATE REQUEST'),
      encodePem(der.subarray(0, 60), 'CERTIFICATE REQUEST'),
      encodePem(new Uint8Array(20_000), 'CERTIFICATE REQUEST'),
      requestPem + requestPem,
      requestPem.replaceAll('CERTIFICATE REQUEST', 'CERTIFICATE'),
      '',
    ];
    for (const text of cases) {
      await expect(parseCertificateRequest(text)).rejects.toMatchObject({
        code: 'certificate-request-invalid',
      });
    }
  });
});

const openssl = await run('openssl', ['version']).then(
  () => true,
  () => false,
);

describe.runIf(openssl)('with openssl', () => {
  test('a chain verifies, and RSA and EC requests made by openssl are signed', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'skerry-pki-'));
    try {
      const authority = await createCertificateAuthority({ commonName: 'skerry', clock: systemClock });
      const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
      const ec = generateKeyPairSync('ec', { namedCurve: 'secp384r1' });
      const authorityPath = join(directory, 'ca.crt');
      await writeFile(authorityPath, authority.certificatePem);
      for (const { privateKey } of [rsa, ec]) {
        const keyPath = join(directory, 'leaf.key');
        await writeFile(keyPath, privateKey.export({ type: 'pkcs8', format: 'pem' }));
        const subject = '/O=system:nodes/O=more/CN=system:node:z';
        const { stdout } = await run('openssl', ['req', '-new', '-key', keyPath, '-subj', subject]);
        const certificatePath = join(directory, 'leaf.crt');
        await writeFile(certificatePath, await authority.signRequest(stdout, { usages: ['client'] }));
        const args = ['verify', '-x509_strict', '-purpose', 'sslclient', '-CAfile', authorityPath];
        expect((await run('openssl', [...args, certificatePath])).stdout).toContain(': OK');
        const shown = await run('openssl', ['x509', '-in', certificatePath, '-noout', '-subject']);
        expect(shown.stdout).toMatch(/O ?= ?system:nodes, O ?= ?more, CN ?= ?system:node:z/);
      }
      expect(hashCertificateKey(authority.certificatePem)).toBe(authority.publicKeyHash);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
