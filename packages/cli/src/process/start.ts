/**
 * Sees to it that a program is compiled well and once, before any of it is: V8's code cache is kept beside the release bundle, where
 * only its owner may write (the default place, a folder under /tmp that everyone may make first, could hold someone else's code).
 * Without a place to write, all works as well.
 */
import { enableCompileCache, flushCompileCache } from 'node:module';
import { join } from 'node:path';
import type { Command } from 'commander';
import { avoidEndlessCompiling } from './endless-compiling.ts';

/** `entry` is the file that was started. */
export async function start(
  entry: { readonly filename: string; readonly dirname: string },
  program: () => Promise<Command>,
): Promise<void> {
  avoidEndlessCompiling();
  if (entry.filename.endsWith('.mjs')) enableCompileCache(join(entry.dirname, 'compile-cache'));
  // Nothing is left to do. Node's own clearing up would wait, at full speed, for requests of broken connections that never end.
  process.once('beforeExit', () => {
    flushCompileCache();
    process.exit();
  });
  const { run } = await import('../run.ts');
  await run(await program(), process.argv);
}
