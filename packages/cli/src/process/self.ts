import { fileURLToPath } from 'node:url';

/** How this program starts itself again as another process: the same Node, the same entry file. */
export interface SelfCommand {
  readonly program: string;
  readonly args: readonly string[];
}

/**
 * Sizes suit a process that is one of many on a machine. `youngMb` is what new objects may fill before they are looked
 * through: 4 keeps an idle process small, while one that decodes thousands of objects a second spends a fifth of its time
 * there; it grows to its size only under load. `growthPercent` is how much the heap may grow over what was alive before it is
 * looked through again: left to itself, V8 lets a process that reads fifty thousand objects at its start keep three times
 * their size for good.
 * `entry` is the file that was started; the bundle and the sources both have it in `process.argv[1]`.
 */
export function selfCommand(
  args: readonly string[],
  { heapMb, youngMb = 4, growthPercent }: { heapMb: number; youngMb?: number; growthPercent?: number },
): SelfCommand {
  const entry = process.argv[1] ?? fileURLToPath(new URL('../main.ts', import.meta.url));
  return {
    program: process.execPath,
    args: [
      `--max-old-space-size=${heapMb}`,
      `--max-semi-space-size=${youngMb}`,
      ...(growthPercent === undefined ? [] : [`--heap-growing-percent=${growthPercent}`]),
      entry,
      ...args,
    ],
  };
}
