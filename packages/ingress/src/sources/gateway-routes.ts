/**
 * Gateways and HTTPRoutes as routes, with the status that each is to have: what is accepted, what is not and why, in the conditions
 * and reasons of Gateway API. All Gateways of the class share the proxy's ports and addresses; of two listeners for one port and
 * host the older Gateway's is served.
 */
import { labelSelectorFrom, type Secret, type Service } from '@skerry/api';
import { intersectHosts } from '#routing/host-map.ts';
import type { Listener as TableListener } from '#routing/port-table.ts';
import type { Backend, Route } from '#routing/route.ts';
import type { Certificates } from '#sources/certificates.ts';
import {
  gatewayGroup,
  type Condition,
  type Gateway,
  type GatewayClass,
  type GatewayListener,
  type GatewayStatus,
  type HttpRoute,
  type HttpRouteRule,
  type LabelSelector,
  type ListenerStatus,
  type ObjectReference,
  type ParentReference,
  type ReferenceGrant,
  type RouteParentStatus,
} from '#sources/gateway-kinds.ts';
import { routesOf, UnsupportedValueError } from '#sources/http-route-rules.ts';
import type { ServedPorts, TableBuilder } from '#sources/table-builder.ts';

export const gatewayController = 'skerry.io/gateway-controller';

export interface GatewaySources {
  readonly classes: readonly GatewayClass[];
  readonly gateways: readonly Gateway[];
  readonly routes: readonly HttpRoute[];
  readonly grants: readonly ReferenceGrant[];
  readonly namespaceLabels: (namespace: string) => Readonly<Record<string, string>>;
  readonly secret: (namespace: string, name: string) => Secret | undefined;
  readonly service: (namespace: string, name: string) => Service | undefined;
  readonly certificates: Certificates;
  readonly ports: ServedPorts;
  /** Where the proxy is reached. */
  readonly addresses: readonly string[];
}

/** What the objects' statuses are to say. */
export interface GatewayReport {
  readonly classes: readonly { readonly object: GatewayClass; readonly conditions: readonly Condition[] }[];
  readonly gateways: readonly { readonly object: Gateway; readonly status: GatewayStatus }[];
  /** Entries of ours alone; of every route, since some may have been ours. */
  readonly routes: readonly { readonly object: HttpRoute; readonly parents: readonly RouteParentStatus[] }[];
}

interface Served {
  readonly gateway: Gateway;
  readonly spec: GatewayListener;
  readonly hostname: string;
  readonly faults: Partial<Record<ConditionType, Fault>>;
  readonly supportedKinds: readonly { group: string; kind: string }[];
  /** Undefined where it isn't served. */
  readonly table: TableListener | undefined;
  attachedRoutes: number;
}

type ConditionType = 'Accepted' | 'Programmed' | 'ResolvedRefs' | 'Conflicted';
interface Fault {
  readonly reason: string;
  readonly message: string;
}

const addressesMax = 16;

export function addGateways(table: TableBuilder, sources: GatewaySources): GatewayReport {
  const ourClasses = sources.classes.filter(({ spec }) => spec.controllerName === gatewayController);
  const classNames = new Set(ourClasses.map(({ metadata }) => metadata.name));
  const ours = sources.gateways.filter(({ spec }) => classNames.has(spec.gatewayClassName)).sort(byAge);
  const claims = new Map<string, string>();
  const served = new Map<string, Served[]>();
  for (const gateway of ours)
    served.set(
      nameOf(gateway),
      gateway.spec.listeners.map((spec) => serve(table, { gateway, spec, claims, sources })),
    );
  const routes = [...sources.routes]
    .sort(byAge)
    .map((object) => ({ object, parents: attach(table, { route: object, served, sources }) }));
  return {
    classes: ourClasses.map((object) => ({
      object,
      conditions: [condition(object, 'Accepted', true, 'Accepted', 'the proxy takes Gateways of this class')],
    })),
    gateways: ours.map((object) => ({
      object,
      status: gatewayStatus(object, served.get(nameOf(object)) ?? [], sources.addresses),
    })),
    routes,
  };
}

