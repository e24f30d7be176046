/** Groups as stock servers list them: a short name that two groups know resolves to the first. Others follow by name. */
const knownGroups = [
  '',
  'apiregistration.k8s.io',
  'apps',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'scheduling.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
  'discovery.k8s.io',
  'resource.k8s.io',
  'flowcontrol.apiserver.k8s.io',
];

export function compareGroups(a: string, b: string): number {
  const left = knownGroups.indexOf(a);
  const right = knownGroups.indexOf(b);
  if (left >= 0 || right >= 0)
    return (left < 0 ? knownGroups.length : left) - (right < 0 ? knownGroups.length : right);
  return a < b ? -1 : a > b ? 1 : 0;
}

const kubeVersion = /^v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?$/;
const stability = { alpha: 0, beta: 1, stable: 2 };

/** Newest first: stable before beta before alpha, higher numbers first, what is no Kubernetes version last. */
export function compareVersions(a: string, b: string): number {
  const left = kubeVersion.exec(a);
  const right = kubeVersion.exec(b);
  if (!left || !right) return left ? -1 : right ? 1 : a < b ? -1 : a > b ? 1 : 0;
  const rank = (match: RegExpExecArray) => [
    stability[(match[2] as 'alpha' | 'beta' | undefined) ?? 'stable'],
    Number(match[1]),
    Number(match[3] ?? 0),
  ];
  const [x, y] = [rank(left), rank(right)];
  for (let i = 0; i < 3; i++) if (x[i] !== y[i]) return y[i]! - x[i]!;
  return 0;
}
