/**
 * Services and Endpoints.
 * Rules: https://kubernetes.io/docs/concepts/services-networking/service/
 */
import { labelKeyFaults } from '#selector.ts';
import type { FieldError } from '#status.ts';
import type {
  Endpoints,
  EndpointAddress,
  LoadBalancerIngress,
  Service,
  ServicePort,
  ServiceSpec,
} from '#types.generated.ts';
import {
  checkEndpointIP,
  checkLegacyCIDR,
  checkLegacyIP,
  isDualStack,
  isIPv6,
  readAddress,
} from '#validation/addresses.ts';
import {
  checkChoice,
  checkOptionalChoice,
  checkReasons,
  duplicateValue,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  sameJson,
} from '#validation/faults.ts';
import { dnsLabelFaults, dnsSubdomainFaults } from '#validation/names.ts';
import { checkLabels } from '#validation/object-meta.ts';
import { checkPortNumber, protocols } from '#validation/pod/containers.ts';
import { checkPortReference } from '#validation/pod/probes.ts';
import { typedForm } from '#validation/typed-form.ts';

const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const affinities = ['ClientIP', 'None'];
const policies = ['Cluster', 'Local'];
const families = ['IPv4', 'IPv6'];
const familyPolicies = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];
const distributions = ['PreferClose', 'PreferSameZone', 'PreferSameNode'];
const affinitySecondsMax = 86_400;
const hintsAnnotation = 'service.kubernetes.io/topology-aware-hints';
const modeAnnotation = 'service.kubernetes.io/topology-mode';
const rangesAnnotation = 'service.beta.kubernetes.io/load-balancer-source-ranges';

function isHeadless({ clusterIPs }: Pick<ServiceSpec, 'clusterIPs'>): boolean {
  return clusterIPs?.length === 1 && clusterIPs[0] === 'None';
}

/** Whether the world outside of the cluster can reach it. */
export function isExternal({ type, externalIPs }: ServiceSpec): boolean {
  return type === 'LoadBalancer' || type === 'NodePort' || (type === 'ClusterIP' && !!externalIPs?.length);
}

/** Whether nodes answer for it whether they have a pod of it. */
export function needsHealthCheck({ type, externalTrafficPolicy }: ServiceSpec): boolean {
  return type === 'LoadBalancer' && externalTrafficPolicy === 'Local';
}

export function validateService(service: Service): FieldError[] {
  const faults: FieldError[] = [];
  checkService(faults, service, undefined);
  return faults;
}

function checkService(faults: FieldError[], service: Service, old: Service | undefined): void {
  const { spec = {} } = service;
  const { ports = [] } = spec;
  checkTopologyAnnotations(faults, service);
  if (ports.length === 0 && !isHeadless(spec) && spec.type !== 'ExternalName')
    faults.push(required('spec.ports'));
  checkType(faults, spec);
  checkPorts(faults, spec);
  checkLabels(faults, spec.selector, 'spec.selector');
  checkChoice(faults, 'spec.sessionAffinity', spec.sessionAffinity, affinities);
  checkAffinity(faults, spec);
  checkClusterIPs(faults, spec, old?.spec);
  for (const [index, ip] of (spec.externalIPs ?? []).entries()) {
    const at = `spec.externalIPs[${index}]`;
    const before = faults.length;
    checkLegacyIP(faults, at, ip, old?.spec?.externalIPs);
    if (faults.length === before) checkEndpointIP(faults, at, ip);
  }
  checkChoice(faults, 'spec.type', spec.type, types);
  checkNodePorts(faults, spec);
  checkSourceRanges(faults, service, old);
  const balanced = spec.type === 'LoadBalancer';
  const onlyBalanced = "may only be used when `type` is 'LoadBalancer'";
  if (spec.allocateLoadBalancerNodePorts !== undefined && !balanced)
    faults.push(forbiddenField('spec.allocateLoadBalancerNodePorts', onlyBalanced));
  if (spec.allocateLoadBalancerNodePorts === undefined && balanced)
    faults.push(required('allocateLoadBalancerNodePorts'));
  checkBalancerClass(faults, spec);
  checkTrafficPolicies(faults, spec);
}

