import { isApiError } from '@skerry/api';
import { describeError, type Clock } from '@skerry/base';
import { OverloadedError } from '#flowcontrol/take-seat.ts';
import { RequestAudit, type AuditedRequest, type AuditLog } from '#audit/request-audit.ts';
import type { Impersonated } from '#impersonation.ts';
import type { RequestInfo } from '#request-info.ts';
import type { UserInfo } from '#security.ts';

/** What the audit log is told of a request on its way. */
export interface Auditor {
  /** It is known who asks. Where the log must have that before the request goes on, a promise; it may reject. */
  begin(user: UserInfo): Promise<void> | undefined;
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

/** The log must have a request before it goes on, and couldn't take it. */
export class NotAuditedError extends Error {
  override readonly name = 'NotAuditedError';

  /** In the words of kube-apiserver. */
  textFor(path: string): string {
    return `Internal Server Error: ${JSON.stringify(path)}: failed to store audit event\n`;
  }
}

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
    return begun?.received?.catch((cause: unknown) => {
      log.metrics.rejected();
      throw new NotAuditedError('failed to store audit event', { cause });
    });
  };
  return {
    begin,
    impersonated: ({ user, constraint }) => begun?.impersonated(user, constraint),
    failed(error) {
      if (error instanceof NotAuditedError) {
        // Nothing was done of it.
        begun = undefined;
        return;
      }
      if (!known) void begin(undefined);
      const refused = isApiError(error) || error instanceof OverloadedError;
      if (!refused) begun?.panicked(describeError(error));
    },
    end: () => begun?.end(),
  };
}
