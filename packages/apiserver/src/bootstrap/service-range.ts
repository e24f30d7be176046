import { isApiError, type AnyObject } from '@skerry/api';
import type { ServerAccess } from '#security.ts';

const serviceCidrs = { group: 'networking.k8s.io', resource: 'servicecidrs' };
const owner = {
  manager: 'kubernetes-service-cidr-controller',
  subresource: 'status',
  applies: true,
} as const;
const ready = {
  type: 'Ready',
  status: 'True',
  message: 'Kubernetes default Service CIDR is ready',
};

/**
 * Keeps the ServiceCIDR `kubernetes`, which tells clients the ranges that addresses of Services come from. A second family
 * may come to it; all else is left as it is.
 */
export async function ensureServiceRange(
  { read, write }: Pick<ServerAccess, 'read' | 'write'>,
  { cidrs, now }: { readonly cidrs: readonly string[]; readonly now: string },
): Promise<void> {
  const existing = read.get(serviceCidrs, 'kubernetes');
  if (existing) {
    const had = (existing.spec as { cidrs?: string[] } | undefined)?.cidrs ?? [];
    if (had.length === 1 && cidrs.length === 2 && had[0] === cidrs[0])
      await write.update(serviceCidrs, { ...existing, spec: { cidrs } });
    return;
  }
  try {
    const made: AnyObject = await write.create(serviceCidrs, {
      metadata: { name: 'kubernetes' },
      spec: { cidrs },
    });
    const conditions = [{ ...ready, lastTransitionTime: now }];
    await write.update(serviceCidrs, { ...made, status: { conditions } }, owner);
  } catch (error) {
    if (!isApiError(error, 'AlreadyExists')) throw error;
  }
}
