import { isApiError } from '@skerry/api';

/** Whether something is refused because its namespace is on its way out: no fault, and nothing to tell of. */
export function isEndingNamespace(error: unknown): boolean {
  return (
    isApiError(error, 'Forbidden') &&
    (error.status.details?.causes ?? []).some(({ reason }) => reason === 'NamespaceTerminating')
  );
}
