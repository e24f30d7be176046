/** `npm start`: set-up, then the product's main job, `skerry up`. Further arguments go to it: `npm start -- --help`. */
import { runNode, setUp } from './setup.mjs';

await setUp();
process.exitCode = await runNode(['dist/skerry.mjs', 'up', ...process.argv.slice(2)]);
