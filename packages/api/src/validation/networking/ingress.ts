import type { FieldError } from '#status.ts';
import type {
  HTTPIngressPath,
  Ingress,
  IngressBackend,
  IngressClass,
  IngressClassParametersReference,
  IngressSpec,
  TypedLocalObjectReference,
} from '#types.generated.ts';
import { checkLegacyIP, readAddress } from '#validation/addresses.ts';
import { checkDomainPath } from '#validation/batch/job.ts';
import { checkHostname } from '#validation/core/service.ts';
import {
  checkImmutable,
  checkReasons,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  tooLong,
} from '#validation/faults.ts';
import {
  dnsLabelFaults,
  dnsSubdomainFaults,
  pathSegmentFaults,
  portNameFaults,
  portNumberFaults,
  wildcardFaults,
} from '#validation/names.ts';

export const classAnnotation = 'kubernetes.io/ingress.class';

interface IngressOptions {
  /** What a changed Ingress already has may stay. */
  readonly anySecretName?: boolean;
  readonly anyWildcardRule?: boolean;
}

export function validateIngress({ metadata, spec = {} }: Ingress): FieldError[] {
  const faults: FieldError[] = [];
  checkSpec(faults, spec, {});
  const annotated = metadata.annotations?.[classAnnotation];
  if (annotated !== undefined && spec.ingressClassName !== undefined && annotated !== spec.ingressClassName)
    faults.push(
      invalidValue(
        `annotations.${classAnnotation}`,
        annotated,
        'must match `ingressClassName` when both are specified',
      ),
    );
  return faults;
}

export function validateIngressUpdate(next: Ingress, old: Ingress): FieldError[] {
  const faults: FieldError[] = [];
  checkSpec(faults, next.spec ?? {}, {});
  if (faults.length === 0) return faults;
  faults.length = 0;
  checkSpec(faults, next.spec ?? {}, {
    anySecretName: old.spec?.tls?.some(({ secretName }) => secretFaults(secretName).length > 0),
    anyWildcardRule: old.spec?.rules?.some(({ host, http }, index) => {
      const found: FieldError[] = [];
      if (host?.includes('*')) checkHttp(found, http, `spec.rules[${index}]`);
      return found.length > 0;
    }),
  });
  return faults;
}

function secretFaults(name: string | undefined): string[] {
  return name ? dnsSubdomainFaults(name) : [];
}

function checkSpec(faults: FieldError[], spec: IngressSpec, options: IngressOptions): void {
  const { rules = [], defaultBackend, tls = [], ingressClassName } = spec;
  if (rules.length === 0 && !defaultBackend)
    faults.push(
      invalidValue('spec', spec.rules ?? null, 'either `defaultBackend` or `rules` must be specified'),
    );
  if (defaultBackend) checkBackend(faults, defaultBackend, 'spec.defaultBackend');
  for (const [index, { host, http }] of rules.entries()) {
    const at = `spec.rules[${index}]`;
    if (host && readAddress(host))
      faults.push(invalidValue(`${at}.host`, host, 'must be a DNS name, not an IP address'));
    if (host) checkHost(faults, host, `${at}.host`);
    if (!host?.includes('*') || !options.anyWildcardRule) checkHttp(faults, http, at);
  }
  for (const [index, { hosts, secretName }] of tls.entries()) {
    const at = `spec.tls[${index}]`;
    for (const [position, host] of (hosts ?? []).entries())
      checkHost(faults, host, `${at}.hosts[${position}]`);
    if (!options.anySecretName)
      checkReasons(faults, `${at}.secretName`, secretName, secretFaults(secretName));
  }
  if (ingressClassName !== undefined)
    checkReasons(faults, 'spec.ingressClassName', ingressClassName, dnsSubdomainFaults(ingressClassName));
}

function checkHost(faults: FieldError[], host: string, path: string): void {
  checkReasons(faults, path, host, host.includes('*') ? wildcardFaults(host) : dnsSubdomainFaults(host));
}

type IngressHttp = NonNullable<IngressSpec['rules']>[number]['http'];

function checkHttp(faults: FieldError[], http: IngressHttp, at: string): void {
  if (!http) return;
  if (!http.paths?.length) faults.push(required(`${at}.http.paths`));
  for (const [index, path] of (http.paths ?? []).entries())
    checkPath(faults, path, `${at}.http.paths[${index}]`);
}

const pathTypes = ['Exact', 'ImplementationSpecific', 'Prefix'];
const badSequences = ['//', '/./', '/../', '%2f', '%2F'];
const badEnds = ['/..', '/.'];

