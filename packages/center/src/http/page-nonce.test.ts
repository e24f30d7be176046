import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nonceMarker } from '#contract/page.ts';
import { StaticFiles } from '#http/static-files.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'page-'));
  await writeFile(join(folder, 'index.html'), `<meta name="csp-nonce" content="${nonceMarker}">`);
});
afterAll(() => rm(folder, { recursive: true }));

test('a page carries the nonce of its policy, another one each time, and is not kept', async () => {
  const files = await StaticFiles.load(folder);
  const nonces = ['/', '/c/east'].map((path) => {
    const { headers, body } = files.answer(path, () => undefined) ?? {};
    const nonce = /content="([\w-]{20,})"/.exec(typeof body === 'string' ? body : '')?.[1];
    expect(headers?.['content-security-policy']).toContain(`style-src 'self' 'nonce-${nonce}'`);
    expect(headers?.['content-security-policy']).not.toContain('unsafe');
    expect(headers?.['cache-control']).toBe('no-store');
    return nonce;
  });
  expect(new Set(nonces).size).toBe(2);
});
