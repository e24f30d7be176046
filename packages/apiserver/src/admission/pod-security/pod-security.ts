/**
 * Pod Security admission: a namespace's labels say which standard its pods must meet, about which its users are warned and
 * which breaches the audit log notes; templates of workloads are never refused, since their pods are.
 * https://kubernetes.io/docs/concepts/security/pod-security-admission/
 */
import {
  type AnyObject,
  type Container,
  type Namespace,
  type ObjectMeta,
  type Pod,
  type PodSpec,
  forbidden,
  invalid,
} from '@skerry/api';
import { type AdmissionPlugin, isAbout, pods } from '#admission/plugin.ts';
import { type CheckedPod, type Violation, violationsOf } from '#admission/pod-security/checks.ts';
import {
  type Policy,
  type Standard,
  isStricter,
  minorOf,
  policyOf,
  standardText,
} from '#admission/pod-security/policy.ts';
import type { AdmissionContext, ObjectReader } from '#security.ts';

const namespaces = { group: '', resource: 'namespaces' };
const annotationPrefix = 'pod-security.kubernetes.io/';
/** Doors to a pod through which nothing comes that a standard is about. */
const otherDoors = new Set([
  'attach',
  'binding',
  'eviction',
  'exec',
  'log',
  'portforward',
  'proxy',
  'status',
]);
const existingPodsMax = 3000;

/** What of a pod breaks a standard, in one line; empty when nothing does. */
export function podSecurityFaults(standard: Standard, pod: CheckedPod): string {
  return violations(standard, pod)
    .map(({ reason, detail }) => (detail ? `${reason} (${detail})` : reason))
    .join(', ');
}

function violations(standard: Standard, pod: CheckedPod): Violation[] {
  return standard.level === 'privileged' ? [] : violationsOf(standard.level, pod, minorOf(standard));
}

export function podSecurity({ read }: { readonly read: ObjectReader }): AdmissionPlugin {
  return {
    name: 'PodSecurity',
    validate(ctx) {
      if (ctx.operation !== 'CREATE' && ctx.operation !== 'UPDATE') return;
      if (isAbout(ctx, namespaces)) checkNamespace(ctx, read);
      else judge(ctx, read);
    },
  };
}

function judge(ctx: AdmissionContext, read: ObjectReader): void {
  const isPod = ctx.kind.group === '' && ctx.resource === 'pods';
  const pod = isPod ? checkedPod(ctx) : ctx.subresource === '' ? templateOf(ctx.object) : undefined;
  if (!pod?.spec.containers) return;
  const policy = policyOf(read.get<Namespace>(namespaces, ctx.namespace)?.metadata.labels);
  const faults = isPod ? podSecurityFaults(policy.enforce, pod) : '';
  annotate(ctx, policy, pod, isPod);
  if (faults !== '') {
    const enforced = standardText(policy.enforce);
    throw forbidden(pods, ctx.name, `violates PodSecurity "${enforced}": ${faults}`);
  }
  const warnings = podSecurityFaults(policy.warn, pod);
  if (warnings !== '')
    ctx.warnings.push(`would violate PodSecurity "${standardText(policy.warn)}": ${warnings}`);
}

function annotate(ctx: AdmissionContext, policy: Policy, pod: CheckedPod, isPod: boolean): void {
  const { enforce, audit, warn, faults } = policy;
  const isFree = [enforce, audit, warn].every(({ level }) => level === 'privileged');
  const note = (key: string, text: string) => ctx.auditAnnotations.add(annotationPrefix + key, text);
  if (isPod) note('enforce-policy', isFree ? 'privileged:latest' : standardText(enforce));
  if (faults.length > 0) {
    const texts = faults.map(({ path, message }) => `${path}: ${message}`);
    note('error', `Failed to parse policy: ${texts.length > 1 ? `[${texts.join(', ')}]` : texts[0]}`);
  }
  const breaches = podSecurityFaults(audit, pod);
  if (breaches !== '')
    note('audit-violations', `would violate PodSecurity "${standardText(audit)}": ${breaches}`);
}

