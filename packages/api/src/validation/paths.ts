/** File paths in specifications. */
import type { FieldError } from '#status.ts';
import { invalidValue } from '#validation/faults.ts';

export function hasBackstep(target: string): boolean {
  return target.includes('..') && target.split('/').includes('..');
}

export function checkNoBacksteps(faults: FieldError[], target: string, path: string): void {
  if (hasBackstep(target)) faults.push(invalidValue(path, target, "must not contain '..'"));
}

/** Below where it is used. */
export function checkDescending(faults: FieldError[], target: string, path: string): void {
  if (target.startsWith('/')) faults.push(invalidValue(path, target, 'must be a relative path'));
  checkNoBacksteps(faults, target, path);
}

/** Names that begin with two dots are the node agent's own. */
export function checkNotReserved(faults: FieldError[], target: string, path: string): void {
  checkDescending(faults, target, path);
  if (target.startsWith('..') && !target.startsWith('../'))
    faults.push(invalidValue(path, target, "must not start with '..'"));
}
