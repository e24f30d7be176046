/**
 * Who may send to whom across pools: a gateway to those of another pool where both pools' networks say so. Their networks
 * are derived by controllers from Crossings and Nodes; a node's pool is in its certificate and can't be changed.
 */
import type { PoolNetwork } from '@skerry/api';
import type { ObjectReader } from '@skerry/apiserver';
import type { RelayRights } from '@skerry/link';

const poolNetworks = { group: 'network.skerry.io', resource: 'poolnetworks' };

/** Tells the rights whenever they change, and when the answer is called: the server's objects are not there before it runs. */
export function followCrossings(read: ObjectReader, onRights: (rights: RelayRights) => void): () => void {
  let told = '';
  const tell = () => {
    const rights = crossingRights(read.list<PoolNetwork>(poolNetworks));
    const text = JSON.stringify([...rights].map(([node, others]) => [node, [...others]]));
    if (text === told) return;
    told = text;
    onRights(rights);
  };
  read.onChange(poolNetworks, tell);
  return tell;
}

/** Pure. */
export function crossingRights(networks: readonly PoolNetwork[]): RelayRights {
  const claims = new Map<string, Set<string>>();
  for (const { status } of networks) {
    if (!status?.crossings?.length) continue;
    const members = new Set(status.members.map(({ node }) => node));
    for (const { gateways, peerGateways } of status.crossings) {
      for (const gateway of gateways.filter((node) => members.has(node))) {
        const claimed = claims.get(gateway) ?? new Set();
        for (const { node } of peerGateways) claimed.add(node);
        claims.set(gateway, claimed);
      }
    }
  }
  const mutual = [...claims].map(
    ([node, others]) => [node, new Set([...others].filter((other) => claims.get(other)?.has(node)))] as const,
  );
  return new Map(mutual.filter(([, others]) => others.size > 0));
}
