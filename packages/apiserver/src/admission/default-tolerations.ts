/** Pods stay 300 seconds on a node that is not ready or unreachable, unless they say otherwise. */
import type { Pod } from '@skerry/api';
import { type AdmissionPlugin, isAbout, pods } from '#admission/plugin.ts';

const taints = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];
const tolerationSeconds = 300;

export const defaultTolerations: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  mutate(ctx) {
    if ((ctx.operation !== 'CREATE' && ctx.operation !== 'UPDATE') || !isAbout(ctx, pods)) return;
    const { spec } = ctx.object as unknown as Pod;
    if (!spec) return;
    for (const key of taints) {
      const tolerated = spec.tolerations?.some(
        (each) => (!each.key || each.key === key) && (!each.effect || each.effect === 'NoExecute'),
      );
      if (tolerated) continue;
      spec.tolerations = [
        ...(spec.tolerations ?? []),
        { key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds },
      ];
    }
  },
};