function serve(
  table: TableBuilder,
  {
    gateway,
    spec,
    claims,
    sources,
  }: { gateway: Gateway; spec: GatewayListener; claims: Map<string, string>; sources: GatewaySources },
): Served {
  const faults: Served['faults'] = {};
  const hostname = (spec.hostname ?? '').toLowerCase();
  const isTls = spec.protocol === 'HTTPS';
  if (
    !['HTTP', 'HTTPS'].includes(spec.protocol) ||
    (isTls && (spec.tls?.mode ?? 'Terminate') !== 'Terminate')
  )
    faults.Accepted = {
      reason: 'UnsupportedProtocol',
      message: 'HTTP and HTTPS that ends here are what can be served',
    };
  else if (!sources.ports[isTls ? 'https' : 'http'].includes(spec.port))
    faults.Accepted = {
      reason: 'PortUnavailable',
      message: `${spec.protocol} is served at ${sources.ports[isTls ? 'https' : 'http'].join(', ') || 'no port'}: the ports of the component's values`,
    };
  const kinds = spec.allowedRoutes?.kinds ?? [];
  const isRoute = ({ group = gatewayGroup, kind }: { group?: string; kind: string }) =>
    group === gatewayGroup && kind === 'HTTPRoute';
  const supportedKinds =
    kinds.length === 0 || kinds.some(isRoute) ? [{ group: gatewayGroup, kind: 'HTTPRoute' }] : [];
  if (!kinds.every(isRoute))
    faults.ResolvedRefs = {
      reason: 'InvalidRouteKinds',
      message: 'HTTPRoute is the kind that can be served',
    };
  const claim = `${spec.port} ${hostname}`;
  const claimer = claims.get(claim);
  if (!faults.Accepted && claimer !== undefined)
    faults.Conflicted = {
      reason: 'HostnameConflict',
      message: `${claimer} is served at this port for this host`,
    };
  let listener: TableListener | undefined;
  if (!faults.Accepted && !faults.Conflicted) {
    claims.set(claim, `listener ${spec.name} of Gateway ${nameOf(gateway)}`);
    const certificate = isTls ? certificateOf(gateway, spec, sources) : undefined;
    if (certificate && 'reason' in certificate) faults.ResolvedRefs = certificate;
    else {
      listener = table.listener(spec.port, hostname);
      if (certificate) table.certificate(spec.port, hostname, certificate);
    }
  }
  return { gateway, spec, hostname, faults, supportedKinds, table: listener, attachedRoutes: 0 };
}

function certificateOf(
  gateway: Gateway,
  { tls }: GatewayListener,
  { secret, certificates, grants }: GatewaySources,
) {
  const [reference] = tls?.certificateRefs ?? [];
  const namespace = reference?.namespace ?? gateway.metadata.namespace ?? '';
  const invalid = (message: string): Fault => ({ reason: 'InvalidCertificateRef', message });
  if (!reference) return invalid('tls.certificateRefs names no Secret');
  if ((reference.group ?? '') !== '' || (reference.kind ?? 'Secret') !== 'Secret')
    return invalid('a certificate is in a Secret');
  const from = { group: gatewayGroup, kind: 'Gateway', namespace: gateway.metadata.namespace ?? '' };
  if (!isGranted(grants, from, { group: '', kind: 'Secret', namespace, name: reference.name }))
    return {
      reason: 'RefNotPermitted',
      message: `no ReferenceGrant in ${namespace} lets Gateways of ${from.namespace} use Secret ${reference.name}`,
    };
  const found = secret(namespace, reference.name);
  if (!found) return invalid(`Secret ${namespace}/${reference.name} is not there`);
  const certificate = certificates.of(found);
  return typeof certificate === 'string' ? invalid(certificate) : certificate;
}

function attach(
  table: TableBuilder,
  {
    route,
    served,
    sources,
  }: { route: HttpRoute; served: ReadonlyMap<string, readonly Served[]>; sources: GatewaySources },
): RouteParentStatus[] {
  const parents: RouteParentStatus[] = [];
  const counted = new Set<Served>();
  let rules: readonly Route[] | Fault | undefined;
  let references: Fault | undefined;
  for (const parentRef of route.spec.parentRefs ?? []) {
    const listeners = listenersOf(route, parentRef, served);
    if (!listeners) continue;
    rules ??= rulesOf(route, sources, (fault) => (references ??= fault));
    const matched = listenersFor(route, parentRef, listeners, sources);
    const isFault = 'reason' in rules;
    const fault = isFault ? (rules as Fault) : 'reason' in matched ? matched : undefined;
    if (!fault && !isFault && !('reason' in matched))
      for (const { listener, hosts } of matched) {
        // Two references to one listener are one.
        if (counted.has(listener)) continue;
        counted.add(listener);
        listener.attachedRoutes++;
        for (const rule of rules as readonly Route[])
          for (const host of hosts) table.route(listener.table, host, rule);
      }
    parents.push({
      parentRef,
      controllerName: gatewayController,
      conditions: [
        fault
          ? condition(route, 'Accepted', false, fault.reason, fault.message)
          : condition(route, 'Accepted', true, 'Accepted', 'the route is served'),
        references
          ? condition(route, 'ResolvedRefs', false, references.reason, references.message)
          : condition(route, 'ResolvedRefs', true, 'ResolvedRefs', 'all references lead to something'),
      ],
    });
  }
  return parents;
}

