import type { Node, Pod } from '@skerry/api';
import { hostPortsConflict, matchesNodeAffinity, toleratesTaints } from '@skerry/api';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Cluster } from '#cluster.ts';
import type { NodeInfo } from '#node-info.ts';
import { podInfoOf } from '#pod-info.ts';
import { preempt } from '#preemption.ts';
import { scheduleOne, withNominated } from '#schedule-one.ts';
import { node, pod } from '#testing/objects.ts';

const zoneKey = 'topology.kubernetes.io/zone';
const apps = fc.constantFrom('web', 'db');

const anyNode = fc
  .record({
    zone: fc.constantFrom('east', 'west', 'north'),
    cpu: fc.constantFrom('1', '2', '4'),
    pods: fc.constantFrom('2', '5'),
    gpu: fc.constantFrom('0', '1'),
    tainted: fc.boolean(),
  })
  .map(
    ({ zone, cpu, pods, gpu, tainted }) =>
      (name: string): Node =>
        node(name, {
          labels: { [zoneKey]: zone },
          taints: tainted ? [{ key: 'k', effect: 'NoSchedule' }] : [],
          allocatable: { cpu, pods, 'nvidia.com/gpu': gpu },
        }),
  );

const anyPod = fc
  .record({
    app: apps,
    cpu: fc.constantFrom('0', '300m', '1', '2'),
    gpu: fc.boolean(),
    port: fc.boolean(),
    tolerates: fc.boolean(),
    zone: fc.option(fc.constantFrom('east', 'west')),
    avoids: fc.option(apps),
    spreads: fc.boolean(),
    priority: fc.integer({ min: 0, max: 3 }),
  })
  .map(
    ({ app, cpu, gpu, port, tolerates, zone, avoids, spreads, priority }) =>
      (name: string): Pod =>
        pod(name, {
          labels: { app },
          priority,
          containers: [
            {
              name: 'c',
              resources: { requests: { cpu, ...(gpu ? { 'nvidia.com/gpu': '1' } : {}) } },
              ports: port ? [{ containerPort: 80, hostPort: 80 }] : [],
            },
          ],
          tolerations: tolerates ? [{ operator: 'Exists' }] : [],
          nodeSelector: zone ? { [zoneKey]: zone } : undefined,
          affinity: avoids
            ? {
                podAntiAffinity: {
                  requiredDuringSchedulingIgnoredDuringExecution: [
                    { labelSelector: { matchLabels: { app: avoids } }, topologyKey: zoneKey },
                  ],
                },
              }
            : undefined,
          topologySpreadConstraints: spreads
            ? [
                {
                  maxSkew: 1,
                  topologyKey: zoneKey,
                  whenUnsatisfiable: 'DoNotSchedule',
                  labelSelector: { matchLabels: { app } },
                },
              ]
            : undefined,
        }),
  );

const nodes = fc
  .array(anyNode, { minLength: 1, maxLength: 5 })
  .map((makers) => makers.map((make, index) => make(`n${index}`)));
const pods = fc
  .array(anyPod, { maxLength: 15 })
  .map((makers) => makers.map((make, index) => make(`p${index}`)));

function expectWithinLimits({ node, pods, allocatable }: NodeInfo): void {
  const infos = [...pods.values()];
  const sum = (amount: (info: (typeof infos)[number]) => number) =>
    infos.reduce((total, info) => total + amount(info), 0);
  expect(infos.length).toBeLessThanOrEqual(allocatable.pods);
  expect(sum((info) => info.requests.milliCpu)).toBeLessThanOrEqual(allocatable.milliCpu);
  expect(sum((info) => info.requests.others.get('nvidia.com/gpu') ?? 0)).toBeLessThanOrEqual(
    allocatable.others.get('nvidia.com/gpu') ?? 0,
  );
  for (const info of infos) {
    expect(matchesNodeAffinity(info.pod.spec!, node)).toBe(true);
    expect(toleratesTaints(info.pod.spec?.tolerations, node.spec?.taints)).toBe(true);
    for (const other of infos)
      if (other !== info)
        expect(info.ports.some((a) => other.ports.some((b) => hostPortsConflict(a, b)))).toBe(false);
  }
}

function expectApart(cluster: Cluster): void {
  const placed = cluster.nodes.flatMap((at) => [...at.pods.values()].map((info) => ({ info, at })));
  for (const { info, at } of placed)
    for (const term of info.affinity.requiredAnti)
      for (const other of placed)
        if (other.info !== info && other.at.labels[zoneKey] === at.labels[zoneKey])
          expect(term.matches(other.info, () => ({}))).toBe(false);
}

describe('whatever comes', () => {
  it('placed pods keep within their nodes’ limits and out of each other’s way', () => {
    fc.assert(
      fc.property(nodes, pods, (someNodes, somePods) => {
        const cluster = new Cluster();
        for (const each of someNodes) cluster.setNode(each);
        for (const each of somePods) {
          const info = podInfoOf(each);
          const decision = scheduleOne(cluster, info);
          if ('node' in decision) cluster.placePod(info, decision.node);
        }
        for (const each of cluster.nodes) expectWithinLimits(each);
        expectApart(cluster);
      }),
    );
  });

  it('victims are all of lower priority, all needed, and enough', () => {
    fc.assert(
      fc.property(nodes, pods, anyPod, (someNodes, somePods, makeWanted) => {
        const cluster = new Cluster();
        for (const each of someNodes) cluster.setNode(each);
        for (const each of somePods) {
          const info = podInfoOf(each);
          const decision = scheduleOne(cluster, info);
          if ('node' in decision) cluster.placePod(info, decision.node);
        }
        const wanted = podInfoOf(makeWanted('wanted'));
        const decision = scheduleOne(cluster, wanted);
        if ('node' in decision) return;
        const before = cluster.nodes.map(({ pods: { size }, usedMilliCpu }) => [size, usedMilliCpu]);
        const result = preempt(cluster, wanted, { diagnosis: decision.diagnosis, random: () => 0 });
        expect(cluster.nodes.map(({ pods: { size }, usedMilliCpu }) => [size, usedMilliCpu])).toEqual(before);
        if (!('victims' in result)) return;
        const target = cluster.node(result.node)!;
        const fitsWithout = (without: readonly (typeof result.victims)[number][]) =>
          cluster.suppose(target, { without }, () => !withNominated(cluster, wanted)(target));
        expect(result.victims.every(({ priority }) => priority < wanted.priority)).toBe(true);
        expect(fitsWithout(result.victims)).toBe(true);
        for (const spared of result.victims)
          expect(fitsWithout(result.victims.filter((victim) => victim !== spared))).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});
