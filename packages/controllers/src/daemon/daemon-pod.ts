/** The pod of a DaemonSet for one node: bound to it by affinity, so that the scheduler still checks that it fits. */
import { daemonTolerations, requiredNodeName } from '@skerry/api';
import type { NodeSelectorTerm, Pod, PodSpec, Toleration } from '@skerry/api';
import type { ResourceRef } from '@skerry/client';
import { revisionHashLabel, templateGenerationAnnotation } from '#runtime/revision-history.ts';
import type { DaemonOwner } from '#daemon/owner.ts';
import { podFromTemplate } from '#runtime/pod-control.ts';

export function daemonPod(
  set: DaemonOwner,
  { ref, node, hash }: { readonly ref: ResourceRef; readonly node: string; readonly hash: string },
): Pod {
  const template = set.spec?.template ?? {};
  const pod = podFromTemplate(template, set, ref);
  const generation = set.metadata.annotations?.[templateGenerationAnnotation];
  pod.metadata.labels = {
    ...pod.metadata.labels,
    [revisionHashLabel]: hash,
    ...(generation ? { 'pod-template-generation': generation } : {}),
  };
  const spec = pod.spec ?? { containers: [] };
  pod.spec = { ...boundTo(spec, node), tolerations: withDaemonTolerations(spec) };
  return pod;
}

/** For one node alone, where the scheduler will put the pod if it fits. */
export function boundTo(spec: PodSpec, node: string): PodSpec {
  const nodeAffinity = {
    ...spec.affinity?.nodeAffinity,
    requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [onlyNode(node)] },
  };
  return { ...spec, affinity: { ...spec.affinity, nodeAffinity } };
}

function onlyNode(node: string): NodeSelectorTerm {
  return { matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] };
}

function withDaemonTolerations(spec: PodSpec): Toleration[] {
  const tolerations = [...(spec.tolerations ?? [])];
  for (const added of daemonTolerations({ hostNetwork: spec.hostNetwork ?? false })) {
    const isThere = tolerations.some(
      ({ key, operator, effect, value }) =>
        key === added.key && operator === added.operator && effect === added.effect && !value,
    );
    if (!isThere) tolerations.push(added);
  }
  return tolerations;
}

/** The node that a pod runs on, or is meant for. */
export function targetNode({ spec }: Pod): string | undefined {
  return spec && (spec.nodeName || requiredNodeName(spec));
}
