/**
 * The chains and map elements by which one port of a Service works on a node. Pure.
 *
 *   service-…   to the endpoints that traffic may go to from anywhere
 *   local-…     to those on this node, where a policy is `Local`
 *   external-…  what arrives at a node port, an external address or a load balancer's address passes here first
 *   firewall-…  who may reach a load balancer's address
 *   endpoint-…  one endpoint of a Service with client affinity, and the set of clients that stay with it
 */
import { createHash } from 'node:crypto';
import type { ChosenEndpoints } from '#services/choose-endpoints.ts';
import { maps } from '#services/base-rules.ts';
import type { ServiceEndpoint, ServicePort } from '#services/service-ports.ts';
import type { TableContent } from '#nftables/table-content.ts';

/** Content under construction. */
interface Draft {
  readonly chains: Record<string, string[]>;
  readonly sets: Record<string, string>;
  readonly elements: Record<string, Record<string, string>>;
}

export function serviceRules(
  port: ServicePort,
  chosen: ChosenEndpoints,
  { nodeName }: { readonly nodeName: string },
): TableContent {
  const draft: Draft = { chains: {}, sets: {}, elements: {} };
  const internal = port.internalPolicy === 'Local' ? chosen.local : chosen.cluster;
  const external = port.externalPolicy === 'Local' ? chosen.local : chosen.cluster;
  put(draft, maps.clusterIps, port.clusterIp);
  const inside = `${port.clusterIp} . ${port.protocol} . ${port.port}`;
  if (internal.length === 0) put(draft, maps.emptyServiceIps, inside, refusal(chosen));
  else
    put(
      draft,
      maps.serviceIps,
      inside,
      `goto ${chainTo(draft, port, { policy: port.internalPolicy, chosen })}`,
    );
  if (hasOutside(port)) openToOutside(draft, port, { chosen, external });
  for (const { address } of hairpinsOf(chosen, nodeName)) {
    put(draft, maps.hairpins, `${address} . ${address}`);
  }
  return draft;
}

/** Names are those of DNS labels, and the hash tells apart what is long or alike. */
export function portId({ namespace, service, name, protocol, port }: ServicePort): string {
  const hash = createHash('sha256')
    .update(`${namespace}/${service}/${protocol}/${name}/${port}`)
    .digest('hex');
  return `${hash.slice(0, 8)}-${namespace}/${service}/${protocol}/${name}`;
}

function hasOutside({ nodePort, externalIps, loadBalancerIps }: ServicePort): boolean {
  return nodePort !== undefined || externalIps.length + loadBalancerIps.length > 0;
}

function openToOutside(
  draft: Draft,
  port: ServicePort,
  { chosen, external }: { chosen: ChosenEndpoints; external: readonly ServiceEndpoint[] },
): void {
  const { protocol, port: number, nodePort } = port;
  const addresses = [...new Set([...port.externalIps, ...port.loadBalancerIps])];
  const keys = addresses.map((address) => `${address} . ${protocol} . ${number}`);
  const isOpen = external.length > 0 || (port.externalPolicy === 'Local' && chosen.cluster.length > 0);
  if (isOpen) {
    const chain = externalChain(draft, port, { chosen, external });
    for (const key of keys) put(draft, maps.serviceIps, key, `goto ${chain}`);
    if (nodePort !== undefined) put(draft, maps.nodePorts, `${protocol} . ${nodePort}`, `goto ${chain}`);
  }
  if (external.length === 0) {
    for (const key of keys) put(draft, maps.emptyServiceIps, key, refusal(chosen));
    if (nodePort !== undefined) put(draft, maps.emptyNodePorts, `${protocol} . ${nodePort}`, refusal(chosen));
  }
  for (const address of port.placedIps) put(draft, maps.loadBalancerIps, address);
  if (port.sourceRanges && port.loadBalancerIps.length > 0) {
    const chain = firewallChain(draft, port, port.sourceRanges);
    for (const address of port.loadBalancerIps)
      put(draft, maps.firewalledIps, `${address} . ${protocol} . ${number}`, `goto ${chain}`);
  }
}

/** Where there are none at all the client hears it; where only a policy keeps them away, somebody else may answer. */
function refusal({ hasAny }: ChosenEndpoints): string {
  return hasAny ? 'drop' : 'goto reject-chain';
}

function externalChain(
  draft: Draft,
  port: ServicePort,
  { chosen, external }: { chosen: ChosenEndpoints; external: readonly ServiceEndpoint[] },
): string {
  const name = `external-${portId(port)}`;
  const rules: string[] = [];
  if (port.externalPolicy === 'Cluster') {
    rules.push('jump mark-for-masquerade');
    rules.push(`goto ${chainTo(draft, port, { policy: 'Cluster', chosen })}`);
  } else {
    // The node and its pods are inside, whatever address they call the Service by: no policy for the outside binds them.
    if (chosen.cluster.length > 0) {
      const anywhere = chainTo(draft, port, { policy: 'Cluster', chosen });
      rules.push(`${port.family} saddr @${maps.podRanges} goto ${anywhere}`);
      rules.push('fib saddr type local jump mark-for-masquerade');
      rules.push(`fib saddr type local goto ${anywhere}`);
    }
    if (external.length > 0) rules.push(`goto ${chainTo(draft, port, { policy: 'Local', chosen })}`);
  }
  draft.chains[name] = rules;
  return name;
}

