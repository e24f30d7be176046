/** The five kinds of workload that the wizard makes and edits, as objects. */
import type { KubernetesObject } from '#editor/object-text.ts';
import { getAt, listIn, mapIn, setAt, textIn, type Path } from './object-path.ts';

export const workloadKinds = ['Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob'] as const;
export type WorkloadKind = (typeof workloadKinds)[number];

interface Facts {
  readonly apiVersion: string;
  readonly resource: string;
  readonly template: Path;
  readonly hasSelector: boolean;
  readonly hasReplicas: boolean;
}

const apps = {
  apiVersion: 'apps/v1',
  template: ['spec', 'template'],
  hasSelector: true,
  hasReplicas: true,
} as const;

export const workloadFacts: Readonly<Record<WorkloadKind, Facts>> = {
  Deployment: { ...apps, resource: 'deployments.apps' },
  StatefulSet: { ...apps, resource: 'statefulsets.apps' },
  DaemonSet: { ...apps, resource: 'daemonsets.apps', hasReplicas: false },
  Job: {
    apiVersion: 'batch/v1',
    resource: 'jobs.batch',
    template: ['spec', 'template'],
    hasSelector: false,
    hasReplicas: false,
  },
  CronJob: {
    apiVersion: 'batch/v1',
    resource: 'cronjobs.batch',
    template: ['spec', 'jobTemplate', 'spec', 'template'],
    hasSelector: false,
    hasReplicas: false,
  },
};

export function kindOfWorkload(object: KubernetesObject): WorkloadKind | undefined {
  return workloadKinds.find(
    (kind) => kind === object.kind && workloadFacts[kind].apiVersion === object.apiVersion,
  );
}

export function templatePath(object: KubernetesObject): Path {
  return workloadFacts[kindOfWorkload(object) ?? 'Deployment'].template;
}

const appLabel = 'app';
const defaultReplicas = 2;

export function newWorkload(kind: WorkloadKind): KubernetesObject {
  const { apiVersion, hasReplicas } = workloadFacts[kind];
  const template = { metadata: { labels: {} }, spec: { containers: [{ name: 'main', image: '' }] } };
  return withSpecOf(
    kind,
    {
      apiVersion,
      kind,
      metadata: { name: '' },
      spec: hasReplicas ? { replicas: defaultReplicas } : {},
    },
    template,
  );
}

/** The same pods under another kind. What only the former kind had is dropped. */
export function withKind(object: KubernetesObject, kind: WorkloadKind): KubernetesObject {
  if (kindOfWorkload(object) === kind) return object;
  const template = mapIn(object, templatePath(object));
  const { apiVersion, hasReplicas } = workloadFacts[kind];
  const replicas = getAt(object, ['spec', 'replicas']) ?? defaultReplicas;
  const changed = { ...object, apiVersion, kind, spec: hasReplicas ? { replicas } : {} };
  return named(withSpecOf(kind, changed, template), object.metadata?.name ?? '');
}

function withSpecOf(kind: WorkloadKind, object: KubernetesObject, template: object): KubernetesObject {
  const { template: path, hasSelector } = workloadFacts[kind];
  let next = setAt(object, path, template);
  const restartPolicy = hasSelector ? undefined : kind === 'Job' ? 'Never' : 'OnFailure';
  next = setAt(next, [...path, 'spec', 'restartPolicy'], restartPolicy);
  if (kind === 'CronJob') next = setAt(next, ['spec', 'schedule'], '0 3 * * *');
  return next;
}

/** Gives a new object its name, and the label by which its pods are found the same value. Only for one that isn't made yet. */
export function named(object: KubernetesObject, name: string): KubernetesObject {
  const before = object.metadata?.name ?? '';
  const kind = kindOfWorkload(object);
  let next = setAt(object, ['metadata', 'name'], name);
  const follows = (path: Path): void => {
    const label = textIn(next, path);
    if (label === '' || label === before) next = setAt(next, path, name === '' ? undefined : name);
  };
  follows(['metadata', 'labels', appLabel]);
  follows([...templatePath(next), 'metadata', 'labels', appLabel]);
  if (kind && workloadFacts[kind].hasSelector) follows(['spec', 'selector', 'matchLabels', appLabel]);
  if (kind === 'StatefulSet') follows(['spec', 'serviceName']);
  return next;
}

/** What is missing before the server can be asked, as ids of messages with the step where it is given. */
export type Missing = 'name' | 'container' | 'image' | 'schedule';

export function missingIn(object: KubernetesObject): readonly Missing[] {
  const containers = listIn(object, [...templatePath(object), 'spec', 'containers']);
  const all = [...containers, ...listIn(object, [...templatePath(object), 'spec', 'initContainers'])];
  return [
    ...(textIn(object, ['metadata', 'name']) === '' ? (['name'] as const) : []),
    ...(containers.length === 0 || all.some((one) => textIn(one, ['name']) === '')
      ? (['container'] as const)
      : []),
    ...(all.some((one) => textIn(one, ['image']) === '') ? (['image'] as const) : []),
    ...(object.kind === 'CronJob' && textIn(object, ['spec', 'schedule']) === ''
      ? (['schedule'] as const)
      : []),
  ];
}
