/** Holds the dependency table: what a package may import is decided here and nowhere else. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

/** Package → workspace packages that its code may import. `cli` may import all. */
const allowed: Record<string, readonly string[]> = {
  base: [],
  api: ['base'],
  store: ['base'],
  cel: ['api', 'base'],
  client: ['api', 'base'],
  serving: ['api', 'base'],
  streams: ['base'],
  pki: ['base'],
  apiserver: ['serving', 'streams', 'pki', 'store', 'cel', 'api', 'base'],
  controllers: ['client', 'pki', 'api', 'base'],
  scheduler: ['client', 'api', 'base'],
  agent: ['client', 'streams', 'pki', 'api', 'base'],
  hub: ['serving', 'client', 'api', 'base'],
  network: ['client', 'api', 'base'],
  ingress: ['client', 'api', 'base'],
  link: ['pki', 'base'],
  peers: ['pki', 'api', 'base'],
  center: ['client', 'pki', 'api', 'base'],
  console: ['api', 'center'],
};

/** Packages that run in a browser too: no Node module. */
const pure = ['api', 'cel', 'console'];

interface Source {
  readonly package: string;
  readonly file: string;
  readonly text: string;
  readonly isTest: boolean;
}

const sources = readdirSync(join(root, 'packages')).flatMap((name) =>
  readdirSync(join(root, 'packages', name, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file))
    .map((file): Source => ({
      package: name,
      file: `packages/${name}/src/${file}`,
      text: readFileSync(join(root, 'packages', name, 'src', file), 'utf8'),
      isTest: /\.(test|bench)\.tsx?$/.test(file) || file.includes('testing/'),
    })),
);

function importsOf({ text }: Source): string[] {
  return [
    ...text.matchAll(
      /^\s*(?:import|export)\b[^'"]*?from\s+'([^']+)'|\bimport\(\s*'([^']+)'\s*\)|^import\s+'([^']+)'/gm,
    ),
  ].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}

describe('the dependency table', () => {
  const production = sources.filter((source) => !source.isTest);

  test('packages import only what the table allows', () => {
    const wrong = production
      .filter((source) => source.package in allowed)
      .flatMap((source) =>
        importsOf(source)
          .map((name) => /^@skerry\/([^/]+)/.exec(name)?.[1])
          .filter((name) => name !== undefined && !allowed[source.package]?.includes(name))
          .map((name) => `${source.file} imports ${name}`),
      );
    expect(wrong).toEqual([]);
  });

  test('every package is in the table', () => {
    const known = [...Object.keys(allowed), 'cli'].sort();
    expect([...new Set(sources.map((source) => source.package))].sort()).toEqual(known);
  });

  test('the console knows nothing of the center but the contract', () => {
    const wrong = sources
      .filter((source) => source.package === 'console')
      .flatMap((source) =>
        importsOf(source)
          .filter((name) => name.startsWith('@skerry/center') && name !== '@skerry/center/contract')
          .map((name) => `${source.file} imports ${name}`),
      );
    expect(wrong).toEqual([]);
  });

  test('package.json lists the workspace packages that production code imports', () => {
    for (const name of Object.keys(allowed)) {
      const manifest = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as {
        dependencies?: Record<string, string>;
      };
      const listed = Object.keys(manifest.dependencies ?? {}).filter((dependency) =>
        dependency.startsWith('@skerry/'),
      );
      for (const dependency of listed)
        expect(allowed[name], name).toContain(dependency.slice('@skerry/'.length));
    }
  });

  test('other packages are imported by their public name, own files by #path or nearby', () => {
    const wrong = sources.flatMap((source) =>
      importsOf(source)
        .filter(
          (name) =>
            /^@skerry\/[^/]+\/(?!testing$|contract$)/.test(name) ||
            name.startsWith('../../') ||
            /packages\//.test(name),
        )
        .map((name) => `${source.file} imports ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  test('packages for the browser use no Node module', () => {
    const wrong = production
      .filter((source) => pure.includes(source.package))
      .flatMap((source) =>
        importsOf(source)
          .filter((name) => name.startsWith('node:'))
          .map((name) => `${source.file} imports ${name}`),
      );
    expect(wrong).toEqual([]);
  });

  test('only the composition root hands out the real clock', () => {
    const wrong = production
      .filter(
        (source) =>
          source.package !== 'cli' && source.package !== 'base' && /\bsystemClock\b/.test(source.text),
      )
      .map((source) => source.file);
    expect(wrong).toEqual([]);
  });
});
