import { builtinKinds, builtinSchemas } from '@skerry/api';
import { expect, test } from 'vitest';
import { AuditNotes } from '#audit/audit-notes.ts';
import type { Exchange } from '#http/exchange.ts';
import { KindTable } from '#registry/kind-table.ts';
import { OpenApiHandler } from '#openapi/openapi-handler.ts';

interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

async function ask(
  handler: OpenApiHandler,
  target: string,
  headers: Record<string, string> = {},
): Promise<Answer | undefined> {
  const url = new URL(target, 'http://server');
  const answer: Answer = { status: 0, headers: {}, body: '' };
  // The handler needs no more of an exchange.
  const exchange = {
    method: 'GET',
    path: url.pathname,
    query: url.searchParams,
    headers,
    audit: new AuditNotes(),
    setHeader: (name: string, value: string) => void (answer.headers[name] = value),
    send(status: number, more: Record<string, string>, body: Uint8Array | string) {
      answer.status = status;
      Object.assign(answer.headers, more);
      answer.body = Buffer.from(body).toString();
    },
    open(status: number, more: Record<string, string>) {
      answer.status = status;
      Object.assign(answer.headers, more);
      return {
        write(bytes: Uint8Array | string) {
          answer.body += Buffer.from(bytes).toString();
          return true;
        },
        end: () => undefined,
        destroy: () => undefined,
      };
    },
  } as unknown as Exchange;
  return (await handler.handle(exchange)) ? answer : undefined;
}

function served(): { kinds: KindTable; handler: OpenApiHandler } {
  const kinds = new KindTable();
  for (const info of builtinKinds)
    if (info.group !== 'batch') kinds.addVirtual({ info, schemas: builtinSchemas });
  return { kinds, handler: new OpenApiHandler(kinds, { version: 'v1.36.3' }) };
}

const pathsOf = (answer: Answer | undefined): Record<string, { serverRelativeURL: string }> =>
  (JSON.parse(answer?.body ?? '{}') as { paths: Record<string, { serverRelativeURL: string }> }).paths;

test('the index names every group and version with the hash of its document', async () => {
  const { handler } = served();
  const paths = pathsOf(await ask(handler, '/openapi/v3'));
  expect(Object.keys(paths)).toEqual(expect.arrayContaining(['api/v1', 'apis/apps/v1']));
  expect(paths['api/v1']?.serverRelativeURL).toMatch(/^\/openapi\/v3\/api\/v1\?hash=[0-9A-F]+$/);
});

test('a document asked for by its hash may be kept for good, by another hash leads to the right one', async () => {
  const { handler } = served();
  const url = pathsOf(await ask(handler, '/openapi/v3'))['apis/apps/v1']?.serverRelativeURL ?? '';
  const answer = await ask(handler, url, { accept: 'application/json' });
  expect(answer?.status).toBe(200);
  expect(answer?.headers['Cache-Control']).toContain('immutable');
  expect(JSON.parse(answer?.body ?? '')).toHaveProperty('openapi', '3.0.0');
  const other = await ask(handler, '/openapi/v3/apis/apps/v1?hash=OLD');
  expect(other).toMatchObject({ status: 301, headers: { Location: url } });
  const plain = await ask(handler, '/openapi/v3/apis/apps/v1');
  expect(plain?.headers['Cache-Control']).toBeUndefined();
  const again = await ask(handler, '/openapi/v3/apis/apps/v1', {
    'if-none-match': plain?.headers['ETag'] ?? '',
  });
  expect(again?.status).toBe(304);
});

test('a kind that comes changes the hash of its group and of no other', async () => {
  const { kinds, handler } = served();
  const before = pathsOf(await ask(handler, '/openapi/v3'));
  const job = builtinKinds.find(({ kind }) => kind === 'Job')!;
  kinds.addVirtual({ info: job, schemas: builtinSchemas });
  const between = pathsOf(await ask(handler, '/openapi/v3'));
  const cronJob = builtinKinds.find(({ kind }) => kind === 'CronJob')!;
  kinds.addVirtual({ info: cronJob, schemas: builtinSchemas });
  const after = pathsOf(await ask(handler, '/openapi/v3'));
  expect(before['apis/batch/v1']).toBeUndefined();
  expect(after['apis/batch/v1']).not.toEqual(between['apis/batch/v1']);
  expect(after['api/v1']).toEqual(before['api/v1']);
});

test('who takes no JSON gets 406, no document is 404 without words, and other paths are left to others', async () => {
  const { handler } = served();
  await expect(
    ask(handler, '/openapi/v3/api/v1', {
      accept: 'application/com.github.proto-openapi.spec.v3.v1.0+protobuf',
    }),
  ).rejects.toThrow('only the following media types are accepted');
  expect(await ask(handler, '/openapi/v3/apis/none/v1')).toMatchObject({ status: 404, body: '' });
  expect(await ask(handler, '/openapi')).toBeUndefined();
});
