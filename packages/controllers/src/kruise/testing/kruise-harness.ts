import type { Node } from '@skerry/api';
import { resources } from '@skerry/client';
import { parseFeatureGates } from '#kruise/feature-gates.ts';
import type { KruiseContext } from '#kruise/kruise-context.ts';
import { createHarness } from '#testing/harness.ts';

/** The harness of all controllers, with what those of OpenKruise are given beyond it. */
export function createKruiseHarness({ featureGates = '' } = {}) {
  const harness = createHarness();
  const kruise: KruiseContext = {
    ...harness.context,
    shared: harness.context.informers,
    gates: parseFeatureGates(featureGates),
    webhookAddress: '127.0.0.1',
    signal: new AbortController().signal,
  };
  return {
    ...harness,
    kruise,
    addNode(
      name: string,
      { labels = {}, ready = true }: { labels?: Record<string, string>; ready?: boolean } = {},
    ) {
      harness.client.seed<Node>(resources.nodes, {
        metadata: { name, labels },
        status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'Unknown' }] },
      });
    },
    setNodeReady(name: string, ready: boolean) {
      harness.client.edit<Node>(resources.nodes, { name }, (node) => {
        node.status = { conditions: [{ type: 'Ready', status: ready ? 'True' : 'Unknown' }] };
      });
    },
  };
}

export type KruiseHarness = ReturnType<typeof createKruiseHarness>;
