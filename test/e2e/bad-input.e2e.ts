/**
 * What users and programs get wrong over the API, against real processes: every refusal has the code, the reason and the words of
 * stock Kubernetes; afterwards everything is as it was.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '@skerry/base/testing';
import { Center } from '../support/center.ts';
import {
  badRequests,
  configMap,
  configMaps,
  deployment,
  deployments,
  pod,
  pods,
  post,
} from './bad-requests.ts';
import { stackLine } from './stack-line.ts';

const isRoot = process.getuid?.() === 0;

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

  describe.each(badRequests)('bad %s', (_group, cases) => {
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
