/** What a center gives to machines that join: their commands alone, in one file. */
import { start } from './process/start.ts';

await start(import.meta, async () => (await import('./commands/machine-program.ts')).createMachineProgram());
