/**
 * PoolPolicies of `network.skerry.io`: what the machines of one pool have to know to enforce one NetworkPolicy. The center
 * derives them; each machine reads those of its pool. Labels of pods and namespaces of the whole cluster would be needed to
 * do it on the machine; here are the addresses they come to, and only of pods that can be reached from the pool.
 *
 * Machines apply selectors to their own pods themselves: those are known there first, and also while cut off.
 */
import type { ObjectMeta } from '#object.ts';
import type { IPBlock, LabelSelector } from '#types.generated.ts';

export interface PoolPolicy {
  apiVersion?: string;
  kind?: string;
  /** In the namespace of its NetworkPolicy, which owns it. */
  metadata: ObjectMeta;
  spec: PoolPolicySpec;
}

export interface PoolPolicySpec {
  /** Name of the NetworkPolicy. */
  policy: string;
  /** Of pods of its namespace. */
  podSelector: LabelSelector;
  /** Absent: the policy has no say about this direction. Without a rule nothing is allowed. */
  ingress?: PoolPolicyRule[];
  egress?: PoolPolicyRule[];
}

/** What fits one of the ports and one of the peers is allowed. */
export interface PoolPolicyRule {
  /** Absent: all. */
  ports?: PoolPolicyPort[];
  /** Absent: anyone. */
  peers?: PoolPolicyPeers;
}

export interface PoolPolicyPort {
  protocol: 'TCP' | 'UDP' | 'SCTP';
  /** Absent: all of the protocol. */
  port?: number;
  endPort?: number;
  /** Of a port of the selected pod, each of which may have another number for it; only of ingress. */
  name?: string;
}

export interface PoolPolicyPeers {
  addresses?: string[];
  blocks?: IPBlock[];
  /** What the addresses come from, for a machine's own pods. */
  selectors?: { /** Absent: all. */ namespaces?: string[]; podSelector: LabelSelector }[];
}
