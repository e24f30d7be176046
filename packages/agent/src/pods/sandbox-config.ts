import { join } from 'node:path';
import type { Pod, SeccompProfile } from '@skerry/api';
import { podDns, type ClusterDns } from '#network/dns.ts';
import { podHostname } from '#network/hosts-file.ts';
import { allContainers, initContainers, isSidecar, mainContainers, podLabels, podUid } from '#pods/labels.ts';
import { podCgroup } from '#pods/resources.ts';
import type { DnsConfig, NamespaceModes, PortMapping, SandboxConfig, SecurityProfile } from '#runtime.ts';

export interface SandboxFacts {
  readonly cgroupRoot: string;
  readonly logRoot: string;
  readonly clusterDns: ClusterDns;
  readonly hostDns: DnsConfig;
}

/** Where the logs of a pod's containers are, as `kubectl logs` and log shippers look for them. */
export function podLogDirectory(logRoot: string, pod: Pod): string {
  return join(logRoot, `${pod.metadata.namespace}_${pod.metadata.name}_${podUid(pod)}`);
}

export function sandboxConfig(pod: Pod, attempt: number, facts: SandboxFacts): SandboxConfig {
  const { spec, metadata } = pod;
  const security = spec?.securityContext;
  const sysctls = (security?.sysctls ?? []).map(({ name, value }): [string, string] => [name, value]);
  return {
    name: metadata.name ?? '',
    namespace: metadata.namespace ?? '',
    uid: podUid(pod),
    attempt,
    hostname: spec?.hostNetwork ? '' : podHostname(pod, facts.clusterDns.domain).hostname,
    logDirectory: podLogDirectory(facts.logRoot, pod),
    dns: podDns(pod, { cluster: facts.clusterDns, host: facts.hostDns }),
    portMappings: portMappings(pod),
    labels: podLabels(pod),
    annotations: metadata.annotations ?? {},
    cgroupParent: podCgroup(facts.cgroupRoot, pod),
    sysctls: Object.fromEntries(sysctls),
    namespaces: namespaceModes(pod),
    privileged: allContainers(pod).some(({ securityContext }) => securityContext?.privileged),
    runAsUser: security?.runAsUser,
    runAsGroup: security?.runAsUser === undefined ? undefined : security.runAsGroup,
    supplementalGroups: supplementalGroups(pod),
    seccomp: securityProfile(security?.seccompProfile),
    runtimeHandler: '',
  };
}

export function namespaceModes(pod: Pod): NamespaceModes {
  const { hostNetwork, hostPID, hostIPC, shareProcessNamespace } = pod.spec ?? {};
  return {
    network: hostNetwork ? 'node' : 'pod',
    pid: hostPID ? 'node' : shareProcessNamespace ? 'pod' : 'container',
    ipc: hostIPC ? 'node' : 'pod',
  };
}

export function supplementalGroups(pod: Pod): number[] {
  const { fsGroup, supplementalGroups: groups = [] } = pod.spec?.securityContext ?? {};
  return fsGroup === undefined ? groups : [fsGroup, ...groups];
}

export function securityProfile(profile: SeccompProfile | undefined): SecurityProfile {
  if (profile?.type === 'RuntimeDefault') return { type: 'runtime-default' };
  if (profile?.type === 'Localhost') return { type: 'localhost', reference: profile.localhostProfile ?? '' };
  return { type: 'unconfined' };
}

export function portMappings(pod: Pod): PortMapping[] {
  if (pod.spec?.hostNetwork) return [];
  const lasting = [...initContainers(pod).filter(isSidecar), ...mainContainers(pod)];
  return lasting.flatMap(({ ports = [] }) =>
    ports
      .filter(({ hostPort }) => hostPort)
      .map(({ containerPort, hostPort, hostIP, protocol }) => ({
        protocol: protocol === 'UDP' || protocol === 'SCTP' ? protocol : ('TCP' as const),
        containerPort,
        hostPort: hostPort ?? 0,
        hostIp: hostIP ?? '',
      })),
  );
}
