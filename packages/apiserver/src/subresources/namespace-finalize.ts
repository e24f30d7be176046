import type { UpdatedPart } from '#registry/update.ts';

/** `namespaces/finalize`: the only door to `spec.finalizers`, for whoever empties a namespace that is being deleted. */
export const finalizeNamespace: UpdatedPart = {
  part: 'raw',
  keep(next, old) {
    const finalizers = (next.spec as { finalizers?: string[] } | undefined)?.finalizers;
    next.spec = { ...(old.spec as object | undefined), finalizers };
    next.status = old.status;
  },
};
