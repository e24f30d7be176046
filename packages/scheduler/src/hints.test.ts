import type { Node, Pod } from '@skerry/api';
import { describe, expect, it } from 'vitest';
import { Cluster } from '#cluster.ts';
import type { FilterName } from '#filters/index.ts';
import { Hints } from '#hints.ts';
import { podInfoOf } from '#pod-info.ts';
import type { Waiting } from '#queue.ts';
import { node, pod } from '#testing/objects.ts';

function waitingFor(wanted: Pod, ...rejectedBy: FilterName[]): Waiting {
  const info = podInfoOf(wanted);
  return {
    info,
    queuedAtMs: 0,
    attempts: 1,
    rejectedBy: new Set(rejectedBy),
    failedAtMs: 0,
    backoffUntilMs: 0,
    wasForgotten: false,
  };
}

function setUp(offered: Node, running: Pod[] = []) {
  const cluster = new Cluster();
  const info = cluster.setNode(offered);
  for (const each of running) cluster.placePod(podInfoOf(each), offered.metadata.name!);
  return { hints: new Hints(cluster), info };
}

const gpuPod = pod('p', { requests: { 'nvidia.com/gpu': '1' } });
const gpuNode = (more: object = {}) => node('a', { allocatable: { 'nvidia.com/gpu': '1' }, ...more });

describe('a new or changed node', () => {
  it.each<[string, Node, Waiting, boolean]>([
    ['helps a pod that lacked what it has', gpuNode(), waitingFor(gpuPod, 'NodeResourcesFit'), true],
    ['is no help without it', node('a'), waitingFor(gpuPod, 'NodeResourcesFit'), false],
    [
      'is no help behind a taint',
      gpuNode({ taints: [{ key: 'k', effect: 'NoSchedule' }] }),
      waitingFor(gpuPod, 'NodeResourcesFit'),
      false,
    ],
    ['may help whoever depends on others', node('a'), waitingFor(gpuPod, 'PodTopologySpread'), true],
    ['helps a pod that never met a node', node('a'), waitingFor(pod('p')), true],
  ])('%s', (_, offered, waiting, helps) => {
    const { hints, info } = setUp(offered);
    expect(hints.nodeChanged(info)(waiting)).toBe(helps);
  });
});

describe('room on a node', () => {
  const user = pod('x', { requests: { 'nvidia.com/gpu': '1' } });
  it('helps a pod that fits into it now', () => {
    const { hints, info } = setUp(gpuNode());
    expect(hints.roomMade(info)(waitingFor(gpuPod, 'NodeResourcesFit'))).toBe(true);
  });

  it('is no help while what is lacking is still used', () => {
    const { hints, info } = setUp(gpuNode(), [user]);
    expect(hints.roomMade(info)(waitingFor(gpuPod, 'NodeResourcesFit'))).toBe(false);
  });

  it('concerns the pod that the node was promised to', () => {
    const { hints, info } = setUp(gpuNode(), [user]);
    const promised = { ...gpuPod, status: { nominatedNodeName: 'a' } };
    expect(hints.roomMade(info)(waitingFor(promised, 'NodeResourcesFit'))).toBe(true);
  });
});

it('a neighbour concerns only those who look at neighbours', () => {
  const { hints } = setUp(node('a'));
  expect(hints.neighboursChanged()(waitingFor(gpuPod, 'InterPodAffinity'))).toBe(true);
  expect(hints.neighboursChanged()(waitingFor(gpuPod, 'NodeResourcesFit'))).toBe(false);
  expect(hints.volumesChanged()(waitingFor(gpuPod, 'VolumeBinding'))).toBe(true);
});
