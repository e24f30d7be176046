/** The pod of an ordinal: its name, its labels and its claims are told by the ordinal, so that it is the same one again. */
import type { PersistentVolumeClaim, Pod, PodTemplateSpec, StatefulSet, Volume } from '@skerry/api';
import { resources } from '@skerry/client';
import { podFromTemplate } from '#runtime/pod-control.ts';
import { revisionHashLabel } from '#runtime/revision-history.ts';

export const podNameLabel = 'statefulset.kubernetes.io/pod-name';
const podIndexLabel = 'apps.kubernetes.io/pod-index';

export function memberName({ metadata }: StatefulSet, ordinal: number): string {
  return `${metadata.name}-${ordinal}`;
}

export function memberPod(
  set: StatefulSet,
  ordinal: number,
  { template, revision }: { readonly template: PodTemplateSpec; readonly revision: string },
): Pod {
  const pod = podFromTemplate(template, set, resources.statefulSets).metadata;
  const name = memberName(set, ordinal);
  const spec = structuredClone(template.spec) ?? { containers: [] };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...pod,
      name,
      labels: { ...pod.labels, ...identityLabels(set, ordinal), [revisionHashLabel]: revision },
    },
    spec: {
      ...spec,
      hostname: name,
      ...(set.spec?.serviceName ? { subdomain: set.spec.serviceName } : {}),
      ...withClaims(spec.volumes ?? [], claimsOf(set, ordinal)),
    },
  };
}

export function identityLabels(set: StatefulSet, ordinal: number): Record<string, string> {
  return { [podNameLabel]: memberName(set, ordinal), [podIndexLabel]: String(ordinal) };
}

/** A volume of the template gives way to a claim of its name. */
function withClaims(
  volumes: readonly Volume[],
  claims: ReadonlyMap<string, PersistentVolumeClaim>,
): { volumes?: Volume[] } {
  const claimed = [...claims].map(([name, { metadata }]) => ({
    name,
    persistentVolumeClaim: { claimName: metadata.name ?? '' },
  }));
  const all = [...claimed, ...volumes.filter(({ name }) => !claims.has(name))];
  return all.length > 0 ? { volumes: all } : {};
}

/** The claims that a pod needs, by the name of their template. */
export function claimsOf(set: StatefulSet, ordinal: number): Map<string, PersistentVolumeClaim> {
  const claims = new Map<string, PersistentVolumeClaim>();
  for (const { metadata, spec } of set.spec?.volumeClaimTemplates ?? []) {
    const name = metadata?.name ?? '';
    claims.set(name, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: {
        ...(metadata?.annotations ? { annotations: metadata.annotations } : {}),
        name: `${name}-${memberName(set, ordinal)}`,
        namespace: set.metadata.namespace,
        labels: { ...metadata?.labels, ...set.spec?.selector.matchLabels },
      },
      spec,
    });
  }
  return claims;
}