function checkTopologyAnnotations(faults: FieldError[], { metadata }: Service): void {
  const hints = metadata.annotations?.[hintsAnnotation];
  const mode = metadata.annotations?.[modeAnnotation];
  if (hints !== undefined && mode !== undefined && hints !== mode)
    faults.push(
      invalidValue(
        `metadata.annotations[${modeAnnotation}]`,
        mode,
        `must match annotations[${hintsAnnotation}] when both are specified`,
      ),
    );
}

function checkType(faults: FieldError[], spec: ServiceSpec): void {
  if ((spec.type === 'LoadBalancer' || spec.type === 'NodePort') && isHeadless(spec))
    faults.push(
      invalidValue('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${spec.type} services`),
    );
  if (spec.type !== 'ExternalName') return;
  for (const field of ['clusterIPs', 'ipFamilies'] as const)
    if (spec[field]?.length)
      faults.push(forbiddenField(`spec.${field}`, 'may not be set for ExternalName services'));
  if (spec.ipFamilyPolicy !== undefined)
    faults.push(forbiddenField('spec.ipFamilyPolicy', 'may not be set for ExternalName services'));
  const name = (spec.externalName ?? '').replace(/\.$/, '');
  if (!name) faults.push(required('spec.externalName'));
  else checkReasons(faults, 'spec.externalName', name, dnsSubdomainFaults(name));
}

function checkPorts(faults: FieldError[], { ports = [] }: ServiceSpec): void {
  const names = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const at = `spec.ports[${index}]`;
    if (port.name) {
      checkReasons(faults, `${at}.name`, port.name, dnsLabelFaults(port.name));
      if (names.has(port.name)) faults.push(duplicateValue(`${at}.name`, port.name));
      names.add(port.name);
    } else if (ports.length > 1) faults.push(required(`${at}.name`));
    checkPortNumber(faults, port.port ?? 0, `${at}.port`);
    checkChoice(faults, `${at}.protocol`, port.protocol, protocols);
    checkPortReference(faults, port.targetPort, `${at}.targetPort`);
    if (port.appProtocol !== undefined)
      checkReasons(faults, `${at}.appProtocol`, port.appProtocol, labelKeyFaults(port.appProtocol));
  }
}

function checkAffinity(
  faults: FieldError[],
  { sessionAffinity, sessionAffinityConfig: config }: ServiceSpec,
): void {
  const path = 'spec.sessionAffinityConfig';
  if (sessionAffinity === 'None' && config)
    faults.push(forbiddenField(path, 'must not be set when session affinity is None'));
  if (sessionAffinity !== 'ClientIP') return;
  const why = 'when session affinity type is ClientIP';
  const seconds = config?.clientIP?.timeoutSeconds;
  if (!config) faults.push(required(path, why));
  else if (!config.clientIP) faults.push(required(`${path}.clientIP`, why));
  else if (seconds === undefined) faults.push(required(`${path}.clientIP.timeoutSeconds`, why));
  else if (seconds <= 0 || seconds > affinitySecondsMax)
    faults.push(
      invalidValue(
        `${path}.clientIP.timeoutSeconds`,
        seconds,
        `must be greater than 0 and less than ${affinitySecondsMax}`,
      ),
    );
}

type AddressedSpec = Pick<ServiceSpec, 'type' | 'clusterIP' | 'clusterIPs' | 'ipFamilies' | 'ipFamilyPolicy'>;

/** What is wrong with a Service's addresses and families taken by themselves. */
export function serviceAddressFaults(spec: AddressedSpec, old: AddressedSpec | undefined): FieldError[] {
  const faults: FieldError[] = [];
  checkClusterIPs(faults, spec, old);
  return faults;
}

