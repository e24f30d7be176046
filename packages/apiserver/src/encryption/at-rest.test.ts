import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@skerry/base';
import { eventually } from '@skerry/base/testing';
import { openMemoryStore, openSqliteStore, type Store } from '@skerry/store';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { StorageEncryption } from '#encryption/storage-encryption.ts';
import type { SecurityFactory } from '#security.ts';
import { allowAll } from '#security.ts';
import { callerOf } from '#testing/caller.ts';
import { startTestServer } from '#testing/start-test-server.ts';

const secrets = '/api/v1/namespaces/default/secrets';
const keyOf = (id: string) => ({ id, secret: Buffer.alloc(32, id) });
const under = (...ids: string[]) => new StorageEncryption({ keys: ids.map(keyOf) });
const secret = (name: string, value: string) => ({
  metadata: { name },
  type: 'Opaque',
  data: { value: Buffer.from(value).toString('base64') },
});

describe('in a real database file', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'skerry-sealed-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const open = () => openSqliteStore({ path: join(folder, 'cluster.db'), clock: systemClock });

  /** Which of the words stand in any file of the store, as they are or in base64. */
  function traces(...words: string[]): string[] {
    const files = readdirSync(folder).map((file) => readFileSync(join(folder, file)));
    return words.filter((word) =>
      // Base64 shifts with what stands before: only the inner part is the same, so look for the API's own form.
      [word, Buffer.from(word).toString('base64')].some((form) => files.some((file) => file.includes(form))),
    );
  }

  async function write(store: Store, encryption?: StorageEncryption): Promise<void> {
    const server = await startTestServer({ store, encryption });
    const call = callerOf(server.url);
    await call('POST', secrets, secret('kept', 'first-password-of-kept'));
    await call('PUT', `${secrets}/kept`, secret('kept', 'second-password-of-kept'));
    await call('PATCH', `${secrets}/kept`, secret('kept', 'third-password-of-kept'), {
      contentType: 'application/merge-patch+json',
    });
    await call('POST', secrets, secret('gone', 'password-of-gone'));
    await call('DELETE', `${secrets}/gone`);
    await call('POST', secrets, secret('conflicting', 'password-of-conflicting'));
    await call('POST', secrets, secret('conflicting', 'password-of-another'));
    const { body } = await call('GET', `${secrets}/kept`);
    expect(body).toMatchObject(secret('kept', 'third-password-of-kept'));
    await server.close();
  }

  const words = [
    'first-password-of-kept',
    'second-password-of-kept',
    'third-password-of-kept',
    'password-of-gone',
    'password-of-conflicting',
    'password-of-another',
  ];

  test('a value of a Secret is never plain: not after updates and deletes, nor in history and log', async () => {
    const store = await open();
    await write(store, under('a'));
    expect(traces(...words)).toEqual([]);
    await store.compact(store.revision);
    expect(traces(...words)).toEqual([]);
    await store.close();
    expect(traces(...words)).toEqual([]);
  });

  test('values that were plain are sealed at the next start, and nothing is left of them', async () => {
    const before = await open();
    await write(before);
    expect(traces(...words)).not.toEqual([]);
    await before.close();

    const store = await open();
    const server = await startTestServer({ store, encryption: under('a') });
    await eventually(() => expect(traces(...words)).toEqual([]));
    const { body } = await callerOf(server.url)('GET', `${secrets}/kept`);
    expect(body).toMatchObject(secret('kept', 'third-password-of-kept'));
    await server.close();
    await store.close();
    expect(traces(...words)).toEqual([]);
  });

  test('after a change of keys nothing is left under the old one', async () => {
    const before = await open();
    await write(before, under('a'));
    expect(traces(':v1:a:')).toEqual([':v1:a:']);
    await before.close();

    const store = await open();
    const server = await startTestServer({ store, encryption: under('b', 'a') });
    await eventually(() => expect(traces(':v1:a:')).toEqual([]));
    await server.close();

    const without = await startTestServer({ store, encryption: under('b') });
    const { body } = await callerOf(without.url)('GET', `${secrets}/kept`);
    expect(body).toMatchObject(secret('kept', 'third-password-of-kept'));
    await without.close();
    await store.close();
  });
});

