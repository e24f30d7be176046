/**
 * What stands in a pod's /etc/resolv.conf, by its policy.
 * https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/
 */
import type { Pod } from '@skerry/api';
import type { DnsConfig } from '#runtime.ts';

export interface ClusterDns {
  readonly servers: readonly string[];
  /** `cluster.local`. */
  readonly domain: string;
}

/** Limits of Kubernetes: more is cut off. */
const serversMax = 3;
const searchesMax = 32;

export function podDns(pod: Pod, { cluster, host }: { cluster: ClusterDns; host: DnsConfig }): DnsConfig {
  const base = baseConfig(pod, { cluster, host });
  const custom = pod.spec?.dnsConfig;
  const options = new Map(base.options.map((option) => [option.split(':')[0] ?? option, option]));
  for (const { name, value } of custom?.options ?? []) {
    if (name) options.set(name, value === undefined ? name : `${name}:${value}`);
  }
  return {
    servers: unique([...base.servers, ...(custom?.nameservers ?? [])]).slice(0, serversMax),
    searches: unique([...base.searches, ...(custom?.searches ?? [])]).slice(0, searchesMax),
    options: [...options.values()],
  };
}

function baseConfig(pod: Pod, { cluster, host }: { cluster: ClusterDns; host: DnsConfig }): DnsConfig {
  const policy = pod.spec?.dnsPolicy ?? 'ClusterFirst';
  if (policy === 'None') return { servers: [], searches: [], options: [] };
  const usesCluster =
    policy === 'ClusterFirstWithHostNet' || (policy === 'ClusterFirst' && !pod.spec?.hostNetwork);
  if (!usesCluster || cluster.servers.length === 0) return host;
  const { domain } = cluster;
  return {
    servers: cluster.servers,
    searches: [`${pod.metadata.namespace}.svc.${domain}`, `svc.${domain}`, domain, ...host.searches],
    options: ['ndots:5'],
  };
}

export function parseResolvConf(text: string): DnsConfig {
  const servers: string[] = [];
  let searches: string[] = [];
  let options: string[] = [];
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/);
    if (keyword === 'nameserver' && values[0]) servers.push(values[0]);
    if (keyword === 'search') searches = values.filter((value) => value !== '.');
    if (keyword === 'options') options = values;
  }
  return { servers: servers.slice(0, serversMax), searches, options };
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