function firewallChain(draft: Draft, port: ServicePort, ranges: readonly string[]): string {
  const name = `firewall-${portId(port)}`;
  const allowed = withoutOverlap(ranges);
  draft.chains[name] = [
    ...(allowed.length > 0 ? [`${port.family} saddr { ${allowed.join(', ')} } return`] : []),
    'drop',
  ];
  return name;
}

/** The chain that hands a connection to an endpoint; made when first asked for. */
function chainTo(
  draft: Draft,
  port: ServicePort,
  { policy, chosen }: { policy: 'Cluster' | 'Local'; chosen: ChosenEndpoints },
): string {
  const name = `${policy === 'Local' ? 'local' : 'service'}-${portId(port)}`;
  if (draft.chains[name]) return name;
  const endpoints = (policy === 'Local' ? chosen.local : chosen.cluster).toSorted(byAddress);
  draft.chains[name] =
    port.affinitySeconds === undefined
      ? [spread(port, endpoints)]
      : affineRules(draft, port, { endpoints, seconds: port.affinitySeconds });
  return name;
}

function spread({ family, protocol }: ServicePort, endpoints: readonly ServiceEndpoint[]): string {
  const dnat = `meta l4proto ${protocol} dnat to`;
  const [first] = endpoints;
  if (first && endpoints.length === 1) {
    const host = family === 'ip6' ? `[${first.address}]` : first.address;
    return `${dnat} ${host}:${first.port}`;
  }
  const choices = endpoints.map(({ address, port }, index) => `${index} : ${address} . ${port}`);
  return `${dnat} numgen random mod ${endpoints.length} map { ${choices.join(', ')} }`;
}

/** Known clients go where they went; others are spread, and remembered. */
function affineRules(
  draft: Draft,
  port: ServicePort,
  { endpoints, seconds }: { endpoints: readonly ServiceEndpoint[]; seconds: number },
): string[] {
  const { family } = port;
  const targets = endpoints.map((endpoint) => {
    const id = `${portId(port)}__${endpoint.address.replaceAll(':', '.')}/${endpoint.port}`;
    const chain = `endpoint-${id}`;
    const set = `affinity-${id}`;
    const type = family === 'ip' ? 'ipv4_addr' : 'ipv6_addr';
    draft.sets[set] = `type ${type}; flags dynamic,timeout; timeout ${seconds}s;`;
    draft.chains[chain] = [`update @${set} { ${family} saddr }`, spread(port, [endpoint])];
    return { chain, set };
  });
  const choices = targets.map(({ chain }, index) => `${index} : goto ${chain}`);
  return [
    ...targets.map(({ chain, set }) => `${family} saddr @${set} goto ${chain}`),
    `numgen random mod ${targets.length} vmap { ${choices.join(', ')} }`,
  ];
}

/** Pods of this node that may be led to themselves: their own address as the sender would send the answer past the node. */
function hairpinsOf({ cluster, local }: ChosenEndpoints, nodeName: string): ServiceEndpoint[] {
  return [...cluster, ...local].filter((endpoint) => endpoint.nodeName === nodeName);
}

/** Sets of ranges take no range twice, nor one within another. */
function withoutOverlap(ranges: readonly string[]): string[] {
  const parsed = [...new Set(ranges)].map((range) => {
    const [address = '', bits = '0'] = range.split('/');
    return { range, value: bitsOf(address).slice(0, Number(bits)) };
  });
  return parsed
    .filter(
      ({ value }, index) =>
        !parsed.some(
          (other, at) =>
            at !== index && value.startsWith(other.value) && (other.value !== value || at < index),
        ),
    )
    .map(({ range }) => range);
}

function bitsOf(address: string): string {
  if (!address.includes(':')) {
    return address
      .split('.')
      .map((byte) => Number(byte).toString(2).padStart(8, '0'))
      .join('');
  }
  const [head = '', tail] = address.split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  return [...before, ...Array.from({ length: zeros }, () => '0'), ...after]
    .map((group) => Number.parseInt(group, 16).toString(2).padStart(16, '0'))
    .join('');
}

function byAddress(a: ServiceEndpoint, b: ServiceEndpoint): number {
  if (a.address !== b.address) return a.address < b.address ? -1 : 1;
  return a.port - b.port;
}

function put(draft: Draft, map: string, key: string, value = ''): void {
  (draft.elements[map] ??= {})[key] = value;
}
