import { ApiError, badRequest, forbidden, isApiError, labelSelectorFrom, type AnyObject } from '@skerry/api';
import {
  checkPreconditions,
  deleteObject,
  parseDeleteRequest,
  type DeleteRequest,
} from '#registry/delete.ts';
import type { KindTable, Served } from '#registry/kind-table.ts';
import { metadataOf, type Registry, type Target } from '#registry/registry.ts';
import { updateObject } from '#registry/update.ts';
import type { WriteOptions } from '#registry/write-options.ts';

interface Budget extends AnyObject {
  spec?: { selector?: Parameters<typeof labelSelectorFrom>[0]; unhealthyPodEvictionPolicy?: string };
  status?: BudgetStatus;
}

interface BudgetStatus {
  observedGeneration?: number;
  disruptionsAllowed?: number;
  currentHealthy?: number;
  desiredHealthy?: number;
  disruptedPods?: Record<string, string>;
  conditions?: {
    type: string;
    status: string;
    observedGeneration?: number;
    lastTransitionTime?: string;
    reason?: string;
    message?: string;
  }[];
}

const allowedCondition = 'DisruptionAllowed';

interface Pod extends AnyObject {
  status?: { phase?: string; conditions?: { type: string; status: string; [field: string]: unknown }[] };
}

/** Disruptions that a budget may have in flight before its controller has seen them. */
const disruptedPodsMax = 2000;
const retryAfterSeconds = 10;

/**
 * Deletes a pod if the budgets that cover it have room. The room is taken from the budget's status before the pod goes,
 * in one optimistic write, so two evictions can't use the same room.
 * Rules: https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/
 */
export async function evictPod(
  registry: Registry,
  { kinds, served }: { kinds: KindTable; served: Served },
  target: Target,
  eviction: AnyObject,
  write: WriteOptions,
): Promise<void> {
  const { name } = metadataOf(eviction);
  if (name !== target.name) {
    throw badRequest('name in URL does not match name in Eviction object');
  }
  const given = (eviction.deleteOptions ?? {}) as Record<string, unknown>;
  const request = parseDeleteRequest(given, new URLSearchParams());
  const dryRun = write.dryRun || (given['dryRun'] as unknown[] | undefined)?.includes('All') === true;
  const writing = { ...write, dryRun };
  const pod = (await registry.get(served, target)).object as Pod;
  if (!needsNoBudget(pod)) {
    const budget = budgetOf(kinds, target.namespace, pod);
    if (budget) await take(registry, kinds, budget, pod, writing);
  }
  const preconditions = dryRun
    ? request.preconditions
    : await tellWhy(registry, served, target, request.preconditions, writing);
  await deleteObject(registry, served, target, { ...request, preconditions }, writing);
}

/** The pod says that it goes by eviction before it goes. Returns the preconditions as they are after that write. */
async function tellWhy(
  registry: Registry,
  served: Served,
  target: Target,
  preconditions: DeleteRequest['preconditions'],
  write: WriteOptions,
): Promise<DeleteRequest['preconditions']> {
  const told = await updateObject(
    registry,
    served,
    target,
    {
      part: 'raw',
      keepsGeneration: true,
      transform(current) {
        checkPreconditions(served, target, { object: current }, { preconditions });
        const pod = current as Pod;
        delete metadataOf(pod).resourceVersion;
        const status = (pod.status ??= {});
        const conditions = status.conditions?.filter(({ type }) => type !== 'DisruptionTarget') ?? [];
        status.conditions = [
          ...conditions,
          {
            type: 'DisruptionTarget',
            status: 'True',
            lastProbeTime: null,
            lastTransitionTime: registry.timestamp(),
            reason: 'EvictionByEvictionAPI',
            message: 'Eviction API: evicting',
          },
        ];
        return pod;
      },
    },
    { ...write, admit: false, fieldManager: undefined },
  );
  if (!preconditions?.resourceVersion) return preconditions;
  return { ...preconditions, resourceVersion: metadataOf(told).resourceVersion };
}

function needsNoBudget(pod: Pod): boolean {
  const phase = pod.status?.phase;
  return (
    phase === 'Succeeded' ||
    phase === 'Failed' ||
    phase === 'Pending' ||
    metadataOf(pod).deletionTimestamp !== undefined
  );
}

function budgetsKind(kinds: KindTable): Served | undefined {
  return kinds.anyVersion('policy', 'poddisruptionbudgets');
}

