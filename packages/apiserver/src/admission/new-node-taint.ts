/** A new node takes no pods until the node lifecycle controller has seen that it is ready. */
import type { Node } from '@skerry/api';
import { type AdmissionPlugin, isAbout, nodes } from '#admission/plugin.ts';

const notReady = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };

export const newNodeTaint: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  mutate(ctx) {
    if (ctx.operation !== 'CREATE' || !isAbout(ctx, nodes)) return;
    const node = ctx.object as unknown as Node;
    const taints = node.spec?.taints ?? [];
    if (taints.some(({ key, effect }) => key === notReady.key && effect === notReady.effect)) return;
    node.spec = { ...node.spec, taints: [...taints, { ...notReady }] };
  },
};
