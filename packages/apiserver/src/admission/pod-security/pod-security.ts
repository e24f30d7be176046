/**
 * Pod Security admission: a namespace's labels say which standard its pods must meet (`enforce`) and about which its users
 * are warned (`warn`); templates of workloads are only warned about, since their pods are refused later.
 * https://kubernetes.io/docs/concepts/security/pod-security-admission/
 *
 * Every version label is read as `latest`. Audit annotations are not written.
 */
import { type AnyObject, type Namespace, type Pod, type PodSpec, forbidden } from '@skerry/api';
import { type AdmissionPlugin, isAbout, pods } from '#admission/plugin.ts';
import { type Violation, baselineChecks, restrictedChecks } from '#admission/pod-security/checks.ts';
import type { AdmissionContext, ObjectReader } from '#security.ts';

type Level = 'privileged' | 'baseline' | 'restricted';

const prefix = 'pod-security.kubernetes.io/';

/** What of a pod breaks a standard, in one line; empty when nothing does. */
export function podSecurityFaults(level: Level, spec: PodSpec): string {
  if (level === 'privileged') return '';
  const checks = level === 'restricted' ? [...baselineChecks, ...restrictedChecks] : baselineChecks;
  const violations = checks.map((check) => check(spec)).filter((each) => each !== undefined);
  // What is forbidden and what is required of one field are one violation, told in its stricter form.
  const byReason = new Map<string, Violation>(violations.map((each) => [each.reason, each]));
  return [...byReason.values()].map(({ reason, detail }) => `${reason} (${detail})`).join(', ');
}

export function podSecurity({ read }: { readonly read: ObjectReader }): AdmissionPlugin {
  return {
    name: 'PodSecurity',
    validate(ctx) {
      const spec = checkedSpec(ctx);
      if (!spec) return;
      const namespace = read.get<Namespace>({ group: '', resource: 'namespaces' }, ctx.namespace);
      const labels = namespace?.metadata.labels ?? {};
      const enforced = levelOf(labels[`${prefix}enforce`]);
      const isPod = ctx.resource === 'pods';
      const faults = isPod ? podSecurityFaults(enforced, spec) : '';
      if (faults !== '') {
        throw forbidden(pods, ctx.name, `violates PodSecurity "${enforced}:latest": ${faults}`);
      }
      const warned = levelOf(labels[`${prefix}warn`] ?? (isPod ? undefined : labels[`${prefix}enforce`]));
      const warnings = podSecurityFaults(warned, spec);
      if (warnings !== '') ctx.warnings.push(`would violate PodSecurity "${warned}:latest": ${warnings}`);
    },
  };
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

function levelOf(label: string | undefined): Level {
  return label === 'baseline' || label === 'restricted' ? label : 'privileged';
}
