/**
 * NetworkPolicies as rules of nftables. A pod that a policy selects has a chain for each direction that policies speak of:
 * it jumps through the chains of its policies, and what none of them accepts is dropped. Peers are sets, so that a pod that
 * comes or goes anywhere is one element. A policy's chain is there once for all pods that it selects.
 *
 * Pure. Rules: https://kubernetes.io/docs/concepts/services-networking/network-policies/
 */
import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { labelSelectorFrom } from '@skerry/api';
import type { IPBlock, PoolPolicy, PoolPolicyPort, PoolPolicyRule } from '@skerry/api';
import type { TableContent } from '#nftables/table-content.ts';
import type { OwnPod } from '#policy/own-pod.ts';

export type Family = 'ip' | 'ip6';
type Direction = 'arriving' | 'leaving';

export const policyTable = 'skerry_policies';
const families = ['ip', 'ip6'] as const;
const addressTypes = { ip: 'ipv4_addr', ip6: 'ipv6_addr' } as const;
/** In which field of a packet the pod is, and in which its peer. */
const fields = {
  arriving: { own: 'daddr', peer: 'saddr' },
  leaving: { own: 'saddr', peer: 'daddr' },
} as const;
const podMaps = { arriving: 'arriving-pods', leaving: 'leaving-pods' } as const;

/**
 * The part of the table that no policy changes; it replaces the table. Every packet that goes on in the direction in which
 * its connection was opened is judged anew, so that a policy ends the connections that it forbids; answers are let through
 * with what they answer. It stands behind the translation of Services' addresses.
 */
export function baseRules(family: Family): string[] {
  const chain = (direction: Direction, priority: number) => [
    `  chain ${direction} {`,
    `    type filter hook forward priority ${priority};`,
    '    ct direction reply ct state established accept',
    '    ct state related accept',
    // Neighbours must find each other whatever policies say.
    ...(family === 'ip6'
      ? [
          '    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, nd-router-advert } accept',
        ]
      : []),
    `    ${family} ${fields[direction].own} vmap @${podMaps[direction]}`,
    '  }',
  ];
  return [
    ...removeTable(family),
    `table ${family} ${policyTable} {`,
    '  comment "NetworkPolicies of pods on this machine";',
    ...Object.values(podMaps).map((map) => `  map ${map} { type ${addressTypes[family]} : verdict; }`),
    // Two hooks, since what one accepts the other is still to judge.
    ...chain('leaving', -11),
    ...chain('arriving', -10),
    '}',
  ];
}

/** Adding it first makes the removal of what isn't there no error. */
export function removeTable(family: Family): string[] {
  return [`add table ${family} ${policyTable}`, `delete table ${family} ${policyTable}`];
}

/** By the policy or the pod that it comes of. */
export type PolicyContents = ReadonlyMap<string, Readonly<Record<Family, TableContent>>>;

export function policyContents(policies: readonly PoolPolicy[], pods: readonly OwnPod[]): PolicyContents {
  const contents = new Map<string, Record<Family, TableContent>>();
  const chains = new Map<OwnPod, Record<Direction, string[] | undefined>>();
  for (const policy of policies) {
    const { namespace, name } = policy.metadata;
    const selector = labelSelectorFrom(policy.spec.podSelector);
    const selected = pods.filter((pod) => pod.namespace === namespace && selector.matches(pod.labels));
    if (selected.length === 0) continue;
    contents.set(
      `policy ${namespace}/${name}`,
      byFamily((family) => policyContent(policy, { selected, pods, family })),
    );
    for (const pod of selected) {
      const of = chains.get(pod) ?? { arriving: undefined, leaving: undefined };
      if (policy.spec.ingress) of.arriving = [...(of.arriving ?? []), chainName(policy, 'arriving')];
      if (policy.spec.egress) of.leaving = [...(of.leaving ?? []), chainName(policy, 'leaving')];
      chains.set(pod, of);
    }
  }
  for (const [pod, of] of chains)
    contents.set(
      `pod ${pod.uid}`,
      byFamily((family) => podContent(pod, of, family)),
    );
  return contents;
}

function byFamily(make: (family: Family) => TableContent): Record<Family, TableContent> {
  return { ip: make('ip'), ip6: make('ip6') };
}

function podContent(
  pod: OwnPod,
  chains: Record<Direction, string[] | undefined>,
  family: Family,
): TableContent {
  const content = draft();
  for (const address of pod.addresses.filter((one) => familyOf(one) === family)) {
    for (const direction of ['arriving', 'leaving'] as const) {
      const jumps = chains[direction];
      if (!jumps) continue;
      const name = `pod-${direction}-${digest(`${pod.uid} ${address}`)}`;
      // A pod that reaches itself over a Service is not to be kept from itself.
      const own = `${family} ${fields[direction].peer} ${address} accept`;
      content.chains[name] = [own, ...jumps.toSorted(byText).map((chain) => `jump ${chain}`), 'drop'];
      (content.elements[podMaps[direction]] ??= {})[address] = `jump ${name}`;
    }
  }
  return content;
}

