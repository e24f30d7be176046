/**
 * Pod Security admission: a namespace's labels say which standard its pods must meet (`enforce`), about which its users are
 * warned (`warn`), and about which the audit log tells (`audit`). Templates of workloads are never refused: their pods are,
 * later. Who makes a namespace stricter is told which of its pods would not pass now.
 * https://kubernetes.io/docs/concepts/security/pod-security-admission/
 */
import { type AnyObject, type Namespace, type Pod, type PodSpec, forbidden, invalid } from '@skerry/api';
import { type AdmissionPlugin, isAbout, pods } from '#admission/plugin.ts';
import {
  isStricter,
  labelPrefix,
  podSecurityFaults,
  policyFaults,
  policyOf,
  violations,
} from '#admission/pod-security/namespace-policy.ts';
import type { AdmissionContext, ObjectReader } from '#security.ts';

const namespaces = { group: '', resource: 'namespaces' };
/** So many pods of a namespace are looked at when its labels change. */
const maxPodsChecked = 3000;

export function podSecurity({ read }: { readonly read: ObjectReader }): AdmissionPlugin {
  return {
    name: 'PodSecurity',
    validate(ctx) {
      if (isAbout(ctx, namespaces)) checkNamespace(ctx, read);
      const spec = checkedSpec(ctx);
      if (!spec) return;
      const namespace = read.get<Namespace>(namespaces, ctx.namespace);
      checkPod(ctx, spec, namespace?.metadata.labels ?? {});
    },
  };
}

function checkPod(ctx: AdmissionContext, spec: PodSpec, labels: Readonly<Record<string, string>>): void {
  const { enforce, audit, warn } = policyOf(labels);
  const isPod = ctx.resource === 'pods';
  if (isPod) ctx.auditAnnotations.add(`${labelPrefix}enforce-policy`, enforce.text);
  const audited = podSecurityFaults(audit.level, spec);
  if (audited !== '') {
    const text = `would violate PodSecurity "${audit.text}": ${audited}`;
    ctx.auditAnnotations.add(`${labelPrefix}audit-violations`, text);
  }
  const faults = isPod ? podSecurityFaults(enforce.level, spec) : '';
  if (faults !== '') throw forbidden(pods, ctx.name, `violates PodSecurity "${enforce.text}": ${faults}`);
  const warnings = podSecurityFaults(warn.level, spec);
  if (warnings !== '') ctx.warnings.push(`would violate PodSecurity "${warn.text}": ${warnings}`);
}

function checkNamespace(ctx: AdmissionContext, read: ObjectReader): void {
  const labelsOf = (object: AnyObject | undefined) => object?.metadata?.labels ?? {};
  const [next, old] = [labelsOf(ctx.object), labelsOf(ctx.oldObject)];
  const faults = ctx.operation === 'CREATE' || ctx.operation === 'UPDATE' ? policyFaults(next) : [];
  if (faults.length > 0 && JSON.stringify(faults) !== JSON.stringify(policyFaults(old)))
    throw invalid(ctx.kind, ctx.name, faults);
  const { enforce } = policyOf(next);
  if (ctx.operation !== 'UPDATE' || !isStricter(enforce, policyOf(old).enforce)) return;
  const all = read.list<Pod>(pods, ctx.name);
  const failing = new Map<string, string[]>();
  for (const { spec, metadata } of all.slice(0, maxPodsChecked)) {
    const reasons = spec ? violations(enforce.level, spec).map(({ reason }) => reason) : [];
    const text = reasons.join(', ');
    if (text === '') continue;
    const names = failing.get(text) ?? [];
    failing.set(text, names);
    names.push(metadata.name ?? '');
  }
  if (all.length > maxPodsChecked)
    ctx.warnings.push(
      `new PodSecurity enforce level only checked against the first ${maxPodsChecked} of ${all.length} existing pods`,
    );
  if (failing.size > 0)
    ctx.warnings.push(
      `existing pods in namespace "${ctx.name}" violate the new PodSecurity enforce level "${enforce.text}"`,
    );
  ctx.warnings.push(...[...failing].map(([reasons, names]) => `${namesText(names)}: ${reasons}`).sort());
}

function namesText(names: readonly string[]): string {
  const [first = ''] = [...names].sort();
  const others = names.length - 1;
  return others === 0 ? first : `${first} (and ${others} other pod${others === 1 ? '' : 's'})`;
}

/** The pod spec that a write brings; undefined where there is none, or where an update leaves it as it was. */
function checkedSpec(ctx: AdmissionContext): PodSpec | undefined {
  if (ctx.operation !== 'CREATE' && ctx.operation !== 'UPDATE') return undefined;
  const aboutPod = isAbout(ctx, pods) || isAbout(ctx, { ...pods, subresource: 'ephemeralcontainers' });
  const specOf = aboutPod
    ? (of: AnyObject | undefined) => (of as Pod | undefined)?.spec
    : ctx.subresource === ''
      ? templateSpec
      : () => undefined;
  const spec = specOf(ctx.object);
  if (!spec?.containers) return undefined;
  return JSON.stringify(spec) === JSON.stringify(specOf(ctx.oldObject)) ? undefined : spec;
}

function templateSpec(of: AnyObject | undefined): PodSpec | undefined {
  const spec = of?.['spec'] as
    | { template?: { spec?: PodSpec }; jobTemplate?: { spec?: { template?: { spec?: PodSpec } } } }
    | undefined;
  return spec?.template?.spec ?? spec?.jobTemplate?.spec?.template?.spec;
}