function checkClusterIPs(faults: FieldError[], spec: AddressedSpec, old: AddressedSpec | undefined): void {
  if (spec.type === 'ExternalName') return;
  const path = 'spec.clusterIPs';
  const { clusterIP = '', clusterIPs = [], ipFamilies = [] } = spec;
  if (clusterIP && clusterIPs.length === 0) faults.push(required(path));
  else if (clusterIP && clusterIPs[0] !== clusterIP)
    faults.push(invalidValue(path, clusterIPs, 'first value must match `clusterIP`'));
  else if (!clusterIP && clusterIPs.length > 0)
    faults.push(invalidValue(path, clusterIPs, 'must be empty when `clusterIP` is not specified'));
  checkFamilies(faults, ipFamilies);
  checkOptionalChoice(faults, 'spec.ipFamilyPolicy', spec.ipFamilyPolicy, familyPolicies);
  let sound = true;
  for (const [index, ip] of clusterIPs.entries()) {
    if (index === 0 && ip === 'None') {
      if (clusterIPs.length === 1) continue;
      sound = false;
      faults.push(invalidValue(path, clusterIPs, "'None' must be the first and only value"));
      continue;
    }
    const before = faults.length;
    checkLegacyIP(faults, `${path}[${index}]`, ip, old?.clusterIPs);
    if (faults.length > before) sound = false;
  }
  if (clusterIPs.length > 2) faults.push(invalidValue(path, clusterIPs, 'may only hold up to 2 values'));
  if (!sound) return;
  if (clusterIPs.length > 1 && !isDualStack(clusterIPs))
    faults.push(invalidValue(path, clusterIPs, 'may specify no more than one IP for each IP family'));
  if (isHeadless(spec)) return;
  for (const [index, ip] of clusterIPs.slice(0, ipFamilies.length).entries()) {
    const family = ipFamilies[index];
    if (families.includes(family ?? '') && (family === 'IPv6') !== isIPv6(ip))
      faults.push(
        invalidValue(
          `${path}[${index}]`,
          ip,
          `expected an ${family} value as indicated by \`ipFamilies[${index}]\``,
        ),
      );
  }
}

function checkFamilies(faults: FieldError[], ipFamilies: readonly string[]): void {
  const seen = new Set<string>();
  for (const [index, family] of ipFamilies.entries()) {
    const at = `spec.ipFamilies[${index}]`;
    if (!families.includes(family)) faults.push(notSupported(at, family, families));
    if (seen.has(family)) faults.push(duplicateValue(at, family));
    seen.add(family);
  }
}

function checkNodePorts(faults: FieldError[], { type, ports = [] }: ServiceSpec): void {
  if (type === 'ClusterIP')
    for (const [index, { nodePort }] of ports.entries())
      if (nodePort)
        faults.push(
          forbiddenField(`spec.ports[${index}].nodePort`, "may not be used when `type` is 'ClusterIP'"),
        );
  const nodePorts = new Set<string>();
  for (const [index, { protocol, nodePort }] of ports.entries()) {
    if (!nodePort) continue;
    const key = `${protocol}/${nodePort}`;
    if (nodePorts.has(key)) faults.push(duplicateValue(`spec.ports[${index}].nodePort`, nodePort));
    nodePorts.add(key);
  }
  const numbers = new Set<string>();
  for (const [index, { protocol, port }] of ports.entries()) {
    const key = `${protocol}/${port}`;
    if (numbers.has(key)) {
      const told: Partial<ServicePort> = { protocol, port };
      faults.push(duplicateValue(`spec.ports[${index}]`, typedForm('ServicePort', told)));
    }
    numbers.add(key);
  }
}

function checkSourceRanges(faults: FieldError[], service: Service, old: Service | undefined): void {
  const ranges = service.spec?.loadBalancerSourceRanges ?? [];
  const annotated = service.metadata.annotations?.[rangesAnnotation];
  const why = "may only be used when `type` is 'LoadBalancer'";
  const balanced = service.spec?.type === 'LoadBalancer';
  if (ranges.length > 0) {
    const path = 'spec.LoadBalancerSourceRanges';
    if (!balanced) faults.push(forbiddenField(path, why));
    const before = (old?.spec?.loadBalancerSourceRanges ?? []).map((range) => range.trim());
    for (const [index, range] of ranges.entries())
      checkLegacyCIDR(faults, `${path}[${index}]`, range.trim(), before);
  } else if (annotated !== undefined) {
    const path = `metadata.annotations[${rangesAnnotation}]`;
    if (!balanced) faults.push(forbiddenField(path, why));
    if (annotated.trim() === '' || old?.metadata.annotations?.[rangesAnnotation] === annotated) return;
    for (const range of annotated.trim().split(',')) checkLegacyCIDR(faults, path, range.trim());
  }
}

function checkBalancerClass(faults: FieldError[], { type, loadBalancerClass: name }: ServiceSpec): void {
  const path = 'spec.loadBalancerClass';
  if (name === undefined) return;
  if (type === 'LoadBalancer') checkReasons(faults, path, name, labelKeyFaults(name));
  else faults.push(forbiddenField(path, "may only be used when `type` is 'LoadBalancer'"));
}

