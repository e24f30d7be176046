/** How groups and versions rank among each other in discovery. Numbers are Kubernetes', and visible in its APIServices. */
export interface Priority {
  readonly group: number;
  readonly version: number;
}

/** Of groups that a server has built in. */
const groups: Readonly<Record<string, number>> = {
  '': 18_000,
  'apiregistration.k8s.io': 18_000,
  apps: 17_800,
  'events.k8s.io': 17_750,
  'authentication.k8s.io': 17_700,
  'authorization.k8s.io': 17_600,
  autoscaling: 17_500,
  batch: 17_400,
  'certificates.k8s.io': 17_300,
  'networking.k8s.io': 17_200,
  policy: 17_100,
  'rbac.authorization.k8s.io': 17_000,
  'storage.k8s.io': 16_800,
  'apiextensions.k8s.io': 16_700,
  'admissionregistration.k8s.io': 16_700,
  'scheduling.k8s.io': 16_600,
  'coordination.k8s.io': 16_500,
  'node.k8s.io': 16_300,
  'discovery.k8s.io': 16_200,
  'resource.k8s.io': 16_200,
  'flowcontrol.apiserver.k8s.io': 16_100,
  'internal.apiserver.k8s.io': 16_000,
  'storagemigration.k8s.io': 15_800,
  'metrics.k8s.io': 100,
  'link.skerry.io': 100,
};

/** Of versions that rank otherwise than `v1` of a group does. */
const versions: Readonly<Record<string, number>> = {
  '/v1': 1,
  'autoscaling/v2': 30,
  'resource.k8s.io/v1': 21,
  'flowcontrol.apiserver.k8s.io/v1': 21,
  'metrics.k8s.io/v1beta1': 100,
  'link.skerry.io/v1alpha1': 1,
};
const stableVersion = 15;

/** Of what definitions define. */
export const customPriority: Priority = { group: 1000, version: 100 };

/** Undefined for a group that no server has built in. */
export function builtinPriority(group: string, version: string): Priority | undefined {
  const ofGroup = Object.hasOwn(groups, group) ? groups[group] : undefined;
  if (ofGroup === undefined) return undefined;
  return { group: ofGroup, version: versions[`${group}/${version}`] ?? stableVersion };
}