function policyContent(
  policy: PoolPolicy,
  of: { selected: readonly OwnPod[]; pods: readonly OwnPod[]; family: Family },
): TableContent {
  const content = draft();
  const add = (direction: Direction, rules: readonly PoolPolicyRule[] | undefined) => {
    if (!rules) return;
    const chain = chainName(policy, direction);
    content.chains[chain] = rules.flatMap((rule, index) => {
      const set = `${chain}-${index}`;
      const peers = peerMatches(rule, { ...of, direction, set, content });
      const ports = portMatches(rule, { ...of, direction });
      return ports.flatMap((port) => peers.map((peer) => `${peer}${port}accept`));
    });
  };
  add('arriving', policy.spec.ingress);
  add('leaving', policy.spec.egress);
  return content;
}

/** One per kind of peer; `''` for anyone; none where no peer is of this family. */
function peerMatches(
  { peers }: PoolPolicyRule,
  of: {
    pods: readonly OwnPod[];
    family: Family;
    direction: Direction;
    set: string;
    content: ReturnType<typeof draft>;
  },
): string[] {
  if (!peers) return [''];
  const { family, set, content } = of;
  const field = `${family} ${fields[of.direction].peer}`;
  const matches: string[] = [];
  if (peers.addresses || peers.selectors) {
    // There also while it is empty: its elements come and go, its rule stays.
    content.sets[set] = `type ${addressTypes[family]};`;
    const elements = (content.elements[set] ??= {});
    for (const address of [...(peers.addresses ?? []), ...ownPeers(peers.selectors ?? [], of.pods)]) {
      if (familyOf(address) === family) elements[address] = '';
    }
    matches.push(`${field} @${set} `);
  }
  for (const block of peers.blocks ?? []) {
    if (familyOf(block.cidr) === family) matches.push(blockMatch(field, block, family));
  }
  return matches;
}

function ownPeers(
  selectors: NonNullable<NonNullable<PoolPolicyRule['peers']>['selectors']>,
  pods: readonly OwnPod[],
): string[] {
  return selectors.flatMap(({ namespaces, podSelector }) => {
    const selector = labelSelectorFrom(podSelector);
    return pods
      .filter(
        ({ namespace, labels }) => (namespaces?.includes(namespace) ?? true) && selector.matches(labels),
      )
      .flatMap(({ addresses }) => addresses);
  });
}

function blockMatch(field: string, { cidr, except = [] }: IPBlock, family: Family): string {
  const outside = except.filter((range) => isRange(range) && familyOf(range) === family);
  const without = outside.length > 0 ? `${field} != { ${outside.join(', ')} } ` : '';
  return `${field} ${cidr} ${without}`;
}

/** `''` for all ports. */
function portMatches(
  { ports }: PoolPolicyRule,
  of: { selected: readonly OwnPod[]; family: Family; direction: Direction },
): string[] {
  if (!ports) return [''];
  const named = ports.filter(({ name }) => name !== undefined);
  return [
    ...plainPortMatches(ports.filter(({ name }) => name === undefined)),
    ...namedPortMatches(named, of),
  ];
}

function plainPortMatches(ports: readonly PoolPolicyPort[]): string[] {
  return (['TCP', 'UDP', 'SCTP'] as const).flatMap((protocol) => {
    const of = ports.filter((port) => port.protocol === protocol);
    if (of.length === 0) return [];
    const word = protocol.toLowerCase();
    if (of.some(({ port }) => port === undefined)) return [`meta l4proto ${word} `];
    const ranges = joined(
      of.map(({ port = 0, endPort }) => [port, Math.max(endPort ?? port, port)] as const),
    );
    return [`${word} dport { ${ranges.join(', ')} } `];
  });
}

/** A set of nft takes no ranges that overlap. */
function joined(ranges: readonly (readonly [number, number])[]): string[] {
  const merged: [number, number][] = [];
  for (const [first, last] of ranges.toSorted(([a], [b]) => a - b)) {
    const before = merged.at(-1);
    if (before && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else merged.push([first, last]);
  }
  return merged.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`));
}

/** The same name is another number in each pod. */
function namedPortMatches(
  ports: readonly PoolPolicyPort[],
  { selected, family, direction }: { selected: readonly OwnPod[]; family: Family; direction: Direction },
): string[] {
  if (direction === 'leaving') return [];
  return ports.flatMap(({ name, protocol }) =>
    selected.flatMap((pod) => {
      const found = pod.ports.find((port) => port.name === name && port.protocol === protocol);
      if (!found) return [];
      return pod.addresses
        .filter((address) => familyOf(address) === family)
        .map((address) => `${family} daddr ${address} ${protocol.toLowerCase()} dport ${found.number} `);
    }),
  );
}

function draft() {
  return {
    chains: {} as Record<string, string[]>,
    sets: {} as Record<string, string>,
    elements: {} as Record<string, Record<string, string>>,
  };
}

function chainName({ metadata }: PoolPolicy, direction: Direction): string {
  return `policy-${direction}-${digest(`${metadata.namespace}/${metadata.name}`)}`;
}

/** Names of objects are longer than nft's may be. */
function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** Undefined for what is neither: it came over the wire, and must not become a word of nft's. */
function familyOf(addressOrRange: string): Family | undefined {
  const [address = '', bits] = addressOrRange.split('/');
  if (bits !== undefined && !/^\d{1,3}$/.test(bits)) return undefined;
  const version = isIP(address);
  if (version === 4) return 'ip';
  return version === 6 && !address.includes('%') ? 'ip6' : undefined;
}

function isRange(text: string): boolean {
  return familyOf(text) !== undefined;
}

function byText(a: string, b: string): number {
  return a < b ? -1 : 1;
}

export const policyFamilies: readonly Family[] = families;
