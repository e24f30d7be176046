import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { expect, onTestFinished, test } from 'vitest';
import { directImports } from './direct-imports.ts';

const manifest = JSON.stringify({ sideEffects: false, exports: { '.': './src/index.ts' } });
const nouns = {
  'packages/nouns/package.json': manifest,
  'packages/nouns/src/index.ts': `export { light as lamp, type Light } from './light.ts'; export * from '#deep/index.ts';`,
  'packages/nouns/src/light.ts': `export interface Light {} export const light = /[\u03bc]s/;`,
  'packages/nouns/src/deep/index.ts': `export { heavy } from './heavy.ts';`,
  'packages/nouns/src/deep/heavy.ts': `export const heavy = 1;`,
};

test('a process loads of a package only the files whose names it imports', async () => {
  const { outputs } = await bundled({
    ...nouns,
    'packages/cli/src/one.ts': `import { lamp, type Light } from '@skerry/nouns'; export const found: Light = lamp;`,
    'packages/cli/src/other.ts': `import { heavy, lamp } from '@skerry/nouns'; console.log(heavy, lamp);`,
  });
  expect(loadedBy(outputs, 'one')).toEqual(['cli/src/one.ts', 'nouns/src/light.ts']);
  expect(loadedBy(outputs, 'other')).toEqual([
    'cli/src/other.ts',
    'nouns/src/deep/heavy.ts',
    'nouns/src/light.ts',
  ]);
});

test('the bundle is ASCII, so that V8 keeps it in one byte a letter', async () => {
  const { texts } = await bundled({
    ...nouns,
    'packages/cli/src/one.ts': `import { lamp } from '@skerry/nouns'; console.log(lamp, 'é');`,
    'packages/cli/src/other.ts': ``,
  });
  expect(texts.join('')).toContain(String.raw`/[\u03bc]s/`);
  expect(texts.join('')).not.toMatch(/[\u0080-\uffff]/);
});

async function bundled(files: Record<string, string>) {
  const root = mkdtempSync(join(tmpdir(), 'skerry-bundle-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const { metafile, outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: { one: 'packages/cli/src/one.ts', other: 'packages/cli/src/other.ts' },
    outdir: 'dist',
    bundle: true,
    splitting: true,
    format: 'esm',
    metafile: true,
    write: false,
    plugins: [directImports(join(root, 'packages'))],
  });
  return { outputs: metafile.outputs, texts: outputFiles.map(({ text }) => text) };
}

/** The sources that come with an entry, from its own output and those that it imports. */
function loadedBy(outputs: Metafile['outputs'], entry: string): string[] {
  const sources = new Set<string>();
  const visit = (name: string) => {
    const output = outputs[name]!;
    for (const source of Object.keys(output.inputs)) sources.add(source.replace('packages/', ''));
    for (const { path } of output.imports) visit(path);
  };
  visit(`dist/${entry}.js`);
  return [...sources].toSorted();
}