/** The pod that a write brings; undefined where an update changes nothing that a standard is about. */
function checkedPod(ctx: AdmissionContext): CheckedPod | undefined {
  if (otherDoors.has(ctx.subresource)) return undefined;
  const pod = ctx.object as unknown as Pod;
  const old = ctx.oldObject as unknown as Pod | undefined;
  if (!pod.spec || (old?.spec && !isSignificant(pod.spec, old.spec))) return undefined;
  return { meta: pod.metadata, spec: pod.spec };
}

function isSignificant(spec: PodSpec, old: PodSpec): boolean {
  const differs = (next: readonly Container[] = [], before: readonly Container[] = []) =>
    next.length !== before.length || next.some(({ image }, index) => image !== before[index]?.image);
  const images = new Map((old.ephemeralContainers ?? []).map(({ name, image }) => [name, image]));
  return (
    differs(spec.containers, old.containers) ||
    differs(spec.initContainers, old.initContainers) ||
    (spec.ephemeralContainers ?? []).some(
      ({ name, image }) => !images.has(name) || images.get(name) !== image,
    )
  );
}

interface Template {
  readonly metadata?: ObjectMeta;
  readonly spec?: PodSpec;
}

function templateOf(of: AnyObject | undefined): CheckedPod | undefined {
  const { spec, template } = (of ?? {}) as {
    readonly spec?: {
      readonly template?: Template;
      readonly jobTemplate?: { readonly spec?: { readonly template?: Template } };
    };
    /** Of a PodTemplate. */
    readonly template?: Template;
  };
  const found = spec?.template ?? spec?.jobTemplate?.spec?.template ?? template;
  return found?.spec ? { meta: found.metadata, spec: found.spec } : undefined;
}

/** Labels must make sense. Who asks for more than before is told which pods would be refused now. */
function checkNamespace(ctx: AdmissionContext, read: ObjectReader): void {
  const policy = policyOf(ctx.object?.metadata?.labels);
  const old = ctx.oldObject && policyOf(ctx.oldObject.metadata?.labels);
  const sameFaults = old && JSON.stringify(old.faults) === JSON.stringify(policy.faults);
  if (policy.faults.length > 0 && !sameFaults) throw invalid(ctx.kind, ctx.name, policy.faults);
  if (!old) return;
  const { enforce } = policy;
  const sameVersion = enforce.version === old.enforce.version;
  if (enforce.level === 'privileged' || (sameVersion && !isStricter(enforce, old.enforce))) return;
  ctx.warnings.push(...existingPodWarnings(read.list<Pod>(pods, ctx.name), ctx.name, enforce));
}

function existingPodWarnings(all: readonly Pod[], namespace: string, enforce: Standard): string[] {
  const checked = prioritized(all).slice(0, existingPodsMax);
  const byReason = new Map<string, string[]>();
  for (const { metadata, spec } of checked) {
    if (!spec) continue;
    const reason = violations(enforce, { meta: metadata, spec })
      .map((violation) => violation.reason)
      .join(', ');
    if (reason) byReason.set(reason, [...(byReason.get(reason) ?? []), metadata.name ?? '']);
  }
  const warnings = [...byReason].map(([reason, names]) => `${podsText(names)}: ${reason}`).sort();
  return [
    ...(checked.length < all.length
      ? [
          `new PodSecurity enforce level only checked against the first ${checked.length} of ${all.length} existing pods`,
        ]
      : []),
    ...(warnings.length > 0
      ? [
          `existing pods in namespace "${namespace}" violate the new PodSecurity enforce level "${standardText(enforce)}"`,
        ]
      : []),
    ...warnings,
  ];
}

/** One of each controller comes before its copies. */
function prioritized(all: readonly Pod[]): Pod[] {
  const seen = new Set<string>();
  const first: Pod[] = [];
  const copies: Pod[] = [];
  for (const pod of all) {
    const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller)?.uid;
    (owner !== undefined && seen.has(owner) ? copies : first).push(pod);
    if (owner !== undefined) seen.add(owner);
  }
  return [...first, ...copies];
}

function podsText(names: readonly string[]): string {
  const [first = ''] = [...names].sort();
  const others = names.length - 1;
  if (others === 0) return first;
  return `${first} (and ${others} other pod${others > 1 ? 's' : ''})`;
}
