/** CertificateSigningRequests. What is in the request and whether it is signed, its signer finds out. */
import type { FieldError } from '#status.ts';
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from '#types.generated.ts';
import {
  duplicateValue,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  sameJson,
} from '#validation/faults.ts';
import { checkSignerName } from '#validation/signer-name.ts';

const expirationSecondsMin = 600;
const legacySigner = 'kubernetes.io/legacy-unknown';

/** As faults list them. */
const usageNames = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
];

const decisions = ['Approved', 'Denied'] as const;
/** Conditions that stay once they are there, and are true when they are. */
const lasting = [...decisions, 'Failed'] as const;

function decoded(base64: string): string {
  try {
    return atob(base64);
  } catch {
    return '';
  }
}

export function validateCsr(csr: CertificateSigningRequest): FieldError[] {
  return csrFaults(csr, undefined);
}

function csrFaults(
  { spec, status }: CertificateSigningRequest,
  old: CertificateSigningRequest | undefined,
): FieldError[] {
  const faults: FieldError[] = [];
  const { request, usages = [], signerName, expirationSeconds } = spec ?? {};
  if (!decoded(request).includes('-----BEGIN CERTIFICATE REQUEST-----'))
    faults.push(invalidValue('spec.request', request || null, 'PEM block type must be CERTIFICATE REQUEST'));
  checkUsages(faults, usages);
  if (signerName === legacySigner && old?.spec?.signerName !== legacySigner)
    faults.push(
      invalidValue(
        'spec.signerName',
        signerName,
        'the legacy signerName is not allowed via this API version',
      ),
    );
  else checkSignerName(faults, signerName, 'spec.signerName');
  if (expirationSeconds !== undefined && expirationSeconds < expirationSecondsMin)
    faults.push(
      invalidValue(
        'spec.expirationSeconds',
        expirationSeconds,
        'may not specify a duration less than 600 seconds (10 minutes)',
      ),
    );
  checkConditions(faults, status?.conditions ?? [], old?.status?.conditions ?? []);
  const why = sameJson(status?.certificate, old?.status?.certificate)
    ? undefined
    : certificateFault(status?.certificate);
  if (why) faults.push(invalidValue('status.certificate', '<certificate data>', why));
  return faults;
}

function checkUsages(faults: FieldError[], usages: readonly string[]): void {
  if (usages.length === 0) faults.push(required('spec.usages'));
  for (const [index, usage] of usages.entries())
    if (!usageNames.includes(usage)) faults.push(notSupported(`spec.usages[${index}]`, usage, usageNames));
  const seen = new Set<string>();
  for (const [index, usage] of usages.entries()) {
    if (seen.has(usage)) faults.push(duplicateValue(`spec.usages[${index}]`, usage));
    seen.add(usage);
  }
}

/** `old`: conditions of before, whose faults may stay. */
function checkConditions(
  faults: FieldError[],
  conditions: readonly CertificateSigningRequestCondition[],
  old: readonly CertificateSigningRequestCondition[],
): void {
  const types = old.map(({ type }) => type);
  const mayContradict = decisions.every((type) => types.includes(type));
  const mayRepeat = new Set(types).size < types.length;
  const seen = new Set<string>();
  for (const [index, { type, status }] of conditions.entries()) {
    const at = `status.conditions[${index}]`;
    if (!type && !types.includes('')) faults.push(required(`${at}.type`));
    const values = lasting.some((name) => name === type) ? ['True'] : ['False', 'True', 'Unknown'];
    if (!status) faults.push(required(`${at}.status`));
    else if (!values.includes(status)) faults.push(notSupported(`${at}.status`, status, values));
    const contradicted = decisions.find((name) => name !== type && seen.has(name));
    if (!mayContradict && contradicted && decisions.some((name) => name === type))
      faults.push(
        invalidValue('status.conditions', type, 'Approved and Denied conditions are mutually exclusive'),
      );
    if (!mayRepeat && seen.has(type)) faults.push(duplicateValue(`${at}.type`, type));
    seen.add(type);
  }
}

function certificateFault(base64: string | undefined): string | undefined {
  if (!base64) return undefined;
  const labels = [...decoded(base64).matchAll(/-----BEGIN ([^-]+)-----/g)].map(([, label = '']) => label);
  if (labels.length === 0) return 'must contain at least one CERTIFICATE PEM block';
  const other = labels.find((label) => label !== 'CERTIFICATE');
  return other === undefined
    ? undefined
    : `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(other)}`;
}

type Door = '' | 'status' | 'approval';

/** Who decides comes through one door, who signs through another. */
export function validateCsrUpdate(
  next: CertificateSigningRequest,
  old: CertificateSigningRequest,
  door: Door = '',
): FieldError[] {
  const faults = csrFaults(next, old);
  const of = (csr: CertificateSigningRequest, type: string) =>
    (csr.status?.conditions ?? []).filter((condition) => condition.type === type);
  const path = 'status.conditions';
  for (const type of lasting)
    if (of(next, type).length < of(old, type).length)
      faults.push(forbiddenField(path, `updates may not remove a condition of type "${type}"`));
  if (door !== 'approval')
    for (const type of decisions) {
      const [now, before] = [of(next, type), of(old, type)];
      if (now.length > before.length)
        faults.push(forbiddenField(path, `updates may not add a condition of type "${type}"`));
      else if (now.length === before.length && !sameJson(now, before))
        faults.push(forbiddenField(path, `updates may not modify a condition of type "${type}"`));
    }
  const [certificate, issued] = [next.status?.certificate ?? '', old.status?.certificate ?? ''];
  if (certificate === issued) return faults;
  if (door !== 'status')
    faults.push(forbiddenField('status.certificate', 'updates may not set certificate content'));
  else if (issued)
    faults.push(forbiddenField('status.certificate', 'updates may not modify existing certificate content'));
  return faults;
}
