import { AuditNotes, type AuditAnnotations } from '#audit/audit-notes.ts';
import type { UserInfo } from '#security.ts';

export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

/** What every write carries besides the object. */
export interface WriteOptions {
  readonly user: UserInfo;
  readonly dryRun: boolean;
  /** Owner of the changed fields in managedFields; unset: nobody comes to own them. */
  readonly fieldManager: string | undefined;
  readonly fieldValidation: FieldValidation;
  /** Texts for the `Warning:` header. */
  readonly warnings: string[];
  readonly auditAnnotations: AuditAnnotations;
  /** '' for the object itself. */
  readonly subresource: string;
  /** As admission sees them: CreateOptions, UpdateOptions, PatchOptions, DeleteOptions. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The request named no object, but all that it asks for. */
  readonly ofCollection?: boolean;
  /** False for the server's own writes. */
  readonly admit: boolean;
  readonly signal?: AbortSignal;
  /** Of the request's body, as it says itself. */
  readonly bytes?: number;
}

export const serverUser: UserInfo = { name: 'system:apiserver', groups: ['system:masters'] };

/** For what the server writes by itself. */
export function serverWrite(overrides: Partial<WriteOptions> = {}): WriteOptions {
  return {
    user: serverUser,
    dryRun: false,
    fieldManager: undefined,
    fieldValidation: 'Ignore',
    warnings: [],
    auditAnnotations: new AuditNotes(),
    subresource: '',
    options: {},
    admit: false,
    ...overrides,
  };
}