function listenersOf(
  route: HttpRoute,
  { group = gatewayGroup, kind = 'Gateway', namespace = route.metadata.namespace, name }: ParentReference,
  served: ReadonlyMap<string, readonly Served[]>,
): readonly Served[] | undefined {
  return group === gatewayGroup && kind === 'Gateway' ? served.get(`${namespace}/${name}`) : undefined;
}

function listenersFor(
  route: HttpRoute,
  { sectionName, port }: ParentReference,
  listeners: readonly Served[],
  sources: GatewaySources,
): readonly { listener: Served; hosts: readonly string[] }[] | Fault {
  const named = listeners.filter(
    ({ spec }) =>
      (sectionName === undefined || spec.name === sectionName) && (port === undefined || spec.port === port),
  );
  if (named.length === 0) return { reason: 'NoMatchingParent', message: 'the Gateway has no such listener' };
  const allowing = named.filter((listener) => isAllowed(route, listener, sources));
  if (allowing.length === 0)
    return { reason: 'NotAllowedByListeners', message: 'no listener takes HTTPRoutes of this namespace' };
  const hostnames = route.spec.hostnames?.length ? route.spec.hostnames : [''];
  const fitting = allowing
    .map((listener) => ({
      listener,
      hosts: hostnames.flatMap((hostname) => intersectHosts(listener.hostname, hostname.toLowerCase()) ?? []),
    }))
    .filter(({ hosts }) => hosts.length > 0);
  return fitting.length > 0
    ? fitting
    : { reason: 'NoMatchingListenerHostname', message: 'no listener is for a host of the route' };
}

function isAllowed(
  route: HttpRoute,
  { gateway, spec, supportedKinds }: Served,
  sources: GatewaySources,
): boolean {
  if (supportedKinds.length === 0) return false;
  const { from = 'Same', selector } = spec.allowedRoutes?.namespaces ?? {};
  const namespace = route.metadata.namespace ?? '';
  if (from === 'All') return true;
  if (from === 'Selector') return matches(selector, sources.namespaceLabels(namespace));
  return from === 'Same' && namespace === gateway.metadata.namespace;
}

/** A selector that can't be read selects nothing, so that one Gateway's fault stays its own. */
function matches(selector: LabelSelector | undefined, labels: Readonly<Record<string, string>>): boolean {
  try {
    return labelSelectorFrom(selector).matches(labels);
  } catch {
    return false;
  }
}

function rulesOf(
  route: HttpRoute,
  sources: GatewaySources,
  onFault: (fault: Fault) => void,
): readonly Route[] | Fault {
  try {
    return routesOf(route, (rule) => backendsOf(route, rule, sources, onFault));
  } catch (error) {
    if (!(error instanceof UnsupportedValueError)) throw error;
    return { reason: 'UnsupportedValue', message: error.message };
  }
}

function backendsOf(
  route: HttpRoute,
  { backendRefs = [] }: HttpRouteRule,
  { grants, service }: GatewaySources,
  onFault: (fault: Fault) => void,
): Backend[] {
  const own = route.metadata.namespace ?? '';
  return backendRefs.map((reference): Backend => {
    const { group = '', kind = 'Service', namespace = own, name, port, weight = 1, filters } = reference;
    if (filters?.length) throw new UnsupportedValueError('filters of a backend are not supported');
    const invalid = (reason: string, message: string): Backend => {
      onFault({ reason, message });
      return { weight, service: 'invalid' };
    };
    if (group !== '' || kind !== 'Service') return invalid('InvalidKind', `${kind} is no Service`);
    const from = { group: gatewayGroup, kind: 'HTTPRoute', namespace: own };
    if (!isGranted(grants, from, { group, kind, namespace, name }))
      return invalid(
        'RefNotPermitted',
        `no ReferenceGrant in ${namespace} lets HTTPRoutes of ${own} use Service ${name}`,
      );
    if (!service(namespace, name)?.spec?.ports?.some((each) => each.port === port) || port === undefined)
      return invalid('BackendNotFound', `Service ${namespace}/${name} with port ${port} is not there`);
    return { weight, service: { namespace, name, port } };
  });
}