function checkPath(
  faults: FieldError[],
  { path = '', pathType, backend }: HTTPIngressPath,
  at: string,
): void {
  const here = `${at}.path`;
  if (pathType === undefined) {
    faults.push(required(`${at}.pathType`, 'pathType must be specified'));
    return;
  }
  if (!pathTypes.includes(pathType)) faults.push(notSupported(`${at}.pathType`, pathType, pathTypes));
  else {
    const mayBeEmpty = pathType === 'ImplementationSpecific';
    if (!path.startsWith('/') && !(mayBeEmpty && path === ''))
      faults.push(invalidValue(here, path, 'must be an absolute path'));
    if (!mayBeEmpty) {
      for (const sequence of badSequences)
        if (path.includes(sequence)) faults.push(invalidValue(here, path, `must not contain '${sequence}'`));
      for (const end of badEnds)
        if (path.endsWith(end)) faults.push(invalidValue(here, path, `cannot end with '${end}'`));
    }
  }
  checkBackend(faults, backend ?? {}, `${at}.backend`);
}

function checkBackend(faults: FieldError[], { resource, service }: IngressBackend, path: string): void {
  if (resource && service) {
    faults.push(invalidValue(path, '', 'cannot set both resource and service backends'));
    return;
  }
  if (resource) checkResource(faults, resource, `${path}.resource`);
  else if (!service) faults.push(invalidValue(path, '', 'resource or service backend is required'));
  else {
    const at = `${path}.service`;
    const { name: portName, number = 0 } = service.port ?? {};
    if (!service.name) faults.push(required(`${at}.name`));
    else checkReasons(faults, `${at}.name`, service.name, dnsLabelFaults(service.name));
    if (portName && number !== 0)
      faults.push(invalidValue(path, '', 'cannot set both port name & port number'));
    else if (portName) checkReasons(faults, `${at}.port.name`, portName, portNameFaults(portName));
    else if (number !== 0) checkReasons(faults, `${at}.port.number`, number, portNumberFaults(number));
    else faults.push(required(path, 'port name or number is required'));
  }
}

function checkResource(faults: FieldError[], resource: TypedLocalObjectReference, path: string): void {
  if (resource.apiGroup !== undefined)
    checkReasons(faults, `${path}.apiGroup`, resource.apiGroup, dnsSubdomainFaults(resource.apiGroup));
  for (const field of ['kind', 'name'] as const) {
    const text = resource[field];
    if (!text) faults.push(required(`${path}.${field}`));
    else checkReasons(faults, `${path}.${field}`, text, pathSegmentFaults(text));
  }
}

export function validateIngressStatus({ status }: Ingress, old: Ingress): FieldError[] {
  const faults: FieldError[] = [];
  const before = (old.status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => (ip ? [ip] : []));
  for (const [index, { ip, hostname }] of (status?.loadBalancer?.ingress ?? []).entries()) {
    const at = `status.loadBalancer.ingress[${index}]`;
    if (ip) checkLegacyIP(faults, `${at}.ip`, ip, before);
    if (hostname) checkHostname(faults, hostname, `${at}.hostname`);
  }
  return faults;
}

const controllerLengthMax = 250;

export function validateIngressClass({ spec }: IngressClass): FieldError[] {
  const faults: FieldError[] = [];
  const { controller = '', parameters } = spec ?? {};
  if (controller.length > controllerLengthMax) faults.push(tooLong('spec.controller', controllerLengthMax));
  checkDomainPath(faults, controller, 'spec.controller');
  if (!parameters) return faults;
  const path = 'spec.parameters';
  checkParameters(faults, parameters, path);
  for (const field of ['kind', 'name'] as const)
    if (!parameters[field]) faults.push(required(`${path}.${field}`));
  return faults;
}

function checkParameters(
  faults: FieldError[],
  parameters: IngressClassParametersReference,
  path: string,
): void {
  const { apiGroup, scope, namespace } = parameters;
  if (apiGroup !== undefined)
    checkReasons(faults, `${path}.apiGroup`, apiGroup, dnsSubdomainFaults(apiGroup));
  for (const field of ['kind', 'name'] as const)
    if (parameters[field])
      checkReasons(faults, `${path}.${field}`, parameters[field], pathSegmentFaults(parameters[field]));
  if (scope === undefined) faults.push(required(`${path}.scope`));
  else if (scope !== 'Cluster' && scope !== 'Namespace')
    faults.push(notSupported(`${path}.scope`, scope, ['Cluster', 'Namespace']));
  else if (scope === 'Cluster') {
    if (namespace !== undefined)
      faults.push(forbiddenField(`${path}.namespace`, "`parameters.scope` is set to 'Cluster'"));
  } else if (namespace === undefined)
    faults.push(required(`${path}.namespace`, "`parameters.scope` is set to 'Namespace'"));
  else checkReasons(faults, `${path}.namespace`, namespace, dnsLabelFaults(namespace));
}

export function validateIngressClassUpdate(next: IngressClass, old: IngressClass): FieldError[] {
  const faults: FieldError[] = [];
  checkImmutable(faults, 'spec.controller', next.spec?.controller ?? '', old.spec?.controller ?? '');
  faults.push(...validateIngressClass(next));
  return faults;
}
