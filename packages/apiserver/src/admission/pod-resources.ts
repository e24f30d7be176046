/** What a pod asks for in all, exactly, as quota and limits count it. */
import {
  type Container,
  type PodSpec,
  type Quantity,
  addQuantities,
  compareQuantities,
  parseQuantity,
} from '@skerry/api';

export type Amounts = ReadonlyMap<string, Quantity>;

/**
 * The larger of what runs together at the end (containers and sidecars) and what any init container needs while it runs
 * beside the sidecars started before it, and the runtime's overhead on top. Pod-level values replace the sum.
 * https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers
 */
export function podAmounts(spec: PodSpec, which: 'requests' | 'limits'): Amounts {
  let running = new Map<string, Quantity>();
  const peaks: Map<string, Quantity>[] = [];
  for (const container of spec.initContainers ?? []) {
    const own = amountsOf(container, which);
    if (container.restartPolicy === 'Always') running = sum(running, own);
    peaks.push(container.restartPolicy === 'Always' ? running : sum(running, own));
  }
  for (const container of spec.containers) running = sum(running, amountsOf(container, which));
  const total = new Map(running);
  for (const peak of peaks) {
    for (const [name, amount] of peak) {
      const sofar = total.get(name);
      if (!sofar || compareQuantities(sofar, amount) < 0) total.set(name, amount);
    }
  }
  for (const [name, amount] of parseAmounts(spec.resources?.[which])) total.set(name, amount);
  if (which === 'requests' || total.size > 0) {
    for (const [name, amount] of parseAmounts(spec.overhead)) {
      const sofar = total.get(name);
      if (which === 'requests' || sofar) total.set(name, sofar ? addQuantities(sofar, amount) : amount);
    }
  }
  return total;
}

export function amountsOf(container: Container, which: 'requests' | 'limits'): Map<string, Quantity> {
  const amounts = parseAmounts(container.resources?.[which]);
  if (which === 'limits') return amounts;
  // A request that is not given is the limit.
  for (const [name, limit] of parseAmounts(container.resources?.limits)) {
    if (!amounts.has(name)) amounts.set(name, limit);
  }
  return amounts;
}

export function parseAmounts(list: Readonly<Record<string, string>> | undefined): Map<string, Quantity> {
  return new Map(Object.entries(list ?? {}).map(([name, text]) => [name, parseQuantity(text)]));
}

function sum(left: Amounts, right: Amounts): Map<string, Quantity> {
  const total = new Map(left);
  for (const [name, amount] of right) {
    const sofar = total.get(name);
    total.set(name, sofar ? addQuantities(sofar, amount) : amount);
  }
  return total;
}
