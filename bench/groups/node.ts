/** The weight of a node's agent. */
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../center.ts';
import type { BenchGroup } from '../group.ts';
import { pssMb } from '../processes.ts';

const podCount = 30;

export const measureNode: BenchGroup = async ({ quick, cluster: shared, note }) => {
  const cluster = await shared.get();
  const agents = () =>
    cluster
      .processes()
      .then((processes) => Object.entries(processes).filter(([name]) => name.startsWith('agent-')));
  const weights = async () => (await agents()).map(([, pid]) => pssMb(pid));
  const fresh = await weights();
  const [first] = await agents();
  const node = first![0].replace(/^agent-/, '');
  const result = await cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(deployment(node)) });
  if (result.code !== 0) throw new Error(result.errors);
  try {
    await until(`${podCount} pods running`, 180_000, async () => {
      const ready = await cluster.kubectlOk(
        'get',
        'deployment',
        'bench',
        '-o',
        'jsonpath={.status.readyReplicas}',
      );
      return Number(ready) === podCount;
    });
    await delay(quick ? 10_000 : 30_000);
    const loaded = pssMb((await agents()).find(([name]) => name === `agent-${node}`)![1]);
    note(
      `agents without pods: ${fresh.map(Math.round).join(' ')} MB; with ${podCount} pods: ${Math.round(loaded)} MB`,
    );
    const kind = shared.real ? '' : ', simulated containers';
    return [
      { name: 'agent memory (PSS), no pods', value: fresh[0]!, unit: 'MB' },
      { name: `agent memory (PSS), ${podCount} pods${kind}`, value: loaded, unit: 'MB', most: 90 },
    ];
  } finally {
    await cluster.kubectl(['delete', 'deployment', 'bench', '--wait=false']);
    await cluster.kubectl(['wait', '--for=delete', 'pod', '-l', 'app=bench', '--timeout=60s'], {
      timeoutMs: 70_000,
    });
  }
};

function deployment(node: string): unknown {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'bench', namespace: 'default' },
    spec: {
      replicas: podCount,
      selector: { matchLabels: { app: 'bench' } },
      template: {
        metadata: { labels: { app: 'bench' } },
        spec: {
          terminationGracePeriodSeconds: 0,
          nodeSelector: { 'kubernetes.io/hostname': node },
          containers: [
            { name: 'pause', image: 'registry.k8s.io/pause:3.10', resources: { requests: { cpu: '1m' } } },
          ],
        },
      },
    },
  };
}
