import { labelKeyFaults } from '#selector.ts';
import type { FieldError } from '#status.ts';
import type { Service, ServicePort } from '#types.generated.ts';
import {
  duplicateValue,
  forbiddenField,
  invalidValue,
  invalidValues,
  notSupported,
  required,
} from '#validation/faults.ts';
import { dnsLabelFaults, dnsSubdomainFaults, ipFaults } from '#validation/names.ts';
import { validateLabels } from '#validation/object-meta.ts';
import { validatePortReference } from '#validation/probes.ts';

const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const affinities = ['ClientIP', 'None'];
const protocols = ['SCTP', 'TCP', 'UDP'];
const policies = ['Cluster', 'Local'];

function isHeadless(service: Service): boolean {
  return service.spec?.clusterIP === 'None';
}

export function validateService(service: Service): FieldError[] {
  const spec = service.spec ?? {};
  const faults: FieldError[] = [];
  const ports = spec.ports ?? [];
  if (!types.includes(spec.type ?? '')) faults.push(notSupported('spec.type', spec.type, types));
  if (ports.length === 0 && !isHeadless(service) && spec.type !== 'ExternalName')
    faults.push(required('spec.ports'));
  faults.push(...validatePorts(ports, { named: ports.length > 1 }));
  faults.push(...validateLabels(spec.selector, 'spec.selector'));
  if (spec.sessionAffinity && !affinities.includes(spec.sessionAffinity))
    faults.push(notSupported('spec.sessionAffinity', spec.sessionAffinity, affinities));
  if (spec.type === 'ExternalName') {
    if (spec.clusterIP)
      faults.push(forbiddenField('spec.clusterIPs', 'may not be set when `type` is "ExternalName"'));
    if (!spec.externalName) faults.push(required('spec.externalName'));
    else {
      const name = spec.externalName.replace(/\.$/, '');
      faults.push(...invalidValues('spec.externalName', spec.externalName, dnsSubdomainFaults(name)));
    }
  }
  if ((spec.type === 'LoadBalancer' || spec.type === 'NodePort') && isHeadless(service))
    faults.push(
      invalidValue('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${spec.type} services`),
    );
  if (spec.type === 'ClusterIP')
    for (const [index, port] of ports.entries())
      if (port.nodePort)
        faults.push(
          forbiddenField(`spec.ports[${index}].nodePort`, "may not be used when `type` is 'ClusterIP'"),
        );
  for (const field of ['externalTrafficPolicy', 'internalTrafficPolicy'] as const) {
    const policy = spec[field];
    if (policy && !policies.includes(policy)) faults.push(notSupported(`spec.${field}`, policy, policies));
  }
  if (spec.clusterIP && spec.clusterIP !== 'None')
    faults.push(...invalidValues('spec.clusterIPs[0]', spec.clusterIP, ipFaults(spec.clusterIP)));
  for (const [index, ip] of (spec.externalIPs ?? []).entries())
    faults.push(...invalidValues(`spec.externalIPs[${index}]`, ip, ipFaults(ip)));
  return faults;
}

function validatePorts(ports: readonly ServicePort[], options: { readonly named: boolean }): FieldError[] {
  const faults: FieldError[] = [];
  const names = new Set<string>();
  const numbers = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const at = `spec.ports[${index}]`;
    if (port.name) {
      faults.push(...invalidValues(`${at}.name`, port.name, dnsLabelFaults(port.name)));
      if (names.has(port.name)) faults.push(duplicateValue(`${at}.name`, port.name));
      names.add(port.name);
    } else if (options.named) faults.push(required(`${at}.name`));
    faults.push(...validatePortReference(port.port ?? 0, `${at}.port`));
    if (port.protocol && !protocols.includes(port.protocol))
      faults.push(notSupported(`${at}.protocol`, port.protocol, protocols));
    if (port.targetPort !== undefined)
      faults.push(...validatePortReference(port.targetPort, `${at}.targetPort`));
    if (port.nodePort) faults.push(...validatePortReference(port.nodePort, `${at}.nodePort`));
    if (port.appProtocol)
      faults.push(...invalidValues(`${at}.appProtocol`, port.appProtocol, labelKeyFaults(port.appProtocol)));
    const identity = `${port.protocol ?? 'TCP'} ${port.port}`;
    if (numbers.has(identity)) faults.push(duplicateValue(at, { protocol: port.protocol, port: port.port }));
    numbers.add(identity);
  }
  return faults;
}

/** An address that was given to a Service stays with it, unless the Service becomes or was an ExternalName. */
export function validateServiceUpdate(service: Service, old: Service): FieldError[] {
  const before = old.spec?.clusterIP;
  const after = service.spec?.clusterIP;
  if (service.spec?.type === 'ExternalName' || old.spec?.type === 'ExternalName') return [];
  if (!before || before === after) return [];
  return [invalidValue('spec.clusterIPs[0]', after ?? '', 'may not change once set')];
}
