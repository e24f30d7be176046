/**
 * LimitRanges of a namespace: default requests and limits for containers, and bounds for containers, pods and claims.
 * https://kubernetes.io/docs/concepts/policy/limit-range/
 */
import {
  type AnyObject,
  type ApiError,
  type Container,
  type LimitRange,
  type LimitRangeItem,
  type PersistentVolumeClaim,
  type Pod,
  type Quantity,
  compareQuantities,
  forbidden,
  formatQuantity,
  parseQuantity,
} from '@skerry/api';
import { type AdmissionPlugin, isAbout, pods } from '#admission/plugin.ts';
import { type Amounts, amountsOf, parseAmounts, podAmounts } from '#admission/pod-resources.ts';
import type { AdmissionContext, ObjectReader } from '#security.ts';

const annotation = 'kubernetes.io/limit-ranger';
const limitRanges = { group: '', resource: 'limitranges' };
const claims = { group: '', resource: 'persistentvolumeclaims' };

export function limitRanger({ read }: { readonly read: ObjectReader }): AdmissionPlugin {
  const rangesOf = ({ namespace }: AdmissionContext) =>
    read.list<LimitRange>(limitRanges, namespace).map((range) => range.spec?.limits ?? []);

  return {
    name: 'LimitRanger',
    mutate(ctx) {
      if (!isSized(ctx)) return;
      const pod = ctx.object as unknown as Pod;
      for (const items of rangesOf(ctx)) {
        const set = setDefaults(pod, defaultsOf(items));
        if (set.length === 0) continue;
        pod.metadata.annotations = {
          ...pod.metadata.annotations,
          [annotation]: `LimitRanger plugin set: ${set.join('; ')}`,
        };
      }
    },
    validate(ctx) {
      const aboutPod = isSized(ctx);
      const aboutClaim = isAbout(ctx, claims) && ctx.operation !== 'DELETE';
      if ((!aboutPod && !aboutClaim) || ctx.oldObject?.metadata?.deletionTimestamp) return;
      for (const items of rangesOf(ctx)) {
        const faults = aboutPod ? podFaults(ctx.object, items) : claimFaults(ctx.object, items);
        if (faults.length > 0) throw refusal(ctx, faults);
      }
    },
  };
}

/** Equal faults of several containers are one. */
function refusal(ctx: AdmissionContext, all: readonly string[]): ApiError {
  const faults = [...new Set(all)];
  const target = { group: ctx.kind.group, resource: ctx.resource };
  return forbidden(target, ctx.name, faults.length === 1 ? (faults[0] ?? '') : `[${faults.join(', ')}]`);
}

/** Whether the write says how much a pod asks for: a new one, or one that is given more or less. */
function isSized(ctx: AdmissionContext): boolean {
  return (
    (isAbout(ctx, pods) && ctx.operation === 'CREATE') ||
    (isAbout(ctx, { ...pods, subresource: 'resize' }) && ctx.operation === 'UPDATE')
  );
}

type Defaults = Pick<LimitRangeItem, 'default' | 'defaultRequest'>;

function defaultsOf(items: readonly LimitRangeItem[]): Defaults {
  const own = items.filter((item) => item.type === 'Container');
  return {
    default: Object.assign({}, ...own.map((item) => item.default)) as Defaults['default'],
    defaultRequest: Object.assign({}, ...own.map((item) => item.defaultRequest)) as Defaults['default'],
  };
}

/** Fills what the containers leave open; says for the annotation what it did. */
function setDefaults({ spec }: Pod, item: Defaults): string[] {
  const fill = (container: Container, what: string): string[] =>
    (['requests', 'limits'] as const).flatMap((which) => {
      const defaults = which === 'requests' ? item.defaultRequest : item.default;
      const present = container.resources?.[which] ?? {};
      const limits = container.resources?.limits ?? {};
      const missing = Object.keys(defaults ?? {})
        // A container with a limit of its own requests that limit.
        .filter((name) => !(name in present) && !(which === 'requests' && name in limits))
        .sort();
      if (missing.length === 0) return [];
      container.resources = {
        ...container.resources,
        [which]: { ...present, ...Object.fromEntries(missing.map((name) => [name, defaults?.[name] ?? ''])) },
      };
      return [`${missing.join(', ')} ${which.slice(0, -1)} for ${what} ${container.name}`];
    });
  return [
    ...(spec?.containers ?? []).flatMap((each) => fill(each, 'container')),
    ...(spec?.initContainers ?? []).flatMap((each) => fill(each, 'init container')),
  ];
}

