import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CertificateSigningRequest } from '@skerry/api';
import { silentLogger } from '@skerry/base';
import { FakeClock, eventually } from '@skerry/base/testing';
import type { ApiClient } from '@skerry/client';
import {
  type CertificateAuthority,
  createCertificateAuthority,
  describeCertificate,
  generatePrivateKey,
  isKeyOf,
} from '@skerry/pki';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AgentIdentity, agentFiles, writeAgentIdentity } from '#join/agent-config.ts';
import { createCertificateRenewal } from '#join/certificate-renewal.ts';

const dayMs = 24 * 3_600_000;
let directory: string;
let clock: FakeClock;
let authority: CertificateAuthority;
let identity: AgentIdentity;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-renewal-'));
  clock = new FakeClock();
  authority = await createCertificateAuthority({ commonName: 'ca', clock });
  const keyPem = await generatePrivateKey();
  const { certificatePem } = await authority.issueClientCertificate({
    user: 'system:node:a',
    groups: ['system:nodes'],
    keyPem,
    validityMs: 100 * dayMs,
  });
  const config = {
    server: 'center:6443',
    nodeName: 'a',
    labels: {},
    taints: [],
    runtimeEndpoint: 'simulated',
  };
  identity = { config, authorityPem: authority.certificatePem, certificatePem, keyPem };
  await writeAgentIdentity(directory, identity);
});
afterEach(() => rm(directory, { recursive: true }));

/** An API that signs whatever it is asked, once it can be reached. */
function center(reachable: () => boolean): { client: ApiClient; asked: () => number } {
  let asked = 0;
  let certificate = '';
  const requests = {
    async create({ spec }: CertificateSigningRequest) {
      asked++;
      if (!reachable()) throw new Error('no way there');
      const pem = Buffer.from(spec.request, 'base64').toString('utf8');
      certificate = await authority.signRequest(pem, { usages: ['client'], validityMs: 100 * dayMs });
    },
    get: () =>
      Promise.resolve({ metadata: {}, status: { certificate: Buffer.from(certificate).toString('base64') } }),
  };
  // Only what renewal asks of a client.
  const client = { resource: () => requests, close: () => undefined };
  return { client: client as unknown as ApiClient, asked: () => asked };
}

test('a certificate is renewed at half its life, with the same key, and again when the center was away', async () => {
  let up = false;
  const { client, asked } = center(() => up);
  const renewed: string[] = [];
  const ended = new AbortController();
  const service = createCertificateRenewal({
    identity,
    dataDirectory: directory,
    client,
    direct: () => client,
    clock,
    log: silentLogger,
    random: () => 0,
    onRenewed: (pem) => renewed.push(pem),
  }).run(ended.signal);
  await clock.advance(49 * dayMs);
  expect(asked()).toBe(0);
  await clock.advance(1 * dayMs);
  await eventually(() => expect(asked()).toBeGreaterThan(0));
  expect(renewed).toEqual([]);
  up = true;
  await eventually(async () => {
    await clock.advance(3_600_000);
    expect(renewed).toHaveLength(1);
  });
  const written = await readFile(agentFiles(directory).certificate, 'utf8');
  expect(written).toBe(renewed[0]);
  expect(isKeyOf(written, await readFile(agentFiles(directory).key, 'utf8'))).toBe(true);
  expect(describeCertificate(written).notAfterMs).toBeGreaterThan(clock.now() + 99 * dayMs);
  ended.abort();
  await service;
});

test('past its end a certificate is renewed without the link, by the way that takes it', async () => {
  const link = center(() => false);
  const own = center(() => true);
  const shown: string[] = [];
  const renewed: string[] = [];
  const ended = new AbortController();
  await clock.advance(120 * dayMs);
  const service = createCertificateRenewal({
    identity,
    dataDirectory: directory,
    client: link.client,
    direct(pem) {
      shown.push(pem);
      return own.client;
    },
    clock,
    log: silentLogger,
    random: () => 0,
    onRenewed: (pem) => renewed.push(pem),
  }).run(ended.signal);
  await eventually(async () => {
    await clock.advance(1_000);
    expect(renewed).toHaveLength(1);
  });
  expect(shown).toEqual([identity.certificatePem]);
  expect(link.asked()).toBe(0);
  expect(isKeyOf(renewed[0] ?? '', identity.keyPem)).toBe(true);
  ended.abort();
  await service;
});
