/**
 * BroadcastJobs: a pod that runs to its end, once on every node that it may run on. With completion policy Never it stays
 * for nodes that come later.
 * https://openkruise.io/docs/user-manuals/broadcastjob
 */
import { isApiError } from '@skerry/api';
import type { Node, Pod } from '@skerry/api';
import { keyOf, resources } from '@skerry/client';
import { boundTo } from '#daemon/daemon-pod.ts';
import { groupPods, jobNodes } from '#kruise/broadcast-job/job-nodes.ts';
import type { PodGroups } from '#kruise/broadcast-job/job-nodes.ts';
import { broadcastJobNameLabel, broadcastJobUidLabel } from '#kruise/kinds/broadcast-job.ts';
import type { BroadcastJob, BroadcastJobStatus } from '#kruise/kinds/broadcast-job.ts';
import { kruiseResources } from '#kruise/kinds/refs.ts';
import { follow } from '#kruise/kruise-context.ts';
import type { KruiseContext } from '#kruise/kruise-context.ts';
import { slowStart } from '#runtime/batch.ts';
import { isSame } from '#runtime/canonical.ts';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, Requeue } from '#runtime/controller.ts';
import { Expectations } from '#runtime/expectations.ts';
import { controllerOf, indexByController } from '#runtime/ownership.ts';
import { PodControl, podFromTemplate } from '#runtime/pod-control.ts';
import { isActive, resolveIntOrPercent } from '#runtime/pods.ts';
import { splitKey, timestamp, writeStatus } from '#runtime/status.ts';

const ref = kruiseResources.broadcastJobs;
/** The most pods that one look makes. */
const burst = 500;

type Verdict =
  | { readonly type: 'running' }
  | { readonly type: 'paused'; readonly byFailure: boolean }
  | { readonly type: 'failed'; readonly reason: string; readonly message: string }
  | { readonly type: 'completed' };

