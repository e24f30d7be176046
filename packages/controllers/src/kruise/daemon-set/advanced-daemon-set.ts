/**
 * Advanced DaemonSets: as the built-in ones, with more ways to roll out a new template: canaries by node label, a part of
 * the nodes that keeps the old template, a pause, updates in place, images pulled ahead, and a hook before a pod goes.
 * https://openkruise.io/docs/user-manuals/advanceddaemonset
 */
import { isApiError, labelSelectorFrom } from '@skerry/api';
import type { ControllerRevision, Node, Pod } from '@skerry/api';
import { keyOf, resources } from '@skerry/client';
import { DaemonPods } from '#daemon/daemon-pods.ts';
import { followNodes } from '#daemon/follow-nodes.ts';
import { skipsOfflineNodes } from '#daemon/node-view.ts';
import { syncHistory } from '#runtime/revision-history.ts';
import { DaemonSetLook } from '#kruise/daemon-set/daemon-set-look.ts';
import { InPlaceUpdates } from '#kruise/in-place/in-place-updates.ts';
import type { AdvancedDaemonSet } from '#kruise/kinds/daemon-set.ts';
import type { ImagePullJob } from '#kruise/kinds/image-pull.ts';
import { kruiseResources } from '#kruise/kinds/refs.ts';
import { follow } from '#kruise/kruise-context.ts';
import type { KruiseContext } from '#kruise/kruise-context.ts';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, Requeue } from '#runtime/controller.ts';
import { indexByController } from '#runtime/ownership.ts';
import { SeenVersions } from '#runtime/seen-versions.ts';
import { splitKey } from '#runtime/status.ts';

const ref = kruiseResources.daemonSets;

export function createAdvancedDaemonSetController(context: KruiseContext): Controller {
  const { client, informers, shared, clock, events } = context;
  const daemonSets = informers.informer<AdvancedDaemonSet>(ref);
  const jobs = indexByController(informers.informer<ImagePullJob>(kruiseResources.imagePullJobs));
  const nodes = shared.informer<Node>(resources.nodes);
  const pods = indexByController(shared.informer<Pod>(resources.pods));
  const revisions = indexByController(shared.informer<ControllerRevision>(resources.controllerRevisions));
  const daemonPods = new DaemonPods({ context, ref, nodes, pods });
  const inPlace = new InPlaceUpdates(context);
  const seen = new SeenVersions(clock);
  const parts = { context, daemonSets, jobs, daemonPods, inPlace, seen };
  const queue = createQueue(context);

  const enqueue = (set: AdvancedDaemonSet) => queue.add(keyOf(set));
  daemonSets.addHandler({
    onAdd: enqueue,
    onUpdate: enqueue,
    onDelete: (set) => daemonPods.forget(keyOf(set)),
  });
  follow(
    context,
    nodes,
    followNodes({ sets: () => daemonSets.list(), looksAtReadiness: skipsOfflineNodes, look: enqueue }),
  );
  follow(context, pods, daemonPods.handler(queue));
  follow(context, pods, { onDelete: ({ metadata }) => seen.forget(metadata.uid ?? '') });

  async function reconcile(key: string): Promise<Requeue | undefined> {
    const { namespace, name } = splitKey(key);
    const set = daemonSets.get(namespace, name);
    if (!set?.spec || set.metadata.deletionTimestamp) return undefined;
    if (labelSelectorFrom(set.spec.selector).empty) {
      const message = 'This DaemonSet is selecting all pods. A non-empty selector is required.';
      events.record(set, { type: 'Warning', reason: 'SelectingAll', message });
      return undefined;
    }
    const history = await syncHistory(client, set, { ref, revisions });
    const look = new DaemonSetLook({ ...parts, key, set, history });
    let failure: unknown;
    await look.work().catch((error: unknown) => (failure = error));
    const waitMs = await look.report({ isWhole: failure === undefined && look.isWhole });
    if (failure !== undefined) throw failure;
    return waitMs === undefined ? undefined : { afterMs: Math.max(1, waitMs) };
  }

  return createController({
    name: 'advanced-daemonset-controller',
    context,
    waitFor: [daemonSets, jobs, nodes, pods, revisions],
    queue,
    async reconcile(key) {
      try {
        return await reconcile(key);
      } catch (error) {
        if (isApiError(error, 'NotFound')) return undefined;
        throw error;
      }
    },
  });
}
