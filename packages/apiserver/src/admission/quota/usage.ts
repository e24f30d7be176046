/**
 * What one object counts for in a ResourceQuota, and which quotas it falls under. Pure.
 * https://kubernetes.io/docs/concepts/policy/resource-quotas/
 */
import {
  type AnyObject,
  type PersistentVolumeClaim,
  type Pod,
  type PodSpec,
  type Quantity,
  type ResourceQuota,
  type ScopedResourceSelectorRequirement,
  type Service,
  addQuantities,
  parseQuantity,
  podQosClass,
  quantityOf,
} from '@skerry/api';
import { amountsOf, podAmounts } from '#admission/pod-resources.ts';
import type { ObjectRef } from '#security.ts';

export type Usage = ReadonlyMap<string, Quantity>;

const one = quantityOf(1);
/** Core kinds that have a name of their own in quotas, besides `count/<resource>`. */
const counted = new Set([
  'pods',
  'services',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
]);
const computeResources = ['cpu', 'memory', 'ephemeral-storage'];

export function usageOf({ group, resource }: ObjectRef, object: AnyObject, nowMs: number): Usage {
  const usage = new Map<string, Quantity>();
  if (group === '' && resource === 'pods') {
    addPod(usage, object as unknown as Pod, nowMs);
    return usage;
  }
  usage.set(group === '' ? `count/${resource}` : `count/${resource}.${group}`, one);
  if (group !== '') return usage;
  if (counted.has(resource)) usage.set(resource, one);
  if (resource === 'services') addService(usage, object as unknown as Service);
  if (resource === 'persistentvolumeclaims') addClaim(usage, object as unknown as PersistentVolumeClaim);
  return usage;
}

function addPod(usage: Map<string, Quantity>, pod: Pod, nowMs: number): void {
  usage.set('count/pods', one);
  if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed' || !pod.spec) return;
  if (isStuck(pod, nowMs)) return;
  usage.set('pods', one);
  for (const [name, amount] of podAmounts(pod.spec, 'requests')) {
    usage.set(`requests.${name}`, amount);
    if (computeResources.includes(name) || name.startsWith('hugepages-')) usage.set(name, amount);
  }
  for (const [name, amount] of podAmounts(pod.spec, 'limits')) {
    if (computeResources.includes(name)) usage.set(`limits.${name}`, amount);
  }
}

/** Its time to end is over, and its node doesn't say that it did: nobody is charged for a lost node. */
function isStuck({ metadata }: Pod, nowMs: number): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return false;
  return nowMs > Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000;
}

function addService(usage: Map<string, Quantity>, { spec }: Service): void {
  const ports = quantityOf(spec?.ports?.length ?? 0);
  if (spec?.type === 'NodePort') usage.set('services.nodeports', ports);
  if (spec?.type !== 'LoadBalancer') return;
  usage.set('services.loadbalancers', one);
  if (spec.allocateLoadBalancerNodePorts !== false) usage.set('services.nodeports', ports);
}

function addClaim(usage: Map<string, Quantity>, { spec }: PersistentVolumeClaim): void {
  const storage = parseQuantity(spec?.resources?.requests?.['storage'] ?? '0');
  usage.set('requests.storage', storage);
  if (!spec?.storageClassName) return;
  const prefix = `${spec.storageClassName}.storageclass.storage.k8s.io`;
  usage.set(`${prefix}/requests.storage`, storage);
  usage.set(`${prefix}/persistentvolumeclaims`, one);
}

/** The kind whose objects a quota's resource name counts; undefined for a name that counts nothing. */
export function kindOfResourceName(name: string): ObjectRef | undefined {
  if (name.startsWith('count/')) {
    const [resource = '', ...group] = name.slice('count/'.length).split('.');
    return { group: group.join('.'), resource };
  }
  if (name === 'requests.storage' || name.includes('.storageclass.storage.k8s.io/')) {
    return { group: '', resource: 'persistentvolumeclaims' };
  }
  if (name.startsWith('services.')) return { group: '', resource: 'services' };
  if (counted.has(name)) return { group: '', resource: name };
  const isPods =
    computeResources.includes(name) || /^(requests|limits)\./.test(name) || name.startsWith('hugepages-');
  return isPods ? { group: '', resource: 'pods' } : undefined;
}