export function createBroadcastJobController(context: KruiseContext): Controller {
  const { client, informers, shared, clock, events } = context;
  const jobs = informers.informer<BroadcastJob>(ref);
  const nodes = shared.informer<Node>(resources.nodes);
  const pods = indexByController(shared.informer<Pod>(resources.pods));
  const expectations = new Expectations(clock);
  const podControl = new PodControl(context);
  const queue = createQueue(context);

  const enqueue = (job: BroadcastJob) => queue.add(keyOf(job));
  jobs.addHandler({ onAdd: enqueue, onUpdate: enqueue, onDelete: (job) => expectations.forget(keyOf(job)) });
  const enqueueOpen = () => {
    for (const job of jobs.list()) if (!isFinal(job)) enqueue(job);
  };
  follow<Node>(context, nodes, {
    onAdd: enqueueOpen,
    onDelete: enqueueOpen,
    onUpdate(node, old) {
      const isPlacementSame =
        isSame(node.metadata.labels, old.metadata.labels) &&
        isSame(node.spec, old.spec) &&
        isSame(node.status?.allocatable, old.status?.allocatable);
      if (!isPlacementSame) enqueueOpen();
    },
  });
  const look = (pod: Pod, note: (key: string) => void) => {
    const owner = controllerOf(pod);
    if (owner?.kind !== ref.kind) return;
    const key = `${pod.metadata.namespace}/${owner.name}`;
    note(key);
    queue.add(key);
  };
  const noteLeaving = (pod: Pod) => (key: string) => {
    expectations.deletionObserved(key, pod.metadata.uid ?? '');
  };
  follow<Pod>(context, pods, {
    onAdd: (pod) => look(pod, (key) => expectations.creationObserved(key)),
    onUpdate: (pod) => look(pod, pod.metadata.deletionTimestamp ? noteLeaving(pod) : () => undefined),
    onDelete: (pod) => look(pod, noteLeaving(pod)),
  });

  async function reconcile(key: string): Promise<Requeue | undefined> {
    const { namespace, name } = splitKey(key);
    const job = jobs.get(namespace, name);
    if (!job?.spec || job.metadata.deletionTimestamp) return undefined;
    if (isFinal(job)) return forgetLater(job);
    if (!expectations.satisfied(key)) return undefined;
    const nowMs = clock.now();
    const owned = pods.byIndex('controller', job.metadata.uid ?? '');
    const groups = groupPods(owned, job.spec.failurePolicy?.restartLimit ?? 0);
    const { desired, misplaced } = jobNodes(job.spec.template, nodes.list(), owned);
    const startTime = job.status?.startTime ?? timestamp(nowMs);
    const verdict = verdictOf(job, { groups, desired, startTime, nowMs });
    const status: BroadcastJobStatus = {
      ...job.status,
      startTime,
      active: groups.active.length,
      succeeded: groups.succeeded.length,
      failed: groups.failed.length,
      desired: desired.size,
      phase: verdict.type,
    };
    if (verdict.type === 'failed') await remove(key, job, groups.active);
    if (verdict.type === 'running') {
      await remove(key, job, misplaced);
      const free = [...desired].flatMap(([node, pod]) => (pod ? [] : [node]));
      await make(key, job, { free, active: groups.active.length, desired: desired.size });
    }
    end(job, status, verdict, nowMs);
    await writeStatus<BroadcastJob>(client, ref, job, status);
    return untilDeadline(job, startTime, nowMs);
  }

  /** Says what has changed, and closes the status of a job that has ended. */
  function end(job: BroadcastJob, status: BroadcastJobStatus, verdict: Verdict, nowMs: number): void {
    const before = job.status?.phase;
    const { succeeded = 0, failed = 0 } = status;
    const counts = `${succeeded} pods succeeded, ${failed} pods failed`;
    if (verdict.type === 'running' && before === 'paused') {
      events.record(job, { type: 'Normal', reason: 'Continue', message: 'continue to process job' });
    }
    if (verdict.type === 'paused' && verdict.byFailure && before !== 'paused') {
      events.record(job, { type: 'Warning', reason: 'Paused', message: 'job is paused, due to failed pod' });
    }
    if (verdict.type === 'failed') {
      close(status, { type: 'Failed', message: verdict.message }, nowMs);
      const message = `${verdict.message}: ${counts}`;
      events.record(job, { type: 'Warning', reason: verdict.reason, message });
    }
    if (verdict.type === 'completed') {
      close(status, { type: 'Complete', message: `Job completed, ${counts}` }, nowMs);
      const { namespace, name } = job.metadata;
      const message = `Job ${namespace}/${name} is completed, ${counts}`;
      events.record(job, { type: 'Normal', reason: 'JobComplete', message });
    }
  }

  async function make(
    key: string,
    job: BroadcastJob,
    { free, active, desired }: { free: readonly string[]; active: number; desired: number },
  ): Promise<void> {
    const parallelism = job.spec?.parallelism ?? burst;
    const most = resolveIntOrPercent(parallelism, { total: desired, round: 'up' });
    const chosen = free.slice(0, Math.max(0, Math.min(most - active, burst)));
    if (chosen.length === 0) return;
    expectations.expectCreations(key, chosen.length);
    let attempted = 0;
    const { error } = await slowStart(chosen.length, async (index) => {
      attempted++;
      try {
        await podControl.create(podFor(job, chosen[index] ?? ''), job);
      } catch (caught) {
        expectations.creationObserved(key);
        throw caught;
      }
    });
    for (let skipped = attempted; skipped < chosen.length; skipped++) expectations.creationObserved(key);
    if (error !== undefined) throw error;
  }

  async function remove(key: string, job: BroadcastJob, victims: readonly Pod[]): Promise<void> {
    expectations.expectDeletions(
      key,
      victims.map(({ metadata }) => metadata.uid ?? ''),
    );
    const results = await Promise.allSettled(
      victims.map(async (pod) => {
        try {
          await podControl.delete(pod, job);
        } catch (error) {
          expectations.deletionObserved(key, pod.metadata.uid ?? '');
          throw error;
        }
      }),
    );
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  }

  async function forgetLater(job: BroadcastJob): Promise<Requeue | undefined> {
    const { ttlSecondsAfterFinished } = job.spec?.completionPolicy ?? {};
    if (ttlSecondsAfterFinished === undefined || !job.status?.completionTime) return undefined;
    const leftMs = Date.parse(job.status.completionTime) + ttlSecondsAfterFinished * 1000 - clock.now();
    if (leftMs > 0) return { afterMs: leftMs };
    const { name = '', namespace, uid } = job.metadata;
    await client.resource(ref).delete(name, { namespace, preconditions: { uid } });
    return undefined;
  }

  return createController({
    name: 'broadcastjob-controller',
    context,
    waitFor: [jobs, nodes, pods],
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

function isFinal({ status }: BroadcastJob): boolean {
  return status?.phase === 'failed' || status?.phase === 'completed';
}

function verdictOf(
  { metadata, spec }: BroadcastJob,
  facts: {
    readonly groups: PodGroups;
    readonly desired: ReadonlyMap<string, Pod | undefined>;
    readonly startTime: string;
    readonly nowMs: number;
  },
): Verdict {
  const { groups, desired, startTime, nowMs } = facts;
  const { type: policy = 'FailFast' } = spec?.failurePolicy ?? {};
  const { type = 'Always', activeDeadlineSeconds } = spec?.completionPolicy ?? {};
  if (spec?.paused) return { type: 'paused', byFailure: false };
  if (groups.failed.length > 0 && policy === 'Pause') return { type: 'paused', byFailure: true };
  if (groups.failed.length > 0 && policy === 'FailFast') {
    const message = 'failure policy is FailurePolicyTypeFailFast and failed pod is found';
    return { type: 'failed', reason: 'failed pod is found', message };
  }
  if (type === 'Never') return { type: 'running' };
  const isOver =
    activeDeadlineSeconds !== undefined && nowMs >= Date.parse(startTime) + activeDeadlineSeconds * 1000;
  if (isOver) {
    const message = `Job ${metadata.namespace}/${metadata.name} was active longer than specified deadline`;
    return { type: 'failed', reason: 'DeadlineExceeded', message };
  }
  const isDone = desired.size > 0 && [...desired.values()].every((pod) => pod && !isActive(pod));
  return { type: isDone ? 'completed' : 'running' };
}

function close(
  status: BroadcastJobStatus,
  { type, message }: { readonly type: 'Complete' | 'Failed'; readonly message: string },
  nowMs: number,
): void {
  const now = timestamp(nowMs);
  const condition = {
    type,
    status: 'True',
    reason: type,
    message,
    lastProbeTime: now,
    lastTransitionTime: now,
  };
  status.conditions = [...(status.conditions ?? []).filter((other) => other.type !== type), condition];
  status.completionTime = now;
}

function untilDeadline({ spec }: BroadcastJob, startTime: string, nowMs: number): Requeue | undefined {
  const { type, activeDeadlineSeconds } = spec?.completionPolicy ?? {};
  if (type === 'Never' || activeDeadlineSeconds === undefined) return undefined;
  const leftMs = Date.parse(startTime) + activeDeadlineSeconds * 1000 - nowMs;
  return leftMs > 0 ? { afterMs: leftMs } : undefined;
}

function podFor(job: BroadcastJob, node: string): Pod {
  const pod = podFromTemplate(job.spec?.template ?? {}, job, ref);
  pod.metadata.labels = {
    ...pod.metadata.labels,
    [broadcastJobNameLabel]: job.metadata.name ?? '',
    [broadcastJobUidLabel]: job.metadata.uid ?? '',
  };
  if (pod.spec) pod.spec = boundTo(pod.spec, node);
  return pod;
}
