import { fileURLToPath } from 'node:url';

/** How this program starts itself again as another process: the same Node, the same entry file. */
export interface SelfCommand {
  readonly program: string;
  readonly args: readonly string[];
}

/**
 * Sizes suit a process that is one of many on a machine; larger heaps only delay collection.
 * `entry` is the file that was started; the bundle and the sources both have it in `process.argv[1]`.
 */
export function selfCommand(args: readonly string[], { heapMb }: { heapMb: number }): SelfCommand {
  const entry = process.argv[1] ?? fileURLToPath(new URL('../main.ts', import.meta.url));
  return {
    program: process.execPath,
    args: [`--max-old-space-size=${heapMb}`, '--max-semi-space-size=4', entry, ...args],
  };
}