/** The part of the usage that a quota limits, for an object that its scopes select; empty otherwise. */
export function limitedUsage(quota: ResourceQuota, ref: ObjectRef, object: AnyObject, nowMs: number): Usage {
  const hard = quota.spec?.hard ?? {};
  const usage = new Map([...usageOf(ref, object, nowMs)].filter(([name]) => name in hard));
  return usage.size > 0 && scopesSelect(quota, ref, object) ? usage : new Map();
}

export function scopesSelect({ spec }: ResourceQuota, ref: ObjectRef, object: AnyObject): boolean {
  const requirements: ScopedResourceSelectorRequirement[] = [
    ...(spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' })),
    ...(spec?.scopeSelector?.matchExpressions ?? []),
  ];
  if (requirements.length === 0) return true;
  // Scopes speak of pods, and one of claims; a quota that has some counts nothing else.
  if (ref.group === '' && ref.resource === 'persistentvolumeclaims') {
    const claim = object as unknown as PersistentVolumeClaim;
    return requirements.every((each) => scopeSelectsClaim(each, claim));
  }
  if (ref.group !== '' || ref.resource !== 'pods') return false;
  const pod = (object as unknown as Pod).spec;
  return pod !== undefined && requirements.every((each) => scopeSelects(each, pod));
}

/** Every class of attributes that the claim has, had or is getting counts. */
function scopeSelectsClaim(
  { scopeName, operator, values = [] }: ScopedResourceSelectorRequirement,
  { spec, status }: PersistentVolumeClaim,
): boolean {
  if (scopeName !== 'VolumeAttributesClass') return false;
  const names = [
    spec?.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ].filter(Boolean) as string[];
  if (operator === 'Exists') return names.length > 0;
  if (operator === 'DoesNotExist') return names.length === 0;
  const isNamed = names.some((name) => values.includes(name));
  return operator === 'In' ? isNamed : !isNamed;
}

function scopeSelects(
  { scopeName, operator, values = [] }: ScopedResourceSelectorRequirement,
  spec: PodSpec,
): boolean {
  switch (scopeName) {
    case 'Terminating':
      return (spec.activeDeadlineSeconds ?? -1) >= 0;
    case 'NotTerminating':
      return (spec.activeDeadlineSeconds ?? -1) < 0;
    case 'BestEffort':
      return podQosClass(spec) === 'BestEffort';
    case 'NotBestEffort':
      return podQosClass(spec) !== 'BestEffort';
    case 'CrossNamespacePodAffinity':
      return crossesNamespaces(spec);
    case 'PriorityClass': {
      const name = spec.priorityClassName ?? '';
      if (operator === 'Exists') return name !== '';
      if (operator === 'DoesNotExist') return name === '';
      return operator === 'In' ? values.includes(name) : !values.includes(name);
    }
    default:
      return false;
  }
}

function crossesNamespaces({ affinity }: PodSpec): boolean {
  const terms = [affinity?.podAffinity, affinity?.podAntiAffinity].flatMap((each) => [
    ...(each?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(each?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((term) => term.podAffinityTerm),
  ]);
  return terms.some((term) => term?.namespaceSelector !== undefined || (term?.namespaces?.length ?? 0) > 0);
}

/** `limits.cpu for: a,b; requests.cpu for: a`: what a pod must say because the quota limits it; empty when all is said. */
export function unspecified(hard: Readonly<Record<string, string>>, { spec }: Pod): string {
  const missing: string[] = [];
  for (const name of Object.keys(hard).sort()) {
    const [, which = 'requests', resource = name] = /^(requests|limits)\.(.+)$/.exec(name) ?? [];
    if (resource !== 'cpu' && resource !== 'memory') continue;
    const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])]
      .filter((container) => !amountsOf(container, which === 'limits' ? 'limits' : 'requests').has(resource))
      .map((container) => container.name);
    if (containers.length > 0) missing.push(`${name} for: ${containers.join(',')}`);
  }
  return missing.join('; ');
}

export function addUsage(left: Usage, right: Usage): Map<string, Quantity> {
  const total = new Map(left);
  for (const [name, amount] of right) {
    const sofar = total.get(name);
    total.set(name, sofar ? addQuantities(sofar, amount) : amount);
  }
  return total;
}
