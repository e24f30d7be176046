import type { Pod } from '@skerry/api';

/** A pod's /etc/hosts. https://kubernetes.io/docs/tasks/network/customize-hosts-file-for-pods/ */
export function hostsFile(
  pod: Pod,
  options: { addresses: readonly string[]; hostname: string; domain: string; hostFile: string },
): string {
  const lines = pod.spec?.hostNetwork
    ? ['# Kubernetes-managed hosts file (host network).', options.hostFile.trimEnd()]
    : [
        '# Kubernetes-managed hosts file.',
        '127.0.0.1\tlocalhost',
        '::1\tlocalhost ip6-localhost ip6-loopback',
        'fe00::0\tip6-localnet',
        'fe00::0\tip6-mcastprefix',
        'fe00::1\tip6-allnodes',
        'fe00::2\tip6-allrouters',
        ...options.addresses.map((address) => {
          const names = options.domain
            ? [`${options.hostname}.${options.domain}`, options.hostname]
            : [options.hostname];
          return `${address}\t${names.join('\t')}`;
        }),
      ];
  const aliases = pod.spec?.hostAliases ?? [];
  if (aliases.length > 0) {
    lines.push('', '# Entries added by HostAliases.');
    for (const { ip, hostnames = [] } of aliases) lines.push(`${ip}\t${hostnames.join('\t')}`);
  }
  return `${lines.join('\n')}\n`;
}

/** Name of the pod's machine, and its domain where it has a subdomain. */
export function podHostname(pod: Pod, clusterDomain: string): { hostname: string; domain: string } {
  const name = pod.spec?.hostnameOverride ?? pod.spec?.hostname ?? pod.metadata.name ?? '';
  const hostname = name.slice(0, 63).replace(/[-.]+$/, '');
  const subdomain = pod.spec?.subdomain;
  const domain = subdomain ? `${subdomain}.${pod.metadata.namespace}.svc.${clusterDomain}` : '';
  return { hostname, domain };
}
