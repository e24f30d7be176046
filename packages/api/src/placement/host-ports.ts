import type { PodSpec } from '../types.generated.ts';

export interface HostPort {
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}

const anyAddress = '0.0.0.0';

/** The ports that a pod takes on its node, those of sidecars included. */
export function hostPorts(spec: PodSpec): HostPort[] {
  const sidecars = (spec.initContainers ?? []).filter((container) => container.restartPolicy === 'Always');
  return [...spec.containers, ...sidecars].flatMap((container) =>
    (container.ports ?? []).flatMap((port) =>
      port.hostPort
        ? [{ ip: port.hostIP || anyAddress, protocol: port.protocol || 'TCP', port: port.hostPort }]
        : [],
    ),
  );
}

/** Two pods can't share a port and protocol on the same address; the wildcard address is every address. */
export function hostPortsConflict(a: HostPort, b: HostPort): boolean {
  if (a.port !== b.port || a.protocol !== b.protocol) return false;
  return a.ip === b.ip || a.ip === anyAddress || b.ip === anyAddress;
}
