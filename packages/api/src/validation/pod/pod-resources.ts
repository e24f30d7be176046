/** Resources that a pod has as a whole, beside those of its containers. */
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  type Quantity,
} from '#quantity.ts';
import type { FieldError } from '#status.ts';
import type { Container, PodSpec } from '#types.generated.ts';
import { forbiddenField, invalidValue } from '#validation/faults.ts';
import { checkPodResources, isHugePages, quantityIn } from '#validation/resources.ts';
import type { PodOptions } from '#validation/pod/options.ts';

type Amounts = Map<string, Quantity>;

export function checkResourcesOfPod(
  faults: FieldError[],
  spec: PodSpec,
  path: string,
  context: { readonly claims: ReadonlySet<string>; readonly options: PodOptions },
): void {
  const { resources } = spec;
  if (!resources) return;
  if (spec.os?.name === 'windows') {
    faults.push(forbiddenField(path, 'may not be set for a windows pod'));
    return;
  }
  if (resources.claims)
    faults.push(forbiddenField(`${path}.claims`, 'claims may not be set for Resources at pod-level'));
  checkPodResources(faults, resources, path, {
    claims: context.claims,
    partialPages: context.options.partialPages,
  });
  const { requests = {}, limits = {} } = resources;
  for (const [name, total] of aggregate(spec, 'requests')) {
    const own = quantityIn(requests[name]);
    if (own && compareQuantities(total, own) > 0)
      faults.push(
        invalidValue(
          `${path}.requests[${name}]`,
          formatQuantity(own),
          `must be greater than or equal to aggregate container requests of ${formatQuantity(total)}`,
        ),
      );
  }
  for (const [name, total] of aggregate(spec, 'limits')) {
    const own = quantityIn(limits[name]);
    if (isHugePages(name) && own && compareQuantities(total, own) > 0)
      faults.push(
        invalidValue(
          `${path}.limits[${name}]`,
          formatQuantity(own),
          `must be greater than or equal to aggregate container limits of ${formatQuantity(total)}`,
        ),
      );
  }
  for (const [index, container] of (spec.containers ?? []).entries())
    for (const [name, text] of Object.entries(container.resources?.limits ?? {})) {
      const own = quantityIn(limits[name]);
      const limit = quantityIn(text);
      if (own && limit && compareQuantities(limit, own) > 0)
        faults.push(
          invalidValue(
            `${path}.containers[${index}][${name}].limits`,
            canonicalQuantity(text),
            `must be less than or equal to pod limits of ${formatQuantity(own)}`,
          ),
        );
    }
}

/** What the containers need together: all that run at once, or the largest init container with the sidecars before it. */
export function aggregate(spec: PodSpec, list: 'requests' | 'limits'): Amounts {
  const total: Amounts = new Map();
  for (const container of spec.containers ?? []) addAll(total, amountsOf(container, list));
  const sidecars: Amounts = new Map();
  const largest: Amounts = new Map();
  for (const container of spec.initContainers ?? []) {
    const own = amountsOf(container, list);
    if (container.restartPolicy === 'Always') {
      addAll(total, own);
      addAll(sidecars, own);
      raiseTo(largest, sidecars);
    } else {
      const together: Amounts = new Map(own);
      addAll(together, sidecars);
      raiseTo(largest, together);
    }
  }
  raiseTo(total, largest);
  return total;
}

function amountsOf({ resources }: Container, list: 'requests' | 'limits'): Amounts {
  const amounts: Amounts = new Map();
  for (const [name, text] of Object.entries(resources?.[list] ?? {}))
    if (quantityIn(text)) amounts.set(name, parseQuantity(text));
  return amounts;
}

function addAll(total: Amounts, more: Amounts): void {
  for (const [name, amount] of more) {
    const before = total.get(name);
    total.set(name, before ? addQuantities(before, amount) : amount);
  }
}

function raiseTo(total: Amounts, floor: Amounts): void {
  for (const [name, amount] of floor) {
    const before = total.get(name);
    if (!before || compareQuantities(amount, before) > 0) total.set(name, amount);
  }
}
