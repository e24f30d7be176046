/** `npm run conformance`: set-up, then our API server is asked what the real one was asked. */
import { runNode, setUp } from './setup.mjs';

await setUp();
process.exitCode = await runNode(['test/conformance/conformance.ts', ...process.argv.slice(2)]);