function budgetOf(kinds: KindTable, namespace: string, pod: Pod): Budget | undefined {
  const served = budgetsKind(kinds);
  if (!served) return undefined;
  const covering = served.stored.cache
    .list({ namespace })
    .map(({ object }) => object as Budget)
    .filter((budget) => labelSelectorFrom(budget.spec?.selector).matches(metadataOf(pod).labels));
  if (covering.length > 1) {
    throw new ApiError(
      'InternalError',
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    );
  }
  return covering[0];
}

function isReady(pod: Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

async function take(
  registry: Registry,
  kinds: KindTable,
  budget: Budget,
  pod: Pod,
  write: WriteOptions,
): Promise<void> {
  const served = budgetsKind(kinds)!;
  const { namespace = '', name = '' } = metadataOf(budget);
  try {
    await updateObject(
      registry,
      served,
      { namespace, name },
      {
        part: 'raw',
        transform(current) {
          const next = current as Budget;
          delete metadataOf(next).resourceVersion;
          takeOne(next, pod, registry.timestamp());
          return next;
        },
      },
      { ...write, admit: false, subresource: 'status' },
    );
  } catch (error) {
    if (isApiError(error, 'Conflict')) throw tooMany('the budget is changing too fast');
    throw error;
  }
}

function takeOne(budget: Budget, pod: Pod, now: string): void {
  const name = metadataOf(budget).name ?? '';
  const status = (budget.status ??= {});
  const { currentHealthy = 0, desiredHealthy = 0, disruptionsAllowed = 0 } = status;
  if (!isReady(pod)) {
    const policy = budget.spec?.unhealthyPodEvictionPolicy ?? 'IfHealthyBudget';
    if (policy === 'AlwaysAllow' || (currentHealthy >= desiredHealthy && desiredHealthy > 0)) return;
  }
  if ((status.observedGeneration ?? 0) < (metadataOf(budget).generation ?? 0)) {
    throw tooMany(`The disruption budget ${name} is still being processed by the server.`);
  }
  if (disruptionsAllowed < 0) throw refused(name, 'pdb disruptions allowed is negative');
  const disrupted = (status.disruptedPods ??= {});
  if (Object.keys(disrupted).length > disruptedPodsMax) {
    throw refused(name, 'DisruptedPods map too big - too many evictions not confirmed by PDB controller');
  }
  if (disruptionsAllowed === 0) {
    throw tooMany(whyNone(name, status));
  }
  status.disruptionsAllowed = disruptionsAllowed - 1;
  if (status.disruptionsAllowed === 0) tellInsufficient(status, now);
  disrupted[metadataOf(pod).name ?? ''] = now;
}

function refused(name: string, why: string): ApiError {
  return forbidden({ group: 'policy', resource: 'poddisruptionbudget' }, name, why);
}

/** The controller's own words, where it couldn't count or had another reason than too few pods. */
function whyNone(
  name: string,
  { conditions = [], currentHealthy = 0, desiredHealthy = 0 }: BudgetStatus,
): string {
  const told = conditions.find(({ type }) => type === allowedCondition);
  const because = told?.status === 'False' && told.message ? told : undefined;
  const not = `The disruption budget ${name} does not allow evicting pods currently`;
  if (because?.reason === 'SyncFailed') return `${not} because it failed sync: ${because.message}`;
  if (currentHealthy <= desiredHealthy)
    return `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`;
  return because ? `${not} (${because.reason}): ${because.message}` : not;
}

/** Its controller would say so a moment later. */
function tellInsufficient(status: BudgetStatus, now: string): void {
  const conditions = (status.conditions ??= []);
  const before = conditions.find(({ type }) => type === allowedCondition);
  const told = {
    type: allowedCondition,
    status: 'False',
    ...(status.observedGeneration ? { observedGeneration: status.observedGeneration } : {}),
    lastTransitionTime: before?.status === 'False' ? before.lastTransitionTime : now,
    reason: 'InsufficientPods',
    message: '',
  };
  if (before) Object.assign(before, told);
  else conditions.push(told);
}

function tooMany(why: string): ApiError {
  const waits = why.includes('still being processed');
  return new ApiError(
    'TooManyRequests',
    "Cannot evict pod as it would violate the pod's disruption budget.",
    {
      details: {
        causes: [{ reason: 'DisruptionBudget', message: why }],
        ...(waits ? { retryAfterSeconds } : {}),
      },
    },
  );
}
