import { type Clock, sleep } from '@skerry/base';
import { readConfigurationFile } from './configuration-file.ts';

/** As often as kube-apiserver looks. By reading it, which also sees a mount that is exchanged under the name. */
const everyMs = 60_000;

/**
 * Calls `take` with each text of the file that differs from the last one taken, until the signal. What `take` throws goes
 * to `failed`, once for each text, and an unreadable file once for each time it becomes so.
 */
export async function followFile(
  file: {
    readonly path: string;
    /** That named it. */
    readonly flag: `--${string}`;
    readonly text: string;
    readonly clock: Clock;
    readonly signal: AbortSignal;
  },
  take: (text: string) => Promise<void> | void,
  failed: (error: unknown) => void,
): Promise<void> {
  const { path, flag, clock, signal } = file;
  let last: string | undefined = file.text;
  while (!signal.aborted) {
    await sleep(clock, everyMs, signal).catch(() => undefined);
    if (signal.aborted) return;
    let text: string | undefined;
    try {
      text = readConfigurationFile(path, flag);
      if (text === last) continue;
      last = text;
      await take(text);
    } catch (error) {
      if (text !== undefined || last !== undefined) failed(error);
      if (text === undefined) last = undefined;
    }
  }
}
