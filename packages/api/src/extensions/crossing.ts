/**
 * Crossings of `network.skerry.io`: each lets the pods of two pools reach each other. Without one, pools are apart.
 */
import type { ObjectMeta } from '#object.ts';

export interface Crossing {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
  spec: {
    /** Two. */
    pools: string[];
    /** How many machines of each pool pass packets on; 2 unless given. */
    gatewaysPerPool?: number;
    /** Labels of the machines that may; all of a pool unless given. */
    gatewaySelector?: { matchLabels?: Record<string, string> };
  };
  status?: CrossingStatus;
}

export interface CrossingStatus {
  /** Elected, those that were before first. */
  gateways?: { pool: string; nodes: string[] }[];
  conditions?: {
    type: string;
    status: string;
    reason?: string;
    message?: string;
    lastTransitionTime?: string;
  }[];
}
