import type { FieldError } from '#status.ts';
import type { APIService } from '#types.generated.ts';
import { invalidValue, invalidValues, notSupported, required } from '#validation/faults.ts';
import { dns1035LabelFaults, dnsSubdomainFaults, pathSegmentFaults } from '#validation/names.ts';

const statuses = ['True', 'False', 'Unknown'];

/** Checked with the metadata: a group version has one APIService, whose name says which. */
export const apiServiceNameFaults = pathSegmentFaults;

export function validateApiService({ metadata, spec, status }: APIService): FieldError[] {
  const { group = '', version = '', service, caBundle, insecureSkipTLSVerify } = spec ?? {};
  const faults: FieldError[] = [];
  const name = `${version}.${group}`;
  if (metadata.name && metadata.name !== name) {
    const why = `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(name)}`;
    faults.push(invalidValue('metadata.name', metadata.name, why));
  }
  if (group === '' && version !== 'v1') {
    faults.push(required('spec.group', 'only v1 may have an empty group and it better be legacy kube'));
  }
  if (group !== '') faults.push(...invalidValues('spec.group', group, dnsSubdomainFaults(group)));
  faults.push(...invalidValues('spec.version', version, dns1035LabelFaults(version)));
  const { groupPriorityMinimum = 0, versionPriority = 0 } = spec ?? {};
  if (groupPriorityMinimum <= 0 || groupPriorityMinimum > 20_000) {
    const why = 'must be positive and less than 20000';
    faults.push(invalidValue('spec.groupPriorityMinimum', groupPriorityMinimum, why));
  }
  if (versionPriority <= 0 || versionPriority > 1000) {
    faults.push(invalidValue('spec.versionPriority', versionPriority, 'must be positive and less than 1000'));
  }
  if (service) {
    faults.push(...serviceFaults(service));
    if (insecureSkipTLSVerify && caBundle) {
      faults.push(invalidValue('spec.insecureSkipTLSVerify', true, 'may not be true if caBundle is present'));
    }
  } else {
    faults.push(...localFaults(spec));
  }
  for (const [index, condition] of (status?.conditions ?? []).entries()) {
    if (statuses.includes(condition.status)) continue;
    faults.push(notSupported(`status.conditions[${index}].status`, condition.status, statuses));
  }
  return faults;
}

function serviceFaults(service: { namespace?: string; name?: string; port?: number }): FieldError[] {
  const { namespace, name, port = 443 } = service;
  const faults: FieldError[] = [];
  if (!namespace) faults.push(required('spec.service.namespace'));
  if (!name) faults.push(required('spec.service.name'));
  if (port < 1 || port > 65_535) {
    const why = 'port is not valid: must be between 1 and 65535, inclusive';
    faults.push(invalidValue('spec.service.port', port, why));
  }
  return faults;
}

function localFaults(spec: APIService['spec']): FieldError[] {
  const faults: FieldError[] = [];
  if (spec?.caBundle) {
    const size = `${atob(spec.caBundle).length} bytes`;
    faults.push(invalidValue('spec.caBundle', size, 'local APIServices may not have a caBundle'));
  }
  if (spec?.insecureSkipTLSVerify) {
    const why = 'local APIServices may not have insecureSkipTLSVerify';
    faults.push(invalidValue('spec.insecureSkipTLSVerify', true, why));
  }
  return faults;
}
