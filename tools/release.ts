/** One archive of all that a center runs, in `dist/`, of the bundle that is there. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { version } from '../packages/cli/src/version.ts';
import { packRelease } from './pack-release.ts';

const root = join(import.meta.dirname, '..');
const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
const target = join(root, `dist/skerry-${version}-linux-${architecture}.tar.gz`);
packRelease(
  {
    dist: join(root, 'dist'),
    node: process.execPath,
    descriptions: join(root, '.cache/openapi-descriptions.json'),
    docs: join(root, 'docs'),
    license: join(root, 'LICENSE'),
  },
  target,
);
const archive = readFileSync(target);
const sum = createHash('sha256').update(archive).digest('hex');
console.log(`${relative(process.cwd(), target)}: ${Math.round(archive.length / 1e6)} MB, sha256 ${sum}`);