describe('a value that no key opens', () => {
  let store: Store;
  beforeEach(async () => {
    store = openMemoryStore({ clock: systemClock });
    const server = await startTestServer({ store, encryption: under('a') });
    const call = callerOf(server.url);
    await call('POST', '/api/v1/namespaces', { metadata: { name: 'other' } });
    await call('POST', secrets, secret('lost', 'x'));
    await server.close();
  });
  afterEach(() => store.close());

  const ignoring = 'ignoreStoreReadErrorWithClusterBreakingPotential=true';
  const fault = {
    reason: 'InternalError',
    code: 500,
    message: 'Internal error occurred: no matching prefix found',
  };

  async function started(security: SecurityFactory = allowAll) {
    const server = await startTestServer({ store, encryption: under('b'), security });
    return { server, call: callerOf(server.url) };
  }

  test('is an error of that object, and of lists and watches that it belongs to', async () => {
    const { server, call } = await started();
    for (const [method, body] of [['GET'], ['PUT', secret('lost', 'y')], ['DELETE']] as const) {
      expect((await call(method, `${secrets}/lost`, body)).body).toMatchObject(fault);
    }
    const listFault = {
      code: 500,
      message:
        'Internal error occurred: unable to transform key "/registry/core/secrets/default/lost": no matching prefix found',
    };
    for (const path of [secrets, '/api/v1/secrets', `${secrets}?watch=true`]) {
      expect((await call('GET', path)).body, path).toMatchObject(listFault);
    }
    expect((await call('POST', secrets, secret('lost', 'y'))).status).toBe(409);
    await server.close();
  });

  test('leaves everything else as it is', async () => {
    const { server, call } = await started();
    expect((await call('POST', secrets, secret('new', 'z'))).status).toBe(201);
    expect((await call('GET', `${secrets}/new`)).status).toBe(200);
    expect((await call('GET', '/api/v1/namespaces/other/secrets')).status).toBe(200);
    expect((await call('GET', '/api/v1/namespaces/default/configmaps')).status).toBe(200);
    await server.close();
  });

  test('can be deleted by who says so and may, and by nobody else', async () => {
    const { server, call } = await started();
    expect((await call('DELETE', `${secrets}/lost?${ignoring}`)).body).toMatchObject({ status: 'Success' });
    expect((await call('GET', `${secrets}/lost`)).status).toBe(404);
    expect((await call('GET', secrets)).body.items).toEqual([]);
    expect((await call('POST', secrets, secret('lost', 'again'))).status).toBe(201);
    const { body } = await call('DELETE', `${secrets}/lost?${ignoring}`);
    expect(body).toMatchObject({
      code: 422,
      message:
        'secrets "lost" is invalid: ignoreStoreReadErrorWithClusterBreakingPotential: Invalid value: true: is exclusively used to delete corrupt object(s), try again by removing this option',
    });
    await server.close();
  });

  test('stays where its user may only delete', async () => {
    const { server, call } = await started((access) => ({
      ...allowAll(access),
      authorizer: {
        authorize: ({ verb }) => Promise.resolve({ allowed: !verb.startsWith('unsafe'), reason: 'no rule' }),
      },
    }));
    const { body } = await call('DELETE', `${secrets}/lost?${ignoring}`);
    expect(body.message).toBe(
      'secrets "lost" is forbidden: not permitted to do "unsafe-delete-ignore-read-errors", reason: no rule',
    );
    await server.close();
  });

  test('is not deleted together with options that need to know it', async () => {
    const { server, call } = await started();
    const { body } = await call('DELETE', `${secrets}/lost?${ignoring}`, { gracePeriodSeconds: 0 });
    expect(body.message).toContain('cannot be set together with .gracePeriodSeconds');
    await server.close();
  });
});
