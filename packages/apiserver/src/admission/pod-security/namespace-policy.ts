/** What the labels of a namespace ask of its pods. */
import { type FieldError, type PodSpec, invalidValue } from '@skerry/api';
import { type Violation, baselineChecks, restrictedChecks } from '#admission/pod-security/checks.ts';

export const labelPrefix = 'pod-security.kubernetes.io/';

const levels = ['privileged', 'baseline', 'restricted'] as const;
type Level = (typeof levels)[number];

/** Every version is read as the latest: the standards only grew stricter in ways that the latest says too. */
interface Standard {
  readonly level: Level;
  /** As users are told. */
  readonly text: string;
}

export interface NamespacePolicy {
  readonly enforce: Standard;
  readonly audit: Standard;
  readonly warn: Standard;
}

type Labels = Readonly<Record<string, string>>;

/** What can't be read is enforced in its strictest form, and neither warned of nor audited. */
export function policyOf(labels: Labels): NamespacePolicy {
  const standard = (mode: string, otherwise: Level): Standard => {
    const label = labels[labelPrefix + mode];
    const level = label === undefined ? 'privileged' : isLevel(label) ? label : otherwise;
    const version = labels[`${labelPrefix}${mode}-version`];
    return { level, text: `${level}:${version !== undefined && isVersion(version) ? version : 'latest'}` };
  };
  const enforce = standard('enforce', 'restricted');
  const warned = labels[`${labelPrefix}warn`] !== undefined;
  return {
    enforce,
    audit: standard('audit', 'privileged'),
    warn: warned ? standard('warn', 'privileged') : enforce,
  };
}

export function policyFaults(labels: Labels): FieldError[] {
  const faults: FieldError[] = [];
  for (const mode of ['enforce', 'audit', 'warn']) {
    const level = labels[labelPrefix + mode];
    const version = labels[`${labelPrefix}${mode}-version`];
    const path = `metadata.labels[${labelPrefix}${mode}`;
    if (level !== undefined && !isLevel(level))
      faults.push(invalidValue(`${path}]`, level, `must be one of ${levels.join(', ')}`));
    if (version !== undefined && !isVersion(version))
      faults.push(invalidValue(`${path}-version]`, version, 'must be "latest" or "v1.x"'));
  }
  return faults;
}

export function isStricter(next: Standard, old: Standard): boolean {
  if (next.text === old.text || next.level === 'privileged') return false;
  const sameVersion = next.text.slice(next.level.length) === old.text.slice(old.level.length);
  return !sameVersion || levels.indexOf(next.level) > levels.indexOf(old.level);
}

export function violations(level: Level, spec: PodSpec): readonly Violation[] {
  if (level === 'privileged') return [];
  const checks = level === 'restricted' ? [...baselineChecks, ...restrictedChecks] : baselineChecks;
  const found = checks.map((check) => check(spec)).filter((each) => each !== undefined);
  // What is forbidden and what is required of one field are one violation, told in its stricter form.
  return [...new Map<string, Violation>(found.map((each) => [each.reason, each])).values()];
}

/** What of a pod breaks a standard, in one line; empty when nothing does. */
export function podSecurityFaults(level: Level, spec: PodSpec): string {
  return violations(level, spec)
    .map(({ reason, detail }) => `${reason} (${detail})`)
    .join(', ');
}

function isLevel(text: string): text is Level {
  return levels.some((level) => level === text);
}

function isVersion(text: string): boolean {
  return text === 'latest' || /^v1\.(?:0|[1-9]\d*)$/.test(text);
}
