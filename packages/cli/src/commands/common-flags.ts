import { type Command, InvalidArgumentError } from 'commander';
import { type DataDirectory, dataDirectory, defaultDataDirectory } from '#data-directory.ts';

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** `--data-dir`, which nearly every command has. */
export function withDataDirectory(command: Command): Command {
  return command.option(
    '--data-dir <path>',
    'where state is kept',
    defaultDataDirectory(process.env, isRoot()),
  );
}

export function dataOf(options: { dataDir: string }): DataDirectory {
  return dataDirectory(options.dataDir);
}

/** A whole number within bounds, for commander. */
export function wholeNumber({ min, max }: { min: number; max: number }): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}

export const count = wholeNumber({ min: 1, max: 1_000_000 });
/** 0: without bound. */
export const countOrNone = wholeNumber({ min: 0, max: 1_000_000 });

/** A number with or without a fraction; what it may be is said by the configuration that it belongs to. */
export function decimal(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It must be a number.');
  return value;
}

/** `true`, `false`, and the like that Go takes. */
export function yesOrNo(text: string): boolean {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text)) return false;
  throw new InvalidArgumentError('It must be true or false.');
}

/** A comma-separated list without empty parts. */
export function list(text: string): string[] {
  const values = text.split(',').map((value) => value.trim());
  if (values.some((value) => value === '')) throw new InvalidArgumentError('It must be a list like a,b,c.');
  return values;
}

/** `key=value,key=value`. */
export function keyValues(text: string): Record<string, string> {
  return Object.fromEntries(
    list(text).map((pair) => {
      const at = pair.indexOf('=');
      if (at <= 0) throw new InvalidArgumentError(`"${pair}" is not key=value.`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

/** A duration as kubectl writes it: 90s, 10m, 1h30m, 0. In seconds. */
export function duration(text: string): number {
  if (text === '0') return 0;
  const match = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text);
  if (!match || text === '') throw new InvalidArgumentError('It must be a duration like 30s, 10m, 1h or 0.');
  return Number(match[1] ?? 0) * 3600 + Number(match[2] ?? 0) * 60 + Number(match[3] ?? 0);
}
