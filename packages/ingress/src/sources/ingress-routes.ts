/**
 * Ingresses as routes. https://kubernetes.io/docs/concepts/services-networking/ingress/
 *
 * A rule without a host is for every host, `*.example.com` for names with one label more. Hosts of `spec.tls` are served with TLS
 * too. A default backend takes what no path of its Ingress takes.
 */
import type { HTTPIngressPath, Ingress, IngressBackend, IngressClass, Secret } from '@skerry/api';
import type { Certificates } from '#sources/certificates.ts';
import type { ServedPorts, TableBuilder } from '#sources/table-builder.ts';
import type { Action, PathMatch, RouteOrder } from '#routing/route.ts';

export const ingressController = 'skerry.io/ingress-controller';
const classAnnotation = 'kubernetes.io/ingress.class';

export interface IngressSources {
  readonly ingresses: readonly Ingress[];
  readonly classes: readonly IngressClass[];
  readonly secret: (namespace: string, name: string) => Secret | undefined;
  readonly certificates: Certificates;
  readonly ports: ServedPorts;
}

/** Answers those that are ours, and what is wrong with them. */
export function addIngresses(
  table: TableBuilder,
  { ingresses, classes, ...sources }: IngressSources,
): { readonly ours: readonly Ingress[]; readonly faults: readonly string[] } {
  const ourClasses = new Set(
    classes
      .filter(({ spec }) => spec?.controller === ingressController)
      .map(({ metadata }) => metadata.name ?? ''),
  );
  const ours = ingresses.filter(({ spec, metadata }) => {
    const name = spec?.ingressClassName ?? metadata.annotations?.[classAnnotation];
    return name !== undefined && ourClasses.has(name);
  });
  const faults: string[] = [];
  for (const ingress of ours) addIngress(table, ingress, sources, faults);
  return { ours, faults };
}

function addIngress(
  table: TableBuilder,
  ingress: Ingress,
  sources: Omit<IngressSources, 'ingresses' | 'classes'>,
  faults: string[],
): void {
  const { spec, metadata } = ingress;
  const namespace = metadata.namespace ?? '';
  const [httpPort] = sources.ports.http;
  const [httpsPort] = sources.ports.https;
  const rules = spec?.rules ?? [];
  const secured = new Set<string>();
  for (const { hosts, secretName } of spec?.tls ?? []) {
    // Without hosts it is for those of the rules.
    const names = hosts?.length ? hosts : rules.map(({ host = '' }) => host);
    for (const name of names) secured.add(patternOf(name));
    const secret = secretName === undefined ? undefined : sources.secret(namespace, secretName);
    if (!secret) {
      if (secretName !== undefined) faults.push(`Secret ${namespace}/${secretName} is not there`);
      continue;
    }
    const certificate = sources.certificates.of(secret);
    if (typeof certificate === 'string') faults.push(certificate);
    else
      for (const name of names)
        if (httpsPort !== undefined) table.certificate(httpsPort, patternOf(name), certificate);
  }
  let index = 0;
  const order = (isDefault = false): RouteOrder => ({
    isDefault,
    createdMs: Date.parse(metadata.creationTimestamp ?? '') || 0,
    name: `${namespace}/${metadata.name}`,
    index: index++,
  });
  const add = (host: string, path: PathMatch, backend: IngressBackend, isDefault = false) => {
    const pattern = patternOf(host);
    const route = {
      path,
      headers: [],
      query: [],
      order: order(isDefault),
      action: actionOf(namespace, backend),
    };
    const isSecured = secured.has(pattern) || [...secured].some((each) => covers(each, pattern));
    for (const port of [httpPort, isSecured ? httpsPort : undefined]) {
      const listener = port === undefined ? undefined : table.listener(port, pattern);
      if (!listener) continue;
      listener.fallsThrough = true;
      table.route(listener, pattern, route);
    }
  };
  for (const { host = '', http } of rules)
    for (const path of http?.paths ?? []) add(host, pathOf(path), path.backend);
  const everything: PathMatch = { type: 'Prefix', value: '/' };
  if (spec?.defaultBackend)
    for (const host of new Set([
      '',
      ...rules.map((rule) => rule.host ?? ''),
      ...(spec.tls ?? []).flatMap(({ hosts }) => hosts ?? []),
    ]))
      add(host, everything, spec.defaultBackend, true);
}

function actionOf(namespace: string, { service }: IngressBackend): Action {
  const port = service?.port?.number ?? service?.port?.name;
  // A backend that is another resource is nothing that could be forwarded to.
  return {
    type: 'forward',
    backends: [
      {
        weight: 1,
        service: service && port !== undefined ? { namespace, name: service.name, port } : 'invalid',
      },
    ],
  };
}

function pathOf({ path, pathType }: HTTPIngressPath): PathMatch {
  return { type: pathType === 'Exact' ? 'Exact' : 'Prefix', value: path ?? '/' };
}

function patternOf(host: string): string {
  const name = host.toLowerCase();
  return name.startsWith('*.') ? `+${name.slice(1)}` : name;
}

function covers(wildcard: string, pattern: string): boolean {
  if (!wildcard.startsWith('+.') || pattern.startsWith('+')) return false;
  const dot = pattern.indexOf('.');
  return dot > 0 && pattern.slice(dot) === wildcard.slice(1);
}
