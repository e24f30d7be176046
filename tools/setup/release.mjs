/** `npm run release`: set-up, then one archive of all that a center runs, to be unpacked where it is to run. */
import { runNode, setUp } from './setup.mjs';

await setUp();
process.exitCode = await runNode(['tools/release.ts']);
