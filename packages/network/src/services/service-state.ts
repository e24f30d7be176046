/** All that one Service means for a node, computed at once from what is known of it. Pure. */
import type { EndpointSlice, Service } from '@skerry/api';
import { chooseEndpoints, type NodeView } from '#services/choose-endpoints.ts';
import { maps } from '#services/base-rules.ts';
import type { Contents } from '#services/kernel-table.ts';
import { endpointsOf, familyOf, servicePortsOf } from '#services/service-ports.ts';
import { serviceRules } from '#services/service-rules.ts';
import { flowsOf, type Flows } from '#services/stale-flows.ts';
import { emptyContent, type TableContent } from '#nftables/table-content.ts';

export interface ServiceState {
  readonly contents: Contents;
  readonly flows: readonly Flows[];
  /** What is answered to a load balancer that asks whether this node can take traffic. */
  readonly health: ServiceHealth | undefined;
}

export interface ServiceHealth {
  readonly port: number;
  readonly namespace: string;
  readonly name: string;
  readonly localEndpoints: number;
}

export function serviceState(
  service: Service,
  slices: readonly EndpointSlice[],
  node: NodeView,
): ServiceState | undefined {
  const ports = servicePortsOf(service, node);
  if (ports.length === 0) return undefined;
  const chosen = ports.map((port) => ({
    port,
    endpoints: chooseEndpoints(port, endpointsOf(port, slices), node),
  }));
  const rules = chosen.map(({ port, endpoints }) => ({
    family: port.family,
    content: serviceRules(port, endpoints, { nodeName: node.name }),
  }));
  const ofFamily = (family: string) =>
    joined(rules.filter((one) => one.family === family).map(({ content }) => content));
  const local = new Set(
    chosen.flatMap(({ endpoints }) =>
      endpoints.local.filter(({ isReady }) => isReady).map(({ address }) => address),
    ),
  );
  const { namespace = '', name = '' } = service.metadata;
  const port = service.spec?.healthCheckNodePort;
  const isAsked = service.spec?.type === 'LoadBalancer' && service.spec.externalTrafficPolicy === 'Local';
  return {
    contents: { ip: ofFamily('ip'), ip6: ofFamily('ip6') },
    flows: chosen.flatMap(({ port: one, endpoints }) => flowsOf(one, endpoints) ?? []),
    health: isAsked && port ? { port, namespace, name, localEndpoints: local.size } : undefined,
  };
}

/** Senders in these ranges are pods of the node, which need no masquerading on the way to a Service. */
export function podRangeContents(ranges: readonly string[]): Contents {
  const ofFamily = (family: string): TableContent => ({
    ...emptyContent,
    elements: {
      [maps.podRanges]: Object.fromEntries(
        ranges.filter((range) => familyOf(range.split('/')[0] ?? '') === family).map((range) => [range, '']),
      ),
    },
  });
  return { ip: ofFamily('ip'), ip6: ofFamily('ip6') };
}

function joined(contents: readonly TableContent[]): TableContent {
  const elements: Record<string, Record<string, string>> = {};
  for (const content of contents) {
    for (const [set, values] of Object.entries(content.elements)) {
      elements[set] = { ...elements[set], ...values };
    }
  }
  return {
    chains: Object.assign({}, ...contents.map(({ chains }) => chains)) as TableContent['chains'],
    sets: Object.assign({}, ...contents.map(({ sets }) => sets)) as TableContent['sets'],
    elements,
  };
}
