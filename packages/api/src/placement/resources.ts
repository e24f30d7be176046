import { parseQuantity, quantityMilliValue, quantityValue } from '../quantity.ts';
import type { Container, PodSpec } from '../types.generated.ts';

/** Amounts by resource name: cpu in thousandths, everything else in whole units, as the scheduler counts. */
export type ResourceAmounts = ReadonlyMap<string, number>;

/** Pods repeat few distinct quantities; the cache is emptied when it is full. */
const parsed = new Map<string, number>();
const parsedMax = 10_000;

/** `cpu: 500m` → 500, `memory: 1Ki` → 1024. @throws QuantityError */
export function resourceAmount(name: string, quantity: string | number): number {
  const key = `${name === 'cpu' ? 'm' : ''}:${quantity}`;
  const held = parsed.get(key);
  if (held !== undefined) return held;
  const exact = parseQuantity(quantity);
  const amount = name === 'cpu' ? quantityMilliValue(exact) : quantityValue(exact);
  if (parsed.size >= parsedMax) parsed.clear();
  parsed.set(key, amount);
  return amount;
}

/** @throws QuantityError */
export function resourceAmounts(list: Readonly<Record<string, string | number>> = {}): Map<string, number> {
  return new Map(Object.entries(list).map(([name, quantity]) => [name, resourceAmount(name, quantity)]));
}

/**
 * What a pod asks of its node: its containers and sidecars together, or what any init container needs at its time beside the
 * sidecars already started, whichever is more; pod-level requests in place of both; the runtime's overhead on top.
 * Rules: https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers
 * @throws QuantityError
 */
export function podRequests(
  spec: PodSpec,
  requestsOf: (container: Container) => ResourceAmounts = containerRequests,
): Map<string, number> {
  const total = new Map<string, number>();
  for (const container of spec.containers) add(total, requestsOf(container));
  const sidecars = new Map<string, number>();
  const initial = new Map<string, number>();
  for (const container of spec.initContainers ?? []) {
    const requests = requestsOf(container);
    if (container.restartPolicy === 'Always') {
      add(total, requests);
      add(sidecars, requests);
      raise(initial, sidecars);
    } else {
      const withSidecars = new Map(sidecars);
      add(withSidecars, requests);
      raise(initial, withSidecars);
    }
  }
  raise(total, initial);
  for (const [name, amount] of resourceAmounts(spec.resources?.requests))
    if (name === 'cpu' || name === 'memory' || name.startsWith('hugepages-')) total.set(name, amount);
  add(total, resourceAmounts(spec.overhead));
  return total;
}

export function containerRequests(container: Container): ResourceAmounts {
  return resourceAmounts(container.resources?.requests);
}

/** The names of resources that don't fit into what is left; `pods` counts the pod itself. */
export function insufficientResources(
  requests: ResourceAmounts,
  { allocatable, used }: { allocatable: ResourceAmounts; used: ResourceAmounts },
): string[] {
  const names: string[] = [];
  if ((used.get('pods') ?? 0) + 1 > (allocatable.get('pods') ?? 0)) names.push('pods');
  for (const [name, amount] of requests)
    if (amount > 0 && amount > (allocatable.get(name) ?? 0) - (used.get(name) ?? 0)) names.push(name);
  return names;
}

function add(to: Map<string, number>, amounts: ResourceAmounts): void {
  for (const [name, amount] of amounts) to.set(name, (to.get(name) ?? 0) + amount);
}

function raise(to: Map<string, number>, amounts: ResourceAmounts): void {
  for (const [name, amount] of amounts) to.set(name, Math.max(to.get(name) ?? 0, amount));
}