function podFaults(object: AnyObject | undefined, items: readonly LimitRangeItem[]): string[] {
  const { spec } = object as unknown as Pod;
  if (!spec) return [];
  return items.flatMap((item) => {
    if (item.type === 'Pod') {
      return faultsOf(item, podAmounts(spec, 'requests'), podAmounts(spec, 'limits'));
    }
    if (item.type !== 'Container') return [];
    return [...spec.containers, ...(spec.initContainers ?? [])].flatMap((container) =>
      faultsOf(item, amountsOf(container, 'requests'), amountsOf(container, 'limits')),
    );
  });
}

function claimFaults(object: AnyObject | undefined, items: readonly LimitRangeItem[]): string[] {
  const { spec } = object as unknown as PersistentVolumeClaim;
  const requests = parseAmounts(spec?.resources?.requests);
  return items
    .filter((item) => item.type === 'PersistentVolumeClaim')
    .flatMap((item) => [
      ...faultsOf({ ...item, max: undefined, maxLimitRequestRatio: undefined }, requests, new Map()),
      ...Object.entries(item.max ?? {}).flatMap(([name, text]) => claimFault(name, text, requests.get(name))),
    ]);
}

/** A claim has requests alone. */
function claimFault(name: string, bound: string, request: Quantity | undefined): string[] {
  const what = `maximum ${name} usage per PersistentVolumeClaim is ${bound}`;
  if (!request) return [`${what}.  No request is specified`];
  return compareQuantities(request, parseQuantity(bound)) > 0
    ? [`${what}, but request is ${formatQuantity(request)}`]
    : [];
}

function faultsOf(item: LimitRangeItem, requests: Amounts, limits: Amounts): string[] {
  const faults: string[] = [];
  for (const [name, text] of Object.entries(item.min ?? {})) {
    const bound = parseQuantity(text);
    const what = `minimum ${name} usage per ${item.type} is ${text}`;
    const request = requests.get(name);
    const limit = limits.get(name);
    if (!request) faults.push(`${what}.  No request is specified`);
    else if (compareQuantities(request, bound) < 0)
      faults.push(`${what}, but request is ${formatQuantity(request)}`);
    else if (limit && compareQuantities(limit, bound) < 0)
      faults.push(`${what}, but limit is ${formatQuantity(limit)}`);
  }
  for (const [name, text] of Object.entries(item.max ?? {})) {
    const bound = parseQuantity(text);
    const what = `maximum ${name} usage per ${item.type} is ${text}`;
    const request = requests.get(name);
    const limit = limits.get(name);
    if (!limit) faults.push(`${what}.  No limit is specified`);
    else if (compareQuantities(limit, bound) > 0)
      faults.push(`${what}, but limit is ${formatQuantity(limit)}`);
    else if (request && compareQuantities(request, bound) > 0) {
      faults.push(`${what}, but request is ${formatQuantity(request)}`);
    }
  }
  for (const [name, text] of Object.entries(item.maxLimitRequestRatio ?? {})) {
    const fault = ratioFault(parseQuantity(text), requests.get(name), limits.get(name));
    if (fault) faults.push(`${name} max limit to request ratio per ${item.type} is ${text}, but ${fault}`);
  }
  return faults;
}

function ratioFault(bound: Quantity, request?: Quantity, limit?: Quantity): string | undefined {
  if (!request || request.nanos === 0n) return 'no request is specified or request is 0';
  if (!limit || limit.nanos === 0n) return 'no limit is specified or limit is 0';
  const ratio = Number(limit.nanos) / Number(request.nanos);
  if (ratio <= Number(bound.nanos) / 1e9) return undefined;
  return `provided ratio is ${ratio.toFixed(6)}`;
}