function checkTrafficPolicies(faults: FieldError[], spec: ServiceSpec): void {
  const external = 'spec.externalTrafficPolicy';
  if (isExternal(spec)) checkChoice(faults, external, spec.externalTrafficPolicy, policies);
  else if (spec.externalTrafficPolicy)
    faults.push(
      invalidValue(
        external,
        spec.externalTrafficPolicy,
        'may only be set for externally-accessible services',
      ),
    );
  const port = spec.healthCheckNodePort ?? 0;
  if (!needsHealthCheck(spec)) {
    if (port !== 0)
      faults.push(
        invalidValue(
          'spec.healthCheckNodePort',
          port,
          "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
        ),
      );
  } else if (port === 0) faults.push(required('spec.healthCheckNodePort'));
  else checkPortNumber(faults, port, 'spec.healthCheckNodePort');
  const internal = spec.internalTrafficPolicy;
  const needsInternal = ['NodePort', 'LoadBalancer', 'ClusterIP'].includes(spec.type ?? '');
  if (internal === undefined && needsInternal) faults.push(required('spec.internalTrafficPolicy'));
  checkOptionalChoice(faults, 'spec.internalTrafficPolicy', internal, policies);
  checkOptionalChoice(faults, 'spec.trafficDistribution', spec.trafficDistribution, distributions);
}

export function validateServiceUpdate(next: Service, old: Service): FieldError[] {
  const faults: FieldError[] = [];
  const spec = next.spec ?? {};
  const before = old.spec ?? {};
  if (spec.type !== 'ExternalName' && before.type !== 'ExternalName') {
    checkClusterIPsKept(faults, spec, before);
    checkFamiliesKept(faults, spec, before);
  }
  if (
    spec.type === 'LoadBalancer' &&
    before.type === 'LoadBalancer' &&
    spec.loadBalancerClass !== before.loadBalancerClass
  )
    faults.push(
      invalidValue('spec.loadBalancerClass', spec.loadBalancerClass ?? null, 'may not change once set'),
    );
  checkBalancerClass(faults, spec);
  if (
    needsHealthCheck(before) &&
    needsHealthCheck(spec) &&
    spec.healthCheckNodePort !== before.healthCheckNodePort
  )
    faults.push(forbiddenField('spec.healthCheckNodePort', 'field is immutable'));
  checkService(faults, next, old);
  return faults;
}

function checkClusterIPsKept(faults: FieldError[], spec: ServiceSpec, old: ServiceSpec): void {
  if (isHeadless(spec) && isHeadless(old)) return;
  const now = spec.clusterIPs ?? [];
  const before = old.clusterIPs ?? [];
  const told = now.length > 0 ? now : null;
  const changed = 'may not change once set';
  if (before.length === now.length) {
    for (const [index, ip] of before.entries())
      if (ip !== now[index]) faults.push(invalidValue(`spec.clusterIPs[${index}]`, told, changed));
    return;
  }
  if (before.length > now.length && now.length === 0)
    faults.push(invalidValue('spec.clusterIPs[0]', told, 'primary clusterIP can not be unset'));
  if (before.length > 0 && now.length > 0 && now[0] !== before[0])
    faults.push(invalidValue('spec.clusterIPs[0]', told, changed));
  if (before.length > now.length && now.length === 1 && spec.ipFamilyPolicy !== 'SingleStack')
    faults.push(
      invalidValue(
        'spec.ipFamilyPolicy',
        spec.ipFamilyPolicy ?? null,
        "must be set to 'SingleStack' when releasing the secondary clusterIP",
      ),
    );
}

function checkFamiliesKept(faults: FieldError[], spec: ServiceSpec, old: ServiceSpec): void {
  if (isHeadless(spec) || isHeadless(old)) return;
  const now = spec.ipFamilies ?? [];
  const before = old.ipFamilies ?? [];
  const at = 'spec.ipFamilies[0]';
  const changed = 'may not change once set';
  if (before.length === now.length) {
    for (const [index, family] of before.entries())
      if (family !== now[index]) faults.push(invalidValue(at, now, changed));
    return;
  }
  if (before.length > now.length && !spec.clusterIPs?.length)
    faults.push(invalidValue(at, now, 'primary ipFamily can not be unset'));
  if (now.length > 0 && before.length > 0 && now[0] !== before[0])
    faults.push(invalidValue(at, spec.clusterIPs ?? null, changed));
  if (before.length > now.length && now.length === 1 && spec.ipFamilyPolicy !== 'SingleStack')
    faults.push(
      invalidValue(
        'spec.ipFamilyPolicy',
        spec.ipFamilyPolicy ?? null,
        "must be set to 'SingleStack' when releasing the secondary ipFamily",
      ),
    );
}

