import type { AnyObject } from '@skerry/api';
import type { UpdatedPart } from '#registry/update.ts';

interface Condition {
  type: string;
  [field: string]: unknown;
}

interface RequestStatus {
  conditions?: readonly Condition[];
  certificate?: string;
}

const approvals = ['Approved', 'Denied'];

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
      const given = statusOf(next).conditions ?? [];
      const before = statusOf(old).conditions ?? [];
      const conditions = approvals.reduce((kept, type) => decisionsKept(kept, before, type), given);
      if (conditions.length > 0) next.status = { ...statusOf(next), conditions };
    },
  },
};

/** Decisions told again are as they were. One more or less is left for validation to refuse. */
function decisionsKept(
  given: readonly Condition[],
  before: readonly Condition[],
  type: string,
): readonly Condition[] {
  const decided = before.filter((condition) => condition.type === type);
  if (given.filter((condition) => condition.type === type).length !== decided.length) return given;
  let next = 0;
  return given.map((condition) => (condition.type === type ? decided[next++]! : condition));
}

function statusOf(object: AnyObject): RequestStatus {
  return (object.status ?? {}) as RequestStatus;
}
