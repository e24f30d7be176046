/** Where a new cluster goes: ranges that nobody else uses, and a port of its own. */
import { SkerryError } from '@skerry/base';
import type { Cluster } from '#clusters/cluster.ts';
import { clusterVersions } from '#contract/index.ts';
import type { ClusterHost, HostedSettings } from '#clusters/host.ts';
import { freeRange, rangeFault, type SixthPrefix, type UsedRange } from '#clusters/ranges.ts';

const portMin = 6444;
const portMax = 6999;
/** Pods of clusters from 10.13, Services from 10.97: behind those of the first cluster. */
const ofPods: Kind = { firstOctet: 13, sixth: { min: 48, max: 64 } };
const ofServices: Kind = { firstOctet: 97, sixth: { min: 64, max: 124 } };

interface Kind {
  readonly firstOctet: number;
  readonly sixth: SixthPrefix;
}

/** Fails with `cluster-invalid` where what was asked for can't be had. */
export async function placeCluster(
  cluster: Cluster,
  { others, host }: { readonly others: readonly Cluster[]; readonly host: ClusterHost },
): Promise<HostedSettings> {
  const name = cluster.metadata?.name ?? '';
  const nameFault = host.nameFault(name);
  if (nameFault !== undefined) throw invalid(name, nameFault);
  const { version } = cluster.spec;
  if (version !== undefined && !isServed(version))
    throw invalid(name, `version ${version} can't be had; this center has ${clusterVersions.join(', ')}`);
  const used = [
    ...rangesOf(others),
    ...host.ownRanges().flatMap((cidrs) => eachOf(cidrs, "the center's own cluster")),
    ...host.addresses().map(ofThisMachine),
  ];
  const podCIDR = chosen(cluster.spec.podCIDR, used, ofPods);
  if (podCIDR.fault !== undefined) throw invalid(name, `podCIDR ${podCIDR.fault}`);
  const serviceCIDR = chosen(
    cluster.spec.serviceCIDR,
    [...used, ...eachOf(podCIDR.cidr, 'its own pods')],
    ofServices,
  );
  if (serviceCIDR.fault !== undefined) throw invalid(name, `serviceCIDR ${serviceCIDR.fault}`);
  return {
    podCIDR: podCIDR.cidr,
    serviceCIDR: serviceCIDR.cidr,
    port: await choosePort(cluster, others, host),
    advertise: cluster.spec.advertise ?? [],
  };
}

/** `1.36`, `v1.36` and any patch of it. */
function isServed(version: string): boolean {
  return clusterVersions.some((served) => `${version.replace(/^v/, '')}.`.startsWith(`${served}.`));
}

function rangesOf(others: readonly Cluster[]): UsedRange[] {
  return others.flatMap(({ metadata, spec }) => [
    ...eachOf(spec.podCIDR, `pods of cluster ${metadata?.name}`),
    ...eachOf(spec.serviceCIDR, `Services of cluster ${metadata?.name}`),
  ]);
}

/** A cluster of two families has a range of each. */
function eachOf(cidrs: string | undefined, by: string): UsedRange[] {
  return cidrs ? cidrs.split(',').map((cidr) => ({ cidr, by })) : [];
}

function ofThisMachine(address: string): UsedRange {
  return { cidr: `${address}/${address.includes(':') ? 128 : 32}`, by: 'an address of this machine' };
}

function chosen(
  asked: string | undefined,
  used: readonly UsedRange[],
  { firstOctet, sixth }: Kind,
): { cidr: string; fault?: undefined } | { cidr?: undefined; fault: string } {
  if (asked !== undefined) {
    const fault = rangeFault(asked, used, sixth);
    return fault === undefined ? { cidr: asked } : { fault };
  }
  const cidr = freeRange(used, firstOctet);
  return cidr === undefined ? { fault: 'none is free within 10.0.0.0/8; name one' } : { cidr };
}

async function choosePort(cluster: Cluster, others: readonly Cluster[], host: ClusterHost): Promise<number> {
  const name = cluster.metadata?.name ?? '';
  const taken = new Map(others.map(({ metadata, spec }) => [spec.port, metadata?.name]));
  const asked = cluster.spec.port;
  if (asked !== undefined) {
    if (taken.has(asked)) throw invalid(name, `port ${asked} is that of cluster ${taken.get(asked)}`);
    // Its own processes may hold it already, when this is done a second time.
    const free = host.state(name) !== undefined || (await host.portIsFree(asked));
    if (!free) throw invalid(name, `port ${asked} is in use on this machine`);
    return asked;
  }
  for (let port = portMin; port <= portMax; port++) {
    if (!taken.has(port) && (await host.portIsFree(port))) return port;
  }
  throw invalid(name, `no port from ${portMin} to ${portMax} is free`);
}

function invalid(name: string, why: string): SkerryError {
  return new SkerryError('cluster-invalid', `cluster ${name}: ${why}`);
}