export function validateServiceStatus({ spec, status }: Service, old: Service): FieldError[] {
  const faults: FieldError[] = [];
  const path = 'status.loadBalancer.ingress';
  const ingress = status?.loadBalancer?.ingress ?? [];
  if (spec?.type !== 'LoadBalancer') {
    if (ingress.length > 0)
      faults.push(forbiddenField(path, "may only be used when `spec.type` is 'LoadBalancer'"));
  } else checkIngress(faults, ingress, old.status?.loadBalancer?.ingress, path);
  return faults;
}

function checkIngress(
  faults: FieldError[],
  ingress: readonly LoadBalancerIngress[],
  old: readonly LoadBalancerIngress[] | undefined,
  path: string,
): void {
  const before = (old ?? []).flatMap(({ ip }) => (ip ? [ip] : []));
  for (const [index, { ip, ipMode, hostname }] of ingress.entries()) {
    const at = `${path}[${index}]`;
    if (ip) checkLegacyIP(faults, `${at}.ip`, ip, before);
    if (ipMode === undefined) {
      if (ip) faults.push(required(`${at}.ipMode`, 'must be specified when `ip` is set'));
    } else if (!ip) faults.push(forbiddenField(`${at}.ipMode`, 'may not be specified when `ip` is not set'));
    else checkOptionalChoice(faults, `${at}.ipMode`, ipMode, ['Proxy', 'VIP']);
    if (hostname) checkHostname(faults, hostname, `${at}.hostname`);
  }
}

export function checkHostname(faults: FieldError[], hostname: string, path: string): void {
  checkReasons(faults, path, hostname, dnsSubdomainFaults(hostname));
  if (readAddress(hostname))
    faults.push(invalidValue(path, hostname, 'must be a DNS name, not an IP address'));
}

export function validateEndpoints({ subsets }: Endpoints): FieldError[] {
  const faults: FieldError[] = [];
  for (const [index, { addresses = [], notReadyAddresses = [], ports = [] }] of (subsets ?? []).entries()) {
    const at = `subsets[${index}]`;
    if (addresses.length === 0 && notReadyAddresses.length === 0)
      faults.push(required(at, 'must specify `addresses` or `notReadyAddresses`'));
    for (const [position, address] of addresses.entries())
      checkAddress(faults, address, `${at}.addresses[${position}]`);
    for (const [position, address] of notReadyAddresses.entries())
      checkAddress(faults, address, `${at}.notReadyAddresses[${position}]`);
    for (const [position, port] of ports.entries()) {
      const here = `${at}.ports[${position}]`;
      if (port.name) checkReasons(faults, `${here}.name`, port.name, dnsLabelFaults(port.name));
      else if (ports.length > 1) faults.push(required(`${here}.name`));
      checkPortNumber(faults, port.port ?? 0, `${here}.port`);
      checkChoice(faults, `${here}.protocol`, port.protocol, protocols);
      if (port.appProtocol !== undefined)
        checkReasons(faults, `${here}.appProtocol`, port.appProtocol, labelKeyFaults(port.appProtocol));
    }
  }
  return faults;
}

function checkAddress(faults: FieldError[], { ip, hostname, nodeName }: EndpointAddress, path: string): void {
  checkLegacyIP(faults, `${path}.ip`, ip);
  if (hostname) checkReasons(faults, `${path}.hostname`, hostname, dnsLabelFaults(hostname));
  if (nodeName !== undefined)
    checkReasons(faults, `${path}.nodeName`, nodeName, dnsSubdomainFaults(nodeName));
  checkEndpointIP(faults, `${path}.ip`, ip);
}

/** Subsets that don't change keep their faults. */
export function validateEndpointsUpdate(next: Endpoints, old: Endpoints): FieldError[] {
  const faults = validateEndpoints(next);
  return faults.length > 0 && sameJson(next.subsets, old.subsets) ? [] : faults;
}
