/** `npm run bench`: set-up, then the figures of the budget table. */
import { kubectl, runNode, setUp } from './setup.mjs';

await setUp({ forBench: true });
process.exitCode = await runNode(['bench/bench.ts', ...process.argv.slice(2)], { env: { KUBECTL: kubectl } });
