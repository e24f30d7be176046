/** Plays the nodes: pods that are bound become Running and Ready, pods that are being deleted go. */
import type { Pod } from '@skerry/api';
import type { Clock } from '@skerry/base';
import { resources } from '@skerry/client';
import type { FakeApiClient } from '@skerry/client/testing';
import { timestamp } from '#runtime/status.ts';

export interface FakeKubeletOptions {
  readonly client: FakeApiClient;
  readonly clock: Clock;
  /** Whether this pod becomes ready; every pod unless given. */
  readonly becomesReady?: (pod: Pod) => boolean;
}

/** Brings every pod one step on; returns whether anything changed. */
export function stepPods({ client, clock, becomesReady = () => true }: FakeKubeletOptions): boolean {
  let changed = false;
  for (const pod of client.all<Pod>(resources.pods)) {
    const at = { namespace: pod.metadata.namespace, name: pod.metadata.name ?? '' };
    if (pod.metadata.deletionTimestamp) {
      client.remove(resources.pods, at);
      changed = true;
    } else if (pod.status?.phase !== 'Running' || (!isReady(pod) && becomesReady(pod))) {
      client.edit<Pod>(resources.pods, at, (edited) => {
        edited.spec = { ...edited.spec, containers: edited.spec?.containers ?? [], nodeName: nodeOf(edited) };
        const status = becomesReady(pod) ? 'True' : 'False';
        edited.status = {
          phase: 'Running',
          conditions: [{ type: 'Ready', status, lastTransitionTime: timestamp(clock.now()) }],
        };
      });
      changed ||= pod.status?.phase !== 'Running' || becomesReady(pod);
    }
  }
  return changed;
}

function isReady(pod: Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

/** A DaemonSet's pod names its node; the rest goes to one node. */
function nodeOf(pod: Pod): string {
  const terms =
    pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return pod.spec?.nodeName ?? terms?.[0]?.matchFields?.[0]?.values?.[0] ?? 'node-1';
}
