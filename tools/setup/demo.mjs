/** `npm run demo`: set-up, then both examples end to end. */
import { kubectl, runNode, setUp } from './setup.mjs';

await setUp();
process.exitCode = await runNode(['test/demo/demo.ts', ...process.argv.slice(2)], {
  env: { KUBECTL: kubectl },
});
