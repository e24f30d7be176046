import { humanDuration } from '#duration.ts';
import type { CertificateSigningRequest } from '#types.generated.ts';
import { validateCsr, validateCsrUpdate } from '#validation/csr.ts';
import { pathSegmentFaults } from '#validation/names.ts';
import { behaviour } from '#kinds/behaviour.ts';
import { ageColumn, column, nameColumn } from '#kinds/columns.ts';

function conditionText({ status }: CertificateSigningRequest): string {
  const types = new Set((status?.conditions ?? []).map((condition) => condition.type));
  const words = [types.has('Denied') ? 'Denied' : types.has('Approved') ? 'Approved' : 'Pending'];
  if (types.has('Failed')) words.push('Failed');
  if (status?.certificate) words.push('Issued');
  return words.join(',');
}

/** Conditions tell when they were told last, and since when they hold. */
function stampConditions(csr: CertificateSigningRequest, old: CertificateSigningRequest, now: string): void {
  for (const condition of csr.status?.conditions ?? []) {
    condition.lastUpdateTime ||= now;
    const same = old.status?.conditions?.find(
      ({ type, status, lastTransitionTime }) =>
        type === condition.type && status === condition.status && lastTransitionTime,
    );
    condition.lastTransitionTime ||= same?.lastTransitionTime ?? now;
  }
}

export const csrBehaviour = behaviour<CertificateSigningRequest>({
  // Whatever can stand in a path: nobody cares what a request is called.
  nameRule: pathSegmentFaults,
  columns: [
    nameColumn,
    ageColumn,
    column<CertificateSigningRequest>('SignerName', ({ spec }) => spec?.signerName || '<none>'),
    column<CertificateSigningRequest>('Requestor', ({ spec }) => spec?.username),
    column<CertificateSigningRequest>('RequestedDuration', ({ spec }) =>
      spec?.expirationSeconds === undefined ? '<none>' : humanDuration(spec.expirationSeconds * 1000),
    ),
    column<CertificateSigningRequest>('Condition', conditionText),
  ],
  strategy: {
    setDefaults(csr) {
      csr.status ??= {};
    },
    prepareForUpdate(csr, old) {
      csr.spec = old.spec;
    },
    validate: validateCsr,
    validateUpdate: (next, old) => validateCsrUpdate(next, old),
    validateStatus: (next, old) => validateCsrUpdate(next, old, 'status'),
    validateSubresource: (next, old) => validateCsrUpdate(next, old, 'approval'),
    prepareForStatus: stampConditions,
    fieldValue: ({ spec }, field) => (field === 'spec.signerName' ? (spec?.signerName ?? '') : undefined),
  },
});
