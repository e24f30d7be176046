/** Ports of the node that lead to a pod's sandbox, as the packet filter is told of them. */
import type { Pod } from '@skerry/api';
import type { HostPort } from '#network/pod-rules.ts';
import { portMappings } from '#pods/sandbox-config.ts';
import type { SandboxStatus } from '#runtime.ts';

/** None without a sandbox that is ready. */
export function hostPortsOf(pod: Pod, sandbox: SandboxStatus | undefined): HostPort[] {
  if (!sandbox?.ready) return [];
  return portMappings(pod).flatMap(({ protocol, containerPort, hostPort, hostIp }) => {
    const anywhere = hostIp === '' || hostIp === '0.0.0.0' || hostIp === '::';
    const fitting = sandbox.addresses.filter(
      (address) => anywhere || address.includes(':') === hostIp.includes(':'),
    );
    return fitting.map((podAddress) => ({
      protocol: protocol.toLowerCase() as HostPort['protocol'],
      hostPort,
      ...(anywhere ? {} : { hostAddress: hostIp }),
      podAddress,
      podPort: containerPort,
    }));
  });
}
