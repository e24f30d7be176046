import { isApiError } from '@skerry/api';
import { describeError, type Clock } from '@skerry/base';
import { OverloadedError } from '#flowcontrol/take-seat.ts';
import { RequestAudit, type AuditedRequest, type AuditLog } from '#audit/request-audit.ts';
import type { Impersonated } from '#impersonation.ts';
import type { RequestInfo } from '#request-info.ts';
import type { UserInfo } from '#security.ts';

/** What the audit log is told of a request on its way. */
export interface Auditor {
  /** It is known who asks. */
  begin(user: UserInfo): void;
  /** And that they act as someone else. */
  impersonated(acting: Impersonated): void;
  failed(error: unknown): void;
  /** The answer is whole, or will never be. */
  end(): void;
}

export const noAuditor: Auditor = {
  begin: () => undefined,
  impersonated: () => undefined,
  failed: () => undefined,
  end: () => undefined,
};

/** A request that fails before it is known who asks is one of a refused credential. */
export function auditorOf(
  log: AuditLog,
  request: AuditedRequest,
  facts: {
    readonly info: RequestInfo;
    readonly auditId: string;
    readonly longRunning: boolean;
    readonly clock: Clock;
  },
): Auditor {
  const receivedMs = facts.clock.now();
  let begun: RequestAudit | undefined;
  let known = false;
  const begin = (user: UserInfo | undefined) => {
    known = true;
    begun = RequestAudit.begin(log, request, { ...facts, user, receivedMs });
  };
  return {
    begin,
    impersonated: ({ user, constraint }) => begun?.impersonated(user, constraint),
    failed(error) {
      if (!known) begin(undefined);
      const refused = isApiError(error) || error instanceof OverloadedError;
      if (!refused) begun?.panicked(describeError(error));
    },
    end: () => begun?.end(),
  };
}
