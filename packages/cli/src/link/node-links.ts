/** `nodelinks` of the API, as commands read them. */
import type { KubeObject } from '@skerry/api';
import type { ApiClient, ResourceRef } from '@skerry/client';
import { linkPurposes } from '@skerry/link';

export interface LinkBytesStatus {
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/** `sent` is from the center to the node. */
export interface NodeLink extends KubeObject {
  readonly status: {
    readonly state: 'Linked' | 'Cut' | 'Drill';
    readonly since: string;
    readonly roundTripMs?: number;
    readonly reconnects: number;
    readonly countingSince: string;
    readonly purposes: Readonly<Record<string, LinkBytesStatus>>;
    readonly today: LinkBytesStatus;
  };
}

export const nodeLinks: ResourceRef = {
  group: 'link.skerry.io',
  version: 'v1alpha1',
  kind: 'NodeLink',
  resource: 'nodelinks',
  namespaced: false,
};

export const poolLabel = 'apps.openyurt.io/nodepool';
export const regionLabel = 'topology.kubernetes.io/region';
/** `true` on nodes that run no processes. */
export const simulatedLabel = 'skerry.io/simulated';

export async function listNodeLinks(client: ApiClient, labelSelector?: string): Promise<NodeLink[]> {
  const { items } = await client
    .resource<NodeLink>(nodeLinks)
    .list(labelSelector === undefined ? {} : { labelSelector });
  return items;
}

export interface LinkRate {
  readonly upBytesPerSecond: number;
  readonly downBytesPerSecond: number;
}

/** One row of `skerry link top`. Up is from the node to the center. */
export interface LinkRow extends LinkRate {
  readonly node: string;
  readonly pool: string;
  readonly region: string;
  readonly state: NodeLink['status']['state'];
  readonly since: string;
  readonly roundTripMs: number | undefined;
  readonly reconnects: number;
  readonly purposes: Readonly<Record<string, LinkRate>>;
  readonly today: { readonly upBytes: number; readonly downBytes: number };
}

/** What each link did between two looks. A node of which only the later look tells has done nothing yet. */
export function linkRows(
  before: readonly NodeLink[],
  after: readonly NodeLink[],
  seconds: number,
): LinkRow[] {
  const earlier = new Map(before.map((link) => [link.metadata?.name, link.status]));
  return after
    .map(({ metadata, status }) => {
      const { labels = {} } = metadata ?? {};
      const was = earlier.get(metadata?.name) ?? status;
      // A center that was started anew counts anew.
      const start = was.countingSince === status.countingSince ? was : undefined;
      const rate = (purpose: string): LinkRate => ({
        upBytesPerSecond: difference(status, start, purpose, 'receivedBytes') / seconds,
        downBytesPerSecond: difference(status, start, purpose, 'sentBytes') / seconds,
      });
      const purposes = Object.fromEntries(linkPurposes.map((purpose) => [purpose, rate(purpose)]));
      const rates = Object.values(purposes);
      return {
        node: metadata?.name ?? '',
        pool: labels[poolLabel] ?? '',
        region: labels[regionLabel] ?? '',
        state: status.state,
        since: status.since,
        roundTripMs: status.roundTripMs,
        reconnects: status.reconnects,
        upBytesPerSecond: rates.reduce((sum, { upBytesPerSecond }) => sum + upBytesPerSecond, 0),
        downBytesPerSecond: rates.reduce((sum, { downBytesPerSecond }) => sum + downBytesPerSecond, 0),
        purposes,
        today: { upBytes: status.today.receivedBytes, downBytes: status.today.sentBytes },
      };
    })
    .sort((a, b) => total(b) - total(a) || (a.node < b.node ? -1 : 1));
}

function difference(
  after: NodeLink['status'],
  before: NodeLink['status'] | undefined,
  purpose: string,
  direction: keyof LinkBytesStatus,
): number {
  const now = after.purposes[purpose]?.[direction] ?? 0;
  return Math.max(now - (before?.purposes[purpose]?.[direction] ?? 0), 0);
}

function total({ upBytesPerSecond, downBytesPerSecond }: LinkRate): number {
  return upBytesPerSecond + downBytesPerSecond;
}
