import { ApiError, type StatusCause } from '@skerry/api';
import type { Exchange } from '#http/exchange.ts';
import type { UserInfo } from '#security.ts';
import type { FieldValidation, WriteOptions } from '#registry/write-options.ts';

/** The options of a write from its query (and, for DELETE, its body). Throws 400 or 422 for what can't be. */
export function writeOptionsOf(
  exchange: Pick<Exchange, 'query' | 'headers' | 'signal' | 'audit' | 'warnings'>,
  user: UserInfo,
  given: { subresource: string; optionsKind: string; body?: Record<string, unknown> },
): WriteOptions {
  const { query } = exchange;
  const dryRun = parseDryRun(
    [...query.getAll('dryRun'), ...listOf(given.body?.['dryRun'])],
    given.optionsKind,
  );
  const options: Record<string, unknown> = {
    // As stock servers: behind the door, a patch is an update.
    kind: given.optionsKind === 'PatchOptions' ? 'UpdateOptions' : given.optionsKind,
    apiVersion: 'meta.k8s.io/v1',
    ...given.body,
    ...(dryRun ? { dryRun: ['All'] } : {}),
  };
  const fieldManager = query.get('fieldManager');
  if (fieldManager) {
    checkManager(fieldManager, given.optionsKind);
    options['fieldManager'] = fieldManager;
  }
  const fieldValidation = parseFieldValidation(query.get('fieldValidation'), given.optionsKind);
  if (query.get('fieldValidation')) options['fieldValidation'] = fieldValidation;
  return {
    user,
    dryRun,
    fieldManager: fieldManager || managerFromAgent(exchange.headers['user-agent']),
    fieldValidation,
    warnings: exchange.warnings,
    auditAnnotations: exchange.audit,
    subresource: given.subresource,
    options,
    admit: true,
    signal: exchange.signal,
    bytes: Number(exchange.headers['content-length'] ?? 0),
  };
}

/** 422 for options of a request: `PatchOptions.meta.k8s.io "" is invalid: …` */
export function invalidOptions(kind: string, fault: string): ApiError {
  return new ApiError('Invalid', `${kind}.meta.k8s.io "" is invalid: ${fault}`, {
    details: { group: 'meta.k8s.io', kind, causes: [causeOf(fault)] },
  });
}

/** `dryRun: Unsupported value: …` as a cause. */
function causeOf(fault: string): StatusCause {
  const colon = fault.indexOf(': ');
  const [field, message] = [fault.slice(0, colon), fault.slice(colon + 2)];
  const reason = Object.entries(reasons).find(([words]) => message.startsWith(words))?.[1];
  return { reason, message, field };
}

const reasons = {
  'Required value': 'FieldValueRequired',
  Forbidden: 'FieldValueForbidden',
  'Unsupported value': 'FieldValueNotSupported',
  'Invalid value': 'FieldValueInvalid',
  'Too long': 'FieldValueTooLong',
};

function listOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function parseDryRun(values: readonly string[], kind: string): boolean {
  if (values.length === 0) return false;
  if (values.every((value) => value === 'All')) return true;
  const listed = values.map((value) => JSON.stringify(value)).join(',');
  throw invalidOptions(kind, `dryRun: Unsupported value: [${listed}]: supported values: "All"`);
}

function parseFieldValidation(value: string | null, kind: string): FieldValidation {
  if (value === null || value === '') return 'Warn';
  if (value === 'Strict' || value === 'Warn' || value === 'Ignore') return value;
  throw invalidOptions(
    kind,
    `fieldValidation: Unsupported value: ${JSON.stringify(value)}: supported values: "", "Ignore", "Strict", "Warn"`,
  );
}

const managerLengthMax = 128;

function checkManager(manager: string, kind: string): void {
  if (manager.length > managerLengthMax) {
    throw invalidOptions(kind, `fieldManager: Too long: may not be more than ${managerLengthMax} bytes`);
  }
  const at = Array.from(manager).findIndex((character) => !/[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(character));
  if (at >= 0) {
    const code = Array.from(manager)[at]!.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
    throw invalidOptions(
      kind,
      `fieldManager: Invalid value: ${JSON.stringify(manager)}: invalid character U+${code} (at position ${at})`,
    );
  }
}

/** `kubectl/v1.36.0 (linux/amd64)` → `kubectl` */
function managerFromAgent(agent: string | undefined): string {
  const name = (agent ?? '').split('/', 1)[0]!.slice(0, managerLengthMax);
  return name || 'unknown';
}
