import type { AnyObject } from '@skerry/api';
import type { UpdatedPart } from '#registry/update.ts';

interface Condition {
  type: string;
  [field: string]: unknown;
}

interface RequestStatus {
  conditions?: Condition[];
  certificate?: string;
}

const approvals = new Set(['Approved', 'Denied']);

/**
 * The two doors to a CSR's status: `approval` for who decides, `status` for who signs. Neither can do the other's work.
 */
export const certificateParts: Readonly<Record<'approval' | 'status', UpdatedPart>> = {
  approval: {
    part: 'status',
    keep(next, old) {
      next.status = { ...statusOf(old), conditions: statusOf(next).conditions };
    },
  },
  status: {
    part: 'status',
    keep(next, old) {
      const given = statusOf(next);
      const decided = (statusOf(old).conditions ?? []).filter(({ type }) => approvals.has(type));
      const other = (given.conditions ?? []).filter(({ type }) => !approvals.has(type));
      next.status = { ...given, conditions: [...decided, ...other] };
    },
  },
};

function statusOf(object: AnyObject): RequestStatus {
  return (object.status ?? {}) as RequestStatus;
}
