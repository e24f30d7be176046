/**
 * What a node notices while somebody else floods the server with ten times the requests that it can carry: how long the
 * renewal of its Lease takes, which decides whether it counts as alive.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { ApiSession } from '../api-session.ts';
import { quantile } from '../figure.ts';
import type { LoadFigure } from '../peer.ts';
import type { BenchTarget } from '../target.ts';

/** In flight at once: ten times what keeps the server busy. */
const floodWidth = 640;
const renewals = 200;
const renewEveryMs = 50;

/** Needs the Lease `node-0` in kube-node-lease and pods in namespace default. */
export async function measureFlood(target: BenchTarget, admin: ApiSession): Promise<LoadFigure[]> {
  await admin.ok('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', readersBinding);
  const flooder = await ApiSession.open(target, 8, { user: 'flooder', group: 'flooders' });
  const node = await ApiSession.open(target, 1, { user: 'system:node:node-0', group: 'system:nodes' });
  try {
    const quiet = await renew(node);
    const flood = startFlood(flooder);
    await delay(2000);
    const flooded = await renew(node);
    const { refused } = await flood.stop();
    return [
      { name: 'Lease renewal of a node, alone, p99', value: quiet, unit: 'ms', smallerIsBetter: true },
      {
        name: `Lease renewal of a node while ${floodWidth} requests of another user are in flight, p99`,
        value: flooded,
        unit: 'ms',
        smallerIsBetter: true,
      },
      { name: 'requests of the flood that were told to come back', value: refused * 100, unit: '%' },
    ];
  } finally {
    flooder.close();
    node.close();
  }
}

const readersBinding = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: 'bench-flooders' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
  subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'flooders' }],
};

/** The 99th percentile of the renewals' latencies, in milliseconds. */
async function renew(node: ApiSession): Promise<number> {
  const latencies: number[] = [];
  for (let index = 0; index < renewals; index++) {
    const sentMs = performance.now();
    await node.ok(
      'PATCH',
      '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/node-0',
      { spec: { renewTime: new Date().toISOString().replace('Z', '000Z') } },
      'application/merge-patch+json',
    );
    const tookMs = performance.now() - sentMs;
    latencies.push(tookMs);
    await delay(Math.max(0, renewEveryMs - tookMs));
  }
  return quantile(latencies, 0.99);
}

/** Lists by label, which cost the server much and the client little, as fast as they are answered, until stopped. */
function startFlood(flooder: ApiSession): { stop(): Promise<{ refused: number }> } {
  const stopping = new AbortController();
  let answered = 0;
  let refused = 0;
  const workers = Array.from({ length: floodWidth }, async (_, index) => {
    for (let round = 0; !stopping.signal.aborted; round++) {
      const path = `/api/v1/namespaces/default/pods?labelSelector=team%3Dteam-${(index + round) % 50}`;
      const { status } = await flooder.request('GET', path).catch(() => ({ status: 0 }));
      answered++;
      if (status === 429) refused++;
    }
  });
  return {
    async stop() {
      stopping.abort();
      await Promise.all(workers);
      return { refused: refused / Math.max(answered, 1) };
    },
  };
}
