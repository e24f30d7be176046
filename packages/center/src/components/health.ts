/** Whether objects are as they should be: by what their own status says, kind by kind, and by the rules of the component. */
import type { AnyObject } from '@skerry/api';
import { type ClusterObjects, nameOf, wordsOf } from '#components/cluster-objects.ts';
import type { HealthRule } from '#components/package.ts';
import type { TaskSaying } from '#contract/index.ts';
import { saidText } from '#tasks/task-fault.ts';

/** What is not well yet; empty when all is. At most ten. */
export async function unhealthy(
  objects: ClusterObjects,
  manifests: readonly AnyObject[],
  rules: readonly HealthRule[],
): Promise<TaskSaying[]> {
  const faults: TaskSaying[] = [];
  for (const manifest of manifests) {
    if (faults.length >= 10) return faults;
    const name = nameOf(manifest);
    const rule = kindRules[name.kind];
    if (!rule) continue;
    const object = await objects.get(name);
    const fault: Fault | undefined = object ? rule(object) : { code: 'notThere' };
    if (fault === undefined) continue;
    faults.push({ code: fault.code, values: { object: wordsOf(name), ...fault.values } });
    const why = object && (await objects.whyPodsWait(object));
    if (why !== undefined) faults.push(saidText(why));
  }
  for (const rule of rules) {
    const object = await objects.get(rule);
    const value = object && fieldOf(object, rule.field);
    const well =
      'equals' in rule ? JSON.stringify(value) === JSON.stringify(rule.equals) : value !== undefined;
    if (well) continue;
    const at = { object: wordsOf(rule), field: rule.field };
    faults.push(
      value === undefined
        ? { code: 'fieldNotSet', values: at }
        : { code: 'field', values: { ...at, value: JSON.stringify(value) } },
    );
  }
  return faults.slice(0, 10);
}

/** Of an object, which is named when it is told. */
type Fault = TaskSaying;
type Rule = (object: AnyObject) => Fault | undefined;

interface WorkloadStatus {
  readonly observedGeneration?: number;
  readonly desiredNumberScheduled?: number;
  readonly updatedNumberScheduled?: number;
  readonly numberAvailable?: number;
  readonly replicas?: number;
  readonly updatedReplicas?: number;
  readonly availableReplicas?: number;
  readonly readyReplicas?: number;
  readonly conditions?: readonly { readonly type: string; readonly status: string }[];
}

/** The part of the kinds' status that says that a rollout is done, as `kubectl rollout status` reads it. */
const kindRules: Readonly<Record<string, Rule>> = {
  DaemonSet: (object) => {
    const { desiredNumberScheduled = 0, updatedNumberScheduled = 0, numberAvailable = 0 } = statusOf(object);
    const done = Math.min(updatedNumberScheduled, numberAvailable);
    return seen(object) && done >= desiredNumberScheduled
      ? undefined
      : { code: 'nodesAvailable', values: { done, wanted: desiredNumberScheduled } };
  },
  Deployment: (object) => replicasRule(object, statusOf(object).availableReplicas),
  StatefulSet: (object) => replicasRule(object, statusOf(object).readyReplicas),
  CustomResourceDefinition: (object) =>
    hasCondition(object, 'Established') ? undefined : { code: 'notEstablished' },
  APIService: (object) => (hasCondition(object, 'Available') ? undefined : { code: 'notAvailable' }),
};

function replicasRule(object: AnyObject, available = 0): Fault | undefined {
  const wanted = (object['spec'] as { replicas?: number } | undefined)?.replicas ?? 1;
  const { updatedReplicas = 0 } = statusOf(object);
  const done = Math.min(updatedReplicas, available);
  return seen(object) && done >= wanted ? undefined : { code: 'replicas', values: { done, wanted } };
}

function seen(object: AnyObject): boolean {
  return (statusOf(object).observedGeneration ?? 0) >= (object.metadata?.generation ?? 0);
}

function statusOf(object: AnyObject): WorkloadStatus {
  return (object['status'] ?? {}) as WorkloadStatus;
}

function hasCondition(object: AnyObject, type: string): boolean {
  return statusOf(object).conditions?.some((each) => each.type === type && each.status === 'True') ?? false;
}

function fieldOf(object: AnyObject, path: string): unknown {
  let value: unknown = object;
  for (const part of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}
