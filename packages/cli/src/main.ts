/** The one binary, for centers and machines. Everything it does lies in `run.ts` and `commands/`. */
import { start } from './process/start.ts';

await start(import.meta, async () => (await import('./commands/program.ts')).createProgram());
