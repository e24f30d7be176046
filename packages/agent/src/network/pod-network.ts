/** What the agent is told of the pods' network, by whom it is planned. */
import type { PodNetwork } from '#network/cni-config.ts';

export type PodNetworkPlan =
  /** Ours; to the ranges pods go under their own address. */
  | { readonly kind: 'own'; readonly mtu: number | undefined; readonly unmasqueraded: readonly string[] }
  /** That of a CNI plugin which users brought along: nothing of ours is written. */
  | { readonly kind: 'external' }
  /** None: only pods of the host's network run, and others are told why. */
  | { readonly kind: 'host'; readonly why: string }
  /** None, by a fault that somebody has to mend: the node is not Ready. What is there stays. */
  | { readonly kind: 'unusable'; readonly why: string }
  /** Not said yet: what is there stays. */
  | { readonly kind: 'unknown' };

export interface NodePodNetwork extends Omit<PodNetwork, 'podCidr' | 'mtu'> {
  /** Where the runtime reads it. */
  readonly configFile: string;
  /** False where the kernel speaks no IPv6: pods then have addresses of IPv4 alone. True unless given. */
  readonly hasIpv6?: boolean;
  /** Asked again at every look; ours unless given. */
  readonly plan?: () => PodNetworkPlan;
}

export const ownNetwork: PodNetworkPlan = { kind: 'own', mtu: undefined, unmasqueraded: [] };
