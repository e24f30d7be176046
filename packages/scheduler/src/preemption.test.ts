import type { Node, Pod, PodDisruptionBudget } from '@skerry/api';
import { describe, expect, it } from 'vitest';
import { Cluster } from '#cluster.ts';
import { podInfoOf } from '#pod-info.ts';
import { preempt } from '#preemption.ts';
import { scheduleOne } from '#schedule-one.ts';
import { node, pod } from '#testing/objects.ts';

function tryPreempt(nodes: Node[], running: Pod[], wanted: Pod, budgets: PodDisruptionBudget[] = []): string {
  const cluster = new Cluster({ disruptionBudgets: () => budgets });
  for (const each of nodes) cluster.setNode(each);
  for (const each of running) cluster.placePod(podInfoOf(each), each.spec!.nodeName!);
  const decision = scheduleOne(cluster, podInfoOf(wanted));
  if ('node' in decision) return `fits on ${decision.node}`;
  const result = preempt(cluster, podInfoOf(wanted), { diagnosis: decision.diagnosis, random: () => 0 });
  if ('unhelpful' in result) return result.unhelpful;
  return `${result.node}: ${result.victims.map(({ pod: { metadata } }) => metadata.name).join(' ')}`;
}

const small = (name: string) => node(name, { allocatable: { cpu: '2' } });
const using = (name: string, on: string, priority: number, cpu = '1', more: object = {}) =>
  pod(name, { nodeName: on, priority, requests: { cpu }, ...more });
const wants = (cpu: string, priority = 100, more: object = {}) =>
  pod('vip', { priority, requests: { cpu }, ...more });

describe('preemption', () => {
  it.each<[string, Node[], Pod[], Pod, string]>([
    ['takes the least important', [small('a')], [using('x', 'a', 5), using('y', 'a', 1)], wants('1'), 'a: y'],
    [
      'takes as few as it needs',
      [small('a')],
      [using('x', 'a', 1), using('y', 'a', 1)],
      wants('2'),
      'a: x y',
    ],
    [
      'prefers the node with the less important victim',
      [small('a'), small('b')],
      [using('x', 'a', 5, '2'), using('y', 'b', 3, '2')],
      wants('1'),
      'b: y',
    ],
    [
      'prefers fewer victims',
      [small('a'), small('b')],
      [using('x', 'a', 1), using('y', 'a', 1), using('z', 'b', 1, '2')],
      wants('2'),
      'b: z',
    ],
    [
      'prefers victims that started last',
      [small('a'), small('b')],
      [
        using('old', 'a', 1, '2', { startTime: '2026-01-01T00:00:00Z' }),
        using('young', 'b', 1, '2', { startTime: '2026-01-02T00:00:00Z' }),
      ],
      wants('2'),
      'b: young',
    ],
    [
      'spares equals',
      [small('a')],
      [using('x', 'a', 100, '2')],
      wants('1'),
      'preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.',
    ],
    [
      'is no help where the node is too small or forbidden',
      [small('a'), node('b', { unschedulable: true })],
      [using('x', 'a', 1)],
      wants('3'),
      'preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.',
    ],
    [
      'says what still lacks without all victims',
      [small('a')],
      [using('x', 'a', 1), using('y', 'a', 200)],
      wants('2'),
      'preemption: 0/1 nodes are available: 1 Insufficient cpu.',
    ],
    [
      'is declined by policy',
      [small('a')],
      [using('x', 'a', 1, '2')],
      wants('1', 100, { preemptionPolicy: 'Never' }),
      'preemption: not eligible due to preemptionPolicy=Never.',
    ],
    [
      'clears a port',
      [small('a')],
      [
        pod('x', { nodeName: 'a', containers: [{ name: 'c', ports: [{ containerPort: 1, hostPort: 80 }] }] }),
        using('y', 'a', 0),
      ],
      pod('vip', { priority: 1, containers: [{ name: 'c', ports: [{ containerPort: 1, hostPort: 80 }] }] }),
      'a: x',
    ],
  ])('%s', (_, nodes, running, wanted, result) => {
    expect(tryPreempt(nodes, running, wanted)).toBe(result);
  });

  it('respects a disruption budget while there is another way', () => {
    const budget: PodDisruptionBudget = {
      metadata: { name: 'b' },
      spec: { selector: { matchLabels: { app: 'web' } } },
      status: { disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 },
    };
    const web = { labels: { app: 'web' } };
    expect(
      tryPreempt(
        [small('a'), small('b')],
        [using('x', 'a', 1, '2', web), using('y', 'b', 50, '2')],
        wants('1'),
        [budget],
      ),
    ).toBe('b: y');
    expect(tryPreempt([small('a')], [using('x', 'a', 1, '2', web)], wants('1'), [budget])).toBe('a: x');
  });

  it('waits while a victim on the promised node ends', () => {
    const victim = using('x', 'a', 1, '2');
    victim.metadata.deletionTimestamp = '2026-01-01T00:00:00Z';
    victim.status = {
      conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' }],
    };
    const wanted = wants('1');
    wanted.status = { nominatedNodeName: 'a' };
    expect(tryPreempt([small('a')], [victim], wanted)).toBe(
      'preemption: not eligible due to a terminating pod on the nominated node.',
    );
  });
});
