import { isApiError } from '@skerry/api';
import type { ServerAccess } from '#security.ts';

const serviceCidrs = { group: 'networking.k8s.io', resource: 'servicecidrs' };
const ready = {
  type: 'Ready',
  status: 'True',
  reason: '',
  message: 'Kubernetes default Service CIDR is ready',
};

/** Keeps the ServiceCIDR `kubernetes`, which tells clients the range that addresses of Services come from. */
export async function ensureServiceRange(
  { read, write }: Pick<ServerAccess, 'read' | 'write'>,
  { cidr, now }: { readonly cidr: string; readonly now: string },
): Promise<void> {
  if (read.get(serviceCidrs, 'kubernetes')) return;
  try {
    const made = await write.create(serviceCidrs, {
      metadata: { name: 'kubernetes' },
      spec: { cidrs: [cidr] },
    });
    const conditions = [{ ...ready, lastTransitionTime: now }];
    await write.update(serviceCidrs, { ...made, status: { conditions } });
  } catch (error) {
    if (!isApiError(error, 'AlreadyExists')) throw error;
  }
}
