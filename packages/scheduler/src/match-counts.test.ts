import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Cluster } from '#cluster.ts';
import type { PodInfo } from '#pod-info.ts';
import { podInfoOf } from '#pod-info.ts';
import { node, pod } from '#testing/objects.ts';

const nodeNames = ['a', 'b', 'c'];
const isWeb = ({ labels }: PodInfo) => labels['app'] === 'web';

describe('remembered counts', () => {
  it('equal a fresh count after any changes', () => {
    const change = fc.record({
      name: fc.constantFrom('p', 'q', 'r', 's'),
      on: fc.option(fc.constantFrom(...nodeNames)),
      app: fc.constantFrom('web', 'db'),
      loseNode: fc.option(fc.constantFrom(...nodeNames), { freq: 8 }),
    });
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        const cluster = new Cluster();
        for (const name of nodeNames) cluster.setNode(node(name));
        cluster.countPods('web', isWeb);
        for (const { name, on, app, loseNode } of changes) {
          if (loseNode) {
            cluster.removeNode(loseNode);
            cluster.setNode(node(loseNode));
          }
          if (on) cluster.placePod(podInfoOf(pod(name, { labels: { app } })), on);
          else cluster.removePod(`default/${name}`);
        }
        const remembered = new Map(cluster.countPods('web', isWeb));
        expect(remembered).toEqual(new Map(cluster.countPods('asked for the first time', isWeb)));
      }),
    );
  });

  it('are forgotten when many others were asked for', () => {
    const cluster = new Cluster();
    cluster.setNode(node('a'));
    let asked = 0;
    const matches = () => asked++ >= 0;
    cluster.placePod(podInfoOf(pod('p')), 'a');
    cluster.countPods('first', matches);
    cluster.countPods('first', matches);
    expect(asked).toBe(1);
    for (let i = 0; i < 64; i++) cluster.countPods(`other ${i}`, () => false);
    cluster.countPods('first', matches);
    expect(asked).toBe(2);
  });
});
