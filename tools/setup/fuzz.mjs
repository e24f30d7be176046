/** `npm run fuzz`: set-up, then bad input of every sort; `npm run fuzz -- --help` tells the options. */
import { runNode, setUp } from './setup.mjs';

await setUp();
process.exitCode = await runNode([
  '--disable-warning=ExperimentalWarning',
  'test/fuzz/fuzz.ts',
  ...process.argv.slice(2),
]);