/** Within a namespace nothing needs to be granted. */
function isGranted(
  grants: readonly ReferenceGrant[],
  from: { group: string; kind: string; namespace: string },
  to: Required<ObjectReference>,
): boolean {
  if (from.namespace === to.namespace) return true;
  return grants.some(
    ({ metadata, spec }) =>
      metadata.namespace === to.namespace &&
      spec.from.some(
        (one) => one.group === from.group && one.kind === from.kind && one.namespace === from.namespace,
      ) &&
      spec.to.some(
        (one) =>
          one.group === to.group && one.kind === to.kind && (one.name === undefined || one.name === to.name),
      ),
  );
}

function gatewayStatus(
  gateway: Gateway,
  listeners: readonly Served[],
  known: readonly string[],
): GatewayStatus {
  const wanted = gateway.spec.addresses?.length;
  const addresses = known.slice(0, addressesMax).map((value) => ({ type: 'IPAddress', value }));
  const valid = listeners.filter(({ table }) => table !== undefined);
  const isAccepted = !wanted && valid.length > 0;
  const accepted = wanted
    ? condition(gateway, 'Accepted', false, 'UnsupportedAddress', 'addresses are those of the proxy')
    : condition(
        gateway,
        'Accepted',
        isAccepted,
        valid.length === listeners.length ? 'Accepted' : 'ListenersNotValid',
        valid.length === listeners.length ? 'the Gateway is served' : 'listeners say what is wrong with them',
      );
  const programmed = !isAccepted
    ? condition(gateway, 'Programmed', false, 'Invalid', 'nothing of the Gateway is served')
    : addresses.length === 0
      ? condition(
          gateway,
          'Programmed',
          false,
          'AddressNotAssigned',
          "the proxy's Service has no address yet",
        )
      : condition(gateway, 'Programmed', true, 'Programmed', 'the proxy serves it');
  return {
    addresses,
    conditions: [accepted, programmed],
    listeners: listeners.map((listener) => listenerStatus(gateway, listener)),
  };
}

function listenerStatus(gateway: Gateway, { spec, faults, table, ...rest }: Served): ListenerStatus {
  const { Accepted, ResolvedRefs, Conflicted } = faults;
  const of = (type: ConditionType, fault: Fault | undefined, message: string) =>
    fault
      ? condition(gateway, type, false, fault.reason, fault.message)
      : condition(gateway, type, true, type, message);
  const stands = Accepted ?? Conflicted;
  return {
    name: spec.name,
    supportedKinds: rest.supportedKinds,
    attachedRoutes: rest.attachedRoutes,
    conditions: [
      of('Accepted', stands, 'the listener is served'),
      of(
        'Programmed',
        table ? undefined : { reason: 'Invalid', message: 'the listener is not served' },
        'the proxy serves it',
      ),
      of('ResolvedRefs', ResolvedRefs, 'all references lead to something'),
      Conflicted
        ? condition(gateway, 'Conflicted', true, Conflicted.reason, Conflicted.message)
        : condition(gateway, 'Conflicted', false, 'NoConflicts', 'no other listener is in its way'),
    ],
  };
}

function condition(
  { metadata }: Pick<Gateway, 'metadata'>,
  type: string,
  isTrue: boolean,
  reason: string,
  message: string,
): Condition {
  return {
    type,
    status: isTrue ? 'True' : 'False',
    reason,
    message,
    observedGeneration: metadata.generation,
  };
}

function nameOf({ metadata }: Pick<Gateway, 'metadata'>): string {
  return `${metadata.namespace}/${metadata.name}`;
}

function byAge(a: Pick<Gateway, 'metadata'>, b: Pick<Gateway, 'metadata'>): number {
  const [first, second] = [a, b].map(({ metadata }) => metadata.creationTimestamp ?? '');
  if (first !== second) return first! < second! ? -1 : 1;
  return nameOf(a) < nameOf(b) ? -1 : 1;
}
