import type { Item } from '#cache/item.ts';

export interface Workload {
  /** `Pod` where nothing owns it. */
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** The workload of a pod as people know it: a ReplicaSet of a Deployment carries a hash behind its name. */
export function workloadOf({ facts, metadata }: Item): Workload {
  const namespace = metadata.namespace ?? '';
  if (facts?.kind !== 'pod' || !facts.owner) return { kind: 'Pod', namespace, name: metadata.name };
  const { kind, name } = facts.owner;
  const hash = metadata.labels?.['pod-template-hash'];
  if (kind === 'ReplicaSet' && hash && name.endsWith(`-${hash}`))
    return { kind: 'Deployment', namespace, name: name.slice(0, -hash.length - 1) };
  return { kind, namespace, name };
}

/** How an index finds the pods of a workload. */
export function workloadKey({ kind, namespace, name }: Workload): string {
  return `${kind}/${namespace}/${name}`;
}
