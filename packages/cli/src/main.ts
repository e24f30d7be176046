/**
 * The one binary. Everything it does lies in `run.ts` and `commands/`; this file only sees to it that those are compiled
 * well and once: V8's code cache is kept beside the release bundle, where only its owner may write (the default place, a folder
 * under /tmp that everyone may make first, could hold someone else's code). Without a place to write, all works as well.
 */
import { enableCompileCache, flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { avoidEndlessCompiling } from './process/endless-compiling.ts';

avoidEndlessCompiling();
if (import.meta.filename.endsWith('.mjs')) enableCompileCache(join(import.meta.dirname, 'compile-cache'));
// Nothing is left to do. Node's own clearing up would wait, at full speed, for requests of broken connections that never end.
process.once('beforeExit', () => {
  flushCompileCache();
  process.exit();
});
const { run } = await import('./run.ts');
await run(process.argv);
