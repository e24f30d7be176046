import type { FieldError } from '#status.ts';
import type {
  HTTPIngressPath,
  Ingress,
  IngressBackend,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
} from '#types.generated.ts';
import { forbiddenField, invalidValue, invalidValues, notSupported, required } from '#validation/faults.ts';
import { validateLabelSelector } from '#validation/label-selector.ts';
import { cidrFaults, dnsSubdomainFaults, isIPv4, isIPv6 } from '#validation/names.ts';
import { validatePortReference } from '#validation/probes.ts';

const pathTypes = ['Exact', 'ImplementationSpecific', 'Prefix'];
const protocols = ['SCTP', 'TCP', 'UDP'];
const policyTypes = ['Ingress', 'Egress'];

export function validateIngress({ spec }: Ingress): FieldError[] {
  const faults: FieldError[] = [];
  if (!spec?.rules?.length && !spec?.defaultBackend)
    faults.push(
      invalidValue('spec', spec?.rules ?? null, 'either `defaultBackend` or `rules` must be specified'),
    );
  if (spec?.defaultBackend) faults.push(...validateBackend(spec.defaultBackend, 'spec.defaultBackend'));
  for (const [index, rule] of (spec?.rules ?? []).entries()) {
    const at = `spec.rules[${index}]`;
    if (rule.host) faults.push(...validateHost(rule.host, `${at}.host`));
    if (rule.http && !rule.http.paths?.length) faults.push(required(`${at}.http.paths`));
    for (const [position, path] of (rule.http?.paths ?? []).entries())
      faults.push(...validatePath(path, `${at}.http.paths[${position}]`));
  }
  for (const [index, tls] of (spec?.tls ?? []).entries())
    for (const [position, host] of (tls.hosts ?? []).entries())
      faults.push(...validateHost(host, `spec.tls[${index}].hosts[${position}]`));
  return faults;
}

function validateHost(host: string, path: string): FieldError[] {
  if (isIPv4(host) || isIPv6(host))
    return [invalidValue(path, host, 'must be a DNS name, not an IP address')];
  // One star may stand for the first label.
  const name = host.startsWith('*.') ? host.slice(2) : host;
  return invalidValues(path, host, dnsSubdomainFaults(name));
}

function validatePath(path: HTTPIngressPath, at: string): FieldError[] {
  const faults: FieldError[] = [];
  if (!path.pathType) faults.push(required(`${at}.pathType`, 'pathType must be specified'));
  else if (!pathTypes.includes(path.pathType))
    faults.push(notSupported(`${at}.pathType`, path.pathType, pathTypes));
  else if (path.pathType !== 'ImplementationSpecific' || path.path) {
    if (!path.path?.startsWith('/'))
      faults.push(invalidValue(`${at}.path`, path.path ?? '', 'must be an absolute path'));
  }
  return [...faults, ...validateBackend(path.backend ?? {}, `${at}.backend`)];
}

function validateBackend(backend: IngressBackend, path: string): FieldError[] {
  if (backend.resource && backend.service)
    return [invalidValue(path, '', 'cannot set both resource and service backends')];
  if (backend.resource) return [];
  if (!backend.service) return [required(path, 'resource or service backend is required')];
  const { name, port } = backend.service;
  const faults: FieldError[] = [];
  if (!name) faults.push(required(`${path}.service.name`));
  if (port?.name && port.number)
    faults.push(invalidValue(path, '', 'cannot set both port name & port number'));
  else if (port?.number) faults.push(...validatePortReference(port.number, `${path}.service.port.number`));
  else if (port?.name) faults.push(...validatePortReference(port.name, `${path}.service.port.name`));
  else faults.push(required(path, 'port name or number is required'));
  return faults;
}

export function validateNetworkPolicy({ spec }: NetworkPolicy): FieldError[] {
  const faults = validateLabelSelector(spec?.podSelector, 'spec.podSelector');
  for (const [index, rule] of (spec?.ingress ?? []).entries())
    faults.push(...validateRule(rule.ports, rule.from, { at: `spec.ingress[${index}]`, peers: 'from' }));
  for (const [index, rule] of (spec?.egress ?? []).entries())
    faults.push(...validateRule(rule.ports, rule.to, { at: `spec.egress[${index}]`, peers: 'to' }));
  for (const [index, type] of (spec?.policyTypes ?? []).entries())
    if (!policyTypes.includes(type))
      faults.push(notSupported(`spec.policyTypes[${index}]`, type, policyTypes));
  return faults;
}

function validateRule(
  ports: readonly NetworkPolicyPort[] | undefined,
  peers: readonly NetworkPolicyPeer[] | undefined,
  where: { readonly at: string; readonly peers: 'from' | 'to' },
): FieldError[] {
  const faults: FieldError[] = [];
  for (const [index, port] of (ports ?? []).entries()) {
    const at = `${where.at}.ports[${index}]`;
    if (port.protocol && !protocols.includes(port.protocol))
      faults.push(notSupported(`${at}.protocol`, port.protocol, protocols));
    if (port.port !== undefined) faults.push(...validatePortReference(port.port, `${at}.port`));
    if (port.endPort !== undefined) {
      if (typeof port.port !== 'number')
        faults.push(required(`${at}.port`, 'must be specified when `endPort` is specified'));
      else if (port.endPort < port.port)
        faults.push(invalidValue(`${at}.endPort`, port.endPort, 'must be greater than or equal to `port`'));
    }
  }
  for (const [index, peer] of (peers ?? []).entries()) {
    const at = `${where.at}.${where.peers}[${index}]`;
    if (!peer.ipBlock && !peer.podSelector && !peer.namespaceSelector)
      faults.push(required(at, 'must specify a peer'));
    if (peer.ipBlock && (peer.podSelector || peer.namespaceSelector))
      faults.push(forbiddenField(at, 'may not specify both ipBlock and another peer'));
    if (peer.ipBlock)
      faults.push(...invalidValues(`${at}.ipBlock.cidr`, peer.ipBlock.cidr, cidrFaults(peer.ipBlock.cidr)));
    faults.push(...validateLabelSelector(peer.podSelector, `${at}.podSelector`));
    faults.push(...validateLabelSelector(peer.namespaceSelector, `${at}.namespaceSelector`));
  }
  return faults;
}
