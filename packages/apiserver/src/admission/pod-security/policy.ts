/**
 * What the labels of a namespace ask of its pods: a standard that is enforced, one that users are warned about and one that
 * is noted in the audit log, each as it was in a version of Kubernetes.
 */
import type { FieldError } from '@skerry/api';

export type Level = 'privileged' | 'baseline' | 'restricted';

export interface Standard {
  readonly level: Level;
  /** `latest`, or `v1.28`. */
  readonly version: string;
}

export interface Policy {
  readonly enforce: Standard;
  readonly audit: Standard;
  readonly warn: Standard;
  readonly faults: readonly FieldError[];
}

const prefix = 'pod-security.kubernetes.io/';
const levels: readonly Level[] = ['privileged', 'baseline', 'restricted'];
const versionForm = /^v1\.([0-9]|[1-9][0-9]*)$/;

/** A bad level that is enforced is taken for the strictest, others for none; a bad version is the latest. */
export function policyOf(labels: Readonly<Record<string, string>> = {}): Policy {
  const faults: FieldError[] = [];
  const read = (mode: string, otherwise: Level): Standard => {
    const level = labels[`${prefix}${mode}`];
    const version = labels[`${prefix}${mode}-version`];
    if (level !== undefined && !isLevel(level))
      faults.push(labelFault(mode, level, 'must be one of privileged, baseline, restricted'));
    if (version !== undefined && !isVersion(version))
      faults.push(labelFault(`${mode}-version`, version, 'must be "latest" or "v1.x"'));
    return {
      level: level === undefined ? 'privileged' : isLevel(level) ? level : otherwise,
      version: version !== undefined && isVersion(version) ? version : 'latest',
    };
  };
  const enforce = read('enforce', 'restricted');
  const audit = read('audit', 'privileged');
  const warn = read('warn', 'privileged');
  const warned = labels[`${prefix}warn`] !== undefined || !isLevel(labels[`${prefix}enforce`] ?? '');
  const versioned = labels[`${prefix}warn-version`] !== undefined;
  return {
    enforce,
    audit,
    // Users of a namespace that refuses are warned of what it would refuse, unless it says otherwise.
    warn: warned ? warn : { level: enforce.level, version: versioned ? warn.version : enforce.version },
    faults,
  };
}

export function isStricter(a: Standard, b: Standard): boolean {
  return levels.indexOf(a.level) > levels.indexOf(b.level);
}

export function standardText({ level, version }: Standard): string {
  return `${level}:${version}`;
}

/** Undefined for `latest`. */
export function minorOf({ version }: Standard): number | undefined {
  const minor = versionForm.exec(version)?.[1];
  return minor === undefined ? undefined : Number(minor);
}

function isLevel(text: string): text is Level {
  return levels.some((level) => level === text);
}

function isVersion(text: string): boolean {
  return text === 'latest' || versionForm.test(text);
}

function labelFault(label: string, value: string, why: string): FieldError {
  return {
    reason: 'FieldValueInvalid',
    path: `metadata.labels[${prefix}${label}]`,
    message: `Invalid value: ${JSON.stringify(value)}: ${why}`,
  };
}
