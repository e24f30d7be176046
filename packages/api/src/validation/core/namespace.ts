import { labelKeyFaults } from '#selector.ts';
import type { FieldError } from '#status.ts';
import type { Namespace } from '#types.generated.ts';
import { checkReasons, invalidValue } from '#validation/faults.ts';
import { checkKnownFinalizer } from '#validation/object-meta.ts';

export function validateNamespace({ spec }: Namespace): FieldError[] {
  const faults: FieldError[] = [];
  for (const finalizer of spec?.finalizers ?? []) checkFinalizer(faults, finalizer, 'spec.finalizers');
  return faults;
}

function checkFinalizer(faults: FieldError[], finalizer: string, path: string): void {
  checkReasons(faults, path, finalizer, labelKeyFaults(finalizer));
  checkKnownFinalizer(faults, path, finalizer);
}

/** A namespace is active until it is deleted, and terminating from then on. */
export function validateNamespaceStatus({ metadata, status }: Namespace): FieldError[] {
  const phase = status?.phase ?? '';
  const deleted = metadata.deletionTimestamp !== undefined;
  if (phase === (deleted ? 'Terminating' : 'Active')) return [];
  return [
    invalidValue(
      'status.Phase',
      phase,
      deleted
        ? "may only be 'Terminating' if `deletionTimestamp` is not empty"
        : "may only be 'Active' if `deletionTimestamp` is empty",
    ),
  ];
}

export function validateNamespaceFinalize({ spec }: Namespace): FieldError[] {
  const faults: FieldError[] = [];
  for (const [index, finalizer] of (spec?.finalizers ?? []).entries())
    checkFinalizer(faults, finalizer, `spec.finalizers[${index}]`);
  return faults;
}
