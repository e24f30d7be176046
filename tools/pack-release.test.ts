import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packRelease } from './pack-release.ts';

let root: string;
const at = (path: string) => join(root, path);

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'skerry-pack-'));
  for (const folder of ['chunks', 'components', 'console', 'compile-cache'])
    mkdirSync(at(`dist/${folder}`), { recursive: true });
  for (const file of ['skerry.mjs', 'store-writer.mjs', 'yaml-thread.mjs', 'skerry-agent.mjs'])
    writeFileSync(at(`dist/${file}`), '');
  writeFileSync(at('dist/skerry.mjs'), 'import("./chunks/up-ABCD1234.mjs")');
  writeFileSync(at('dist/chunks/up-ABCD1234.mjs'), 'import{a}from"./base-EFGH5678.mjs"');
  for (const chunk of ['base-EFGH5678', 'up-OLDER123']) writeFileSync(at(`dist/chunks/${chunk}.mjs`), '');
  mkdirSync(at('docs'));
  writeFileSync(at('LICENSE'), '');
  writeFileSync(at('descriptions.json'), '{}');
  writeFileSync(at('real-node'), '#!/bin/sh\necho "$@"\n', { mode: 0o755 });
  symlinkSync(at('real-node'), at('node'));
  packRelease(
    {
      dist: at('dist'),
      node: at('node'),
      descriptions: at('descriptions.json'),
      docs: at('docs'),
      license: at('LICENSE'),
    },
    at('made/skerry-1.0-linux-amd64.tar.gz'),
  );
  mkdirSync(at('opt'));
  execFileSync('tar', ['-xzf', at('made/skerry-1.0-linux-amd64.tar.gz'), '-C', at('opt')]);
  symlinkSync('skerry-1.0-linux-amd64', at('opt/skerry'));
  mkdirSync(at('bin'));
  symlinkSync(at('opt/skerry/bin/skerry'), at('bin/skerry'));
});

afterAll(() => rmSync(root, { recursive: true }));

test('an unpacked release runs by a link from anywhere', () => {
  const said = execFileSync(at('bin/skerry'), ['server', '--port', '1 2'], { cwd: '/', encoding: 'utf8' });
  expect(said).toBe(`${at('opt/skerry-1.0-linux-amd64/skerry.mjs')} server --port 1 2\n`);
});

test('a release holds what a center looks for beside its program, and no caches', () => {
  expect(readdirSync(at('opt/skerry-1.0-linux-amd64')).sort()).toEqual(
    [
      '.cache',
      'LICENSE',
      'bin',
      'chunks',
      'components',
      'console',
      'docs',
      'node',
      'skerry-agent.mjs',
      'skerry.mjs',
      'skerry.service',
      'store-writer.mjs',
      'yaml-thread.mjs',
    ].sort(),
  );
});

test('a release holds no code of earlier bundles', () => {
  const chunks = readdirSync(at('opt/skerry-1.0-linux-amd64/chunks'));
  expect(chunks.sort()).toEqual(['base-EFGH5678.mjs', 'up-ABCD1234.mjs']);
});

test('the service starts the program where the instructions put it', () => {
  const service = readFileSync(at('opt/skerry/skerry.service'), 'utf8');
  expect(service).toContain('ExecStart=/opt/skerry/bin/skerry server $SKERRY_SERVER_FLAGS\n');
  expect(readFileSync(join(import.meta.dirname, '../docs/how-to/install-a-center.md'), 'utf8')).toContain(
    '/opt/skerry/skerry.service',
  );
});
