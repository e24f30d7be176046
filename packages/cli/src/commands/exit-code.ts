import { SkerryError } from '@skerry/base';

/** Errors that say a precondition is missing: exit code 3, so that scripts can tell "not yet" from "failed". */
const preconditions = new Set([
  'not-root',
  'runtime-missing',
  'runtime-unreachable',
  'program-missing',
  'system-unsupported',
  'data-directory-in-use',
  'address-in-use',
  'address-not-allowed',
  'not-joined',
  'agent-not-running',
  'already-joined',
  'server-not-running',
  'server-not-here',
  'api-refused',
  'machine-unfit',
]);

/** 0 ok, 1 failed, 2 usage, 3 a precondition is missing. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof SkerryError)) return 1;
  if (error.code === 'config-invalid' || error.code === 'usage') return 2;
  return preconditions.has(error.code) ? 3 : 1;
}
