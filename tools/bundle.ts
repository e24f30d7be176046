/**
 * The release bundle: one file for `skerry`, one for each of its threads, in pieces of which each process loads its own; and what machines
 * are given, whole in one file. Start-up time and memory are those of this bundle; development runs the sources as they are. The console's files lie beside it in `dist/console`, where its own build puts them.
 */
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type BuildOptions } from 'esbuild';
import { directImports } from './direct-imports.ts';
import { leanHttp } from './lean-http.ts';

const options: BuildOptions = {
  outdir: 'dist',
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  // ES modules first: of CommonJS the bundler can't tell the names that a lazy `import()` will ask for.
  mainFields: ['module', 'main'],
  target: 'node24',
  format: 'esm',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  loader: { '.json': 'json' },
  plugins: [directImports(join(import.meta.dirname, '../packages')), leanHttp],
  // CommonJS dependencies ask for `require` and their own folder.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url); const __dirname = import.meta.dirname; const __filename = import.meta.filename;",
  },
  logLevel: 'warning',
};

await build({
  ...options,
  entryPoints: {
    skerry: 'packages/cli/src/main.ts',
    'store-writer': 'packages/store/src/sqlite/writer.ts',
    'simulation-thread': 'packages/cli/src/compose/simulation-thread.ts',
    'yaml-thread': 'packages/apiserver/src/http/yaml-thread.ts',
  },
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
});
await build({ ...options, entryPoints: { 'skerry-agent': 'packages/cli/src/machine-main.ts' } });

// The catalogue of components lies beside the bundle.
await rm('dist/components', { recursive: true, force: true });
await cp('components', 'dist/components', { recursive: true });
