/** Whether objects are as they should be: by what their own status says, kind by kind, and by the rules of the component. */
import type { AnyObject } from '@skerry/api';
import { type ClusterObjects, nameOf, wordsOf } from '#components/cluster-objects.ts';
import type { HealthRule } from '#components/package.ts';

/** What is not well yet, in words; empty when all is. At most ten. */
export async function unhealthy(
  objects: ClusterObjects,
  manifests: readonly AnyObject[],
  rules: readonly HealthRule[],
): Promise<string[]> {
  const faults: string[] = [];
  for (const manifest of manifests) {
    if (faults.length >= 10) return faults;
    const name = nameOf(manifest);
    const rule = kindRules[name.kind];
    if (!rule) continue;
    const object = await objects.get(name);
    const fault = object ? rule(object) : 'is not there';
    if (fault === undefined) continue;
    const why = object && (await objects.whyPodsWait(object));
    faults.push(`${wordsOf(name)} ${fault}${why === undefined ? '' : ` (${why})`}`);
  }
  for (const rule of rules) {
    const object = await objects.get(rule);
    const value = object && fieldOf(object, rule.field);
    const well =
      'equals' in rule ? JSON.stringify(value) === JSON.stringify(rule.equals) : value !== undefined;
    if (!well) faults.push(`${wordsOf(rule)}: ${rule.field} is ${JSON.stringify(value) ?? 'not set'}`);
  }
  return faults.slice(0, 10);
}

type Rule = (object: AnyObject) => string | undefined;

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
      : `is available on ${done} of ${desiredNumberScheduled} nodes`;
  },
  Deployment: (object) => replicasRule(object, statusOf(object).availableReplicas),
  StatefulSet: (object) => replicasRule(object, statusOf(object).readyReplicas),
  CustomResourceDefinition: (object) =>
    hasCondition(object, 'Established') ? undefined : 'is not established',
  APIService: (object) => (hasCondition(object, 'Available') ? undefined : 'is not available'),
};

function replicasRule(object: AnyObject, available = 0): string | undefined {
  const wanted = (object['spec'] as { replicas?: number } | undefined)?.replicas ?? 1;
  const { updatedReplicas = 0 } = statusOf(object);
  const done = Math.min(updatedReplicas, available);
  return seen(object) && done >= wanted ? undefined : `has ${done} of ${wanted} replicas`;
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
