/**
 * A pod's `priorityClassName` becomes its number; there is at most one default class.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/
 */
import { type AnyObject, type Pod, type PriorityClass, forbidden } from '@skerry/api';
import { type AdmissionPlugin, isAbout, pods } from '#admission/plugin.ts';
import type { ObjectReader } from '#security.ts';

export const priorityClasses = { group: 'scheduling.k8s.io', resource: 'priorityclasses' };

function systemClass(name: string, value: number, description: string): AnyObject {
  return {
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name },
    value,
    globalDefault: false,
    preemptionPolicy: 'PreemptLowerPriority',
    description,
  };
}

/** Every cluster has these two. */
export const systemPriorityClasses = [
  systemClass(
    'system-node-critical',
    2_000_001_000,
    'Used for system critical pods that must not be moved from their current node.',
  ),
  systemClass(
    'system-cluster-critical',
    2_000_000_000,
    'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  ),
];

export function priority({ read }: { readonly read: ObjectReader }): AdmissionPlugin {
  return {
    name: 'Priority',
    mutate(ctx) {
      if (!isAbout(ctx, pods)) return;
      const pod = ctx.object as unknown as Pod;
      if (ctx.operation === 'UPDATE' && pod.spec) {
        const old = (ctx.oldObject as unknown as Pod).spec;
        if (pod.spec.priority === undefined && old?.priority !== undefined) pod.spec.priority = old.priority;
        if (pod.spec.preemptionPolicy === undefined && old?.preemptionPolicy !== undefined) {
          pod.spec.preemptionPolicy = old.preemptionPolicy;
        }
      }
      if (ctx.operation === 'CREATE') setPriority(read, ctx.name, pod);
    },
    validate(ctx) {
      if (!isAbout(ctx, priorityClasses) || ctx.operation === 'DELETE') return;
      if ((ctx.object as unknown as PriorityClass).globalDefault !== true) return;
      const other = defaultClass(read);
      if (!other || other.metadata.name === ctx.name) return;
      throw forbidden(
        priorityClasses,
        ctx.name,
        `PriorityClass ${other.metadata.name ?? ''} is already marked as default. Only one default can exist`,
      );
    },
  };
}

function setPriority(read: ObjectReader, name: string, { spec }: Pod): void {
  if (!spec) return;
  const chosen = spec.priorityClassName
    ? read.get<PriorityClass>(priorityClasses, spec.priorityClassName)
    : defaultClass(read);
  if (spec.priorityClassName && !chosen) {
    throw forbidden(pods, name, `no PriorityClass with name ${spec.priorityClassName} was found`);
  }
  const value = chosen?.value ?? 0;
  const policy = chosen?.preemptionPolicy ?? 'PreemptLowerPriority';
  if (spec.priority !== undefined && spec.priority !== value) {
    throw forbidden(
      pods,
      name,
      `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
    );
  }
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy) {
    throw forbidden(
      pods,
      name,
      `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
    );
  }
  if (chosen?.metadata.name) spec.priorityClassName = chosen.metadata.name;
  spec.priority = value;
  spec.preemptionPolicy = policy;
}

/** Of several defaults, the one with the lowest value, as stock servers choose. */
function defaultClass(read: ObjectReader): PriorityClass | undefined {
  return read
    .list<PriorityClass>(priorityClasses)
    .filter((each) => each.globalDefault === true)
    .sort((a, b) => (a.value ?? 0) - (b.value ?? 0))[0];
}
