/** Numbers that every server of a stock cluster has, under its names: what it is, and how the checks of its health ended. */
import type { MetricRegistry } from '@skerry/base';
import { versionDocument, type VersionInfo } from '#server-version.ts';

type Metrics = Pick<MetricRegistry, 'counter' | 'gauge' | 'sampled'>;

const buildFields = [
  'buildDate',
  'compiler',
  'gitCommit',
  'gitTreeState',
  'gitVersion',
  'goVersion',
  'major',
  'minor',
  'platform',
];

/** `goVersion` as of `versionDocument`. */
export function measureBuild(metrics: Metrics, version: VersionInfo, goVersion: string): void {
  const document = versionDocument(version, goVersion);
  metrics
    .gauge({
      name: 'kubernetes_build_info',
      help:
        "A metric with a constant '1' value labeled by major, minor, git version, git commit, git tree state, build date, Go " +
        'version, and compiler from which Kubernetes was built, and platform on which it is running.',
      labels: buildFields.map((name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)),
    })
    .with(...buildFields.map((name) => document[name] ?? ''))
    .set(1);
}

export interface HealthLook {
  /** Of the check: `etcd`, `job-controller`. */
  readonly name: string;
  /** Of those that are asked together. */
  readonly type: 'healthz' | 'livez' | 'readyz';
  readonly isWell: boolean;
}

export interface HealthNumbers {
  looked(look: HealthLook): void;
}

/**
 * How each check ended the last time, and how often how. `look` is for who is asked nothing but its numbers: then that is the
 * check.
 */
export function measureHealth(metrics: Metrics, look?: () => Iterable<HealthLook>): HealthNumbers {
  const last = new Map<string, HealthLook>();
  const gauge = {
    name: 'kubernetes_healthcheck',
    help: 'This metric records the result of a single healthcheck.',
    type: 'gauge',
    labels: ['name', 'type'],
  } as const;
  metrics.sampled(gauge, () => {
    if (look) last.clear();
    for (const each of look?.() ?? []) looked(each);
    return [...last.values()].map(({ name, type, isWell }) => [[name, type], Number(isWell)] as const);
  });
  const ends = metrics.counter({
    name: 'kubernetes_healthchecks_total',
    help: 'This metric records the results of all healthcheck.',
    labels: ['name', 'status', 'type'],
  });
  function looked({ name, type, isWell }: HealthLook): void {
    last.set(`${type}/${name}`, { name, type, isWell });
    ends.with(name, isWell ? 'success' : 'error', type).add();
  }
  return { looked };
}
