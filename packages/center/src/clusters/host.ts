import type { ApiClient } from '@skerry/client';

/** What the center needs of the machine it runs on, to host clusters. `cli/compose` has the real one. */
export interface ClusterHost {
  /** Addresses of this machine, which no cluster's ranges may hold. */
  addresses(): readonly string[];
  /** Ranges that the center's own cluster has by now: its Cluster tells those that it began with. */
  ownRanges(): readonly string[];
  portIsFree(port: number): Promise<boolean>;
  /** Why no cluster of this name can be hosted; undefined when one can. */
  nameFault(name: string): string | undefined;
  /** Folder, keys, certificates and configuration, what is missing of them. */
  prepare(name: string, settings: HostedSettings): Promise<HostedFacts>;
  /** Of a cluster that was prepared, the center's own among them. */
  facts(name: string): Promise<HostedFacts>;
  /** Which hosted clusters' processes should run: all of them, each time. */
  setRunning(names: readonly string[]): void;
  /** Undefined where no process of it is left. */
  state(name: string): HostedState | undefined;
  /** Folder and all, once its processes are gone. */
  remove(name: string): Promise<void>;
  /** A backup of one cluster, into the folder of this name; what was in it goes. */
  unpack(name: string, file: string): Promise<{ podCIDR: string; serviceCIDR: string; made: string }>;
  /** As the administrator of the cluster. The caller closes it. */
  adminClient(name: string): Promise<ApiClient>;
}

export interface HostedSettings {
  readonly podCIDR: string;
  readonly serviceCIDR: string;
  readonly port: number;
  readonly advertise: readonly string[];
}

export interface HostedFacts {
  readonly endpoint: string;
  readonly settings: HostedSettings;
  readonly certificates: readonly { readonly name: string; readonly notAfter: string }[];
}

export interface HostedState {
  readonly state: 'starting' | 'running' | 'failed' | 'stopping';
  readonly why?: string;
  readonly restarts: number;
}
