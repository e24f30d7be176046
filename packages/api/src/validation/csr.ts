import type { FieldError } from '#status.ts';
import type { CertificateSigningRequest } from '#types.generated.ts';
import { duplicateValue, immutable, invalidValue, required, sameJson } from '#validation/faults.ts';

const expirationSecondsMin = 600;
const usages = new Set([
  'signing',
  'digital signature',
  'content commitment',
  'key encipherment',
  'key agreement',
  'data encipherment',
  'cert sign',
  'crl sign',
  'encipher only',
  'decipher only',
  'any',
  'server auth',
  'client auth',
  'code signing',
  'email protection',
  's/mime',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'timestamping',
  'ocsp signing',
  'microsoft sgc',
  'netscape sgc',
]);

function isSigningRequest(base64: string): boolean {
  try {
    return atob(base64).includes('-----BEGIN CERTIFICATE REQUEST-----');
  } catch {
    return false;
  }
}

export function validateCsr({ spec }: CertificateSigningRequest): FieldError[] {
  const faults: FieldError[] = [];
  if (!spec?.request) faults.push(required('spec.request'));
  else if (!isSigningRequest(spec.request))
    faults.push(invalidValue('spec.request', spec.request, 'PEM block type must be CERTIFICATE REQUEST'));
  if (!spec?.usages?.length) faults.push(required('spec.usages'));
  const seen = new Set<string>();
  for (const [index, usage] of (spec?.usages ?? []).entries()) {
    if (!usages.has(usage))
      faults.push({
        reason: 'FieldValueNotSupported',
        path: `spec.usages[${index}]`,
        message: `Unsupported value: ${JSON.stringify(usage)}: supported values: ${[...usages]
          .sort()
          .map((name) => JSON.stringify(name))
          .join(', ')}`,
      });
    if (seen.has(usage)) faults.push(duplicateValue(`spec.usages[${index}]`, usage));
    seen.add(usage);
  }
  if (!spec?.signerName) faults.push(required('spec.signerName'));
  else if (spec.signerName === 'kubernetes.io/legacy-unknown')
    faults.push(
      invalidValue(
        'spec.signerName',
        spec.signerName,
        'the legacy signerName is not allowed via this API version',
      ),
    );
  else if (!/^[^/]+\.[^/]+\/.+$/.test(spec.signerName))
    faults.push(
      invalidValue(
        'spec.signerName',
        spec.signerName,
        'must be a fully qualified domain and path of the form "example.com/signer-name"',
      ),
    );
  if (spec?.expirationSeconds !== undefined && spec.expirationSeconds < expirationSecondsMin)
    faults.push(
      invalidValue(
        'spec.expirationSeconds',
        spec.expirationSeconds,
        'may not specify a duration less than 600 seconds (10 minutes)',
      ),
    );
  return faults;
}

/** A word once given stays: conditions may be added, Approved and Denied exclude each other, the certificate is set once. */
export function validateCsrUpdate(
  next: CertificateSigningRequest,
  old: CertificateSigningRequest,
): FieldError[] {
  const faults = immutable('spec', next.spec, old.spec);
  const types = (next.status?.conditions ?? []).map(({ type }) => type);
  for (const type of ['Approved', 'Denied', 'Failed']) {
    const before = old.status?.conditions?.find((condition) => condition.type === type);
    if (before && !types.includes(type))
      faults.push({
        reason: 'FieldValueForbidden',
        path: 'status.conditions',
        message: `Forbidden: updates may not remove a condition of type "${type}"`,
      });
  }
  if (types.includes('Approved') && types.includes('Denied'))
    faults.push(
      invalidValue('status.conditions', 'Denied', 'Approved and Denied conditions are mutually exclusive'),
    );
  const issued = old.status?.certificate;
  if (issued && !sameJson(issued, next.status?.certificate))
    faults.push({
      reason: 'FieldValueForbidden',
      path: 'status.certificate',
      message: 'Forbidden: updates may not set certificate content after it has been issued',
    });
  return faults;
}
