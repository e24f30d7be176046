import type { Container, KubeObject, Pod, Volume } from '@skerry/api';
import { stripManagedFields } from '@skerry/client';

/**
 * A pod without what no controller reads: images, environments, mounts, probes, volumes that are no claims, and
 * the manifest that kubectl notes on it. A cluster's pods are most of the controllers' memory, and this is most of a pod. Written back is only
 * what a status update takes, or a patch. Other objects only lose their managed fields.
 */
export function controllerView<T extends KubeObject>(object: T): T {
  return object.kind === 'Pod'
    ? (podView(object as KubeObject as Pod) as KubeObject as T)
    : stripManagedFields(object);
}

const appliedManifest = 'kubectl.kubernetes.io/last-applied-configuration';

function podView({ apiVersion, kind, metadata, spec, status }: Pod): Pod {
  const { annotations, managedFields: _managedFields, ...kept } = metadata;
  const { [appliedManifest]: _manifest, ...notes } = annotations ?? {};
  return {
    apiVersion,
    kind,
    metadata: annotations ? { ...kept, annotations: notes } : kept,
    spec: spec && {
      nodeName: spec.nodeName,
      // Says which node a DaemonSet's pod is meant for, until it is there.
      ...(spec.nodeName ? {} : { affinity: spec.affinity }),
      hostname: spec.hostname,
      subdomain: spec.subdomain,
      hostNetwork: spec.hostNetwork,
      restartPolicy: spec.restartPolicy,
      // What autoscalers measure against, where it is told for the pod as a whole.
      ...(spec.resources ? { resources: spec.resources } : {}),
      ...(spec.readinessGates ? { readinessGates: spec.readinessGates } : {}),
      priority: spec.priority,
      tolerations: spec.tolerations,
      terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds,
      containers: spec.containers.map(containerView),
      initContainers: spec.initContainers?.map(containerView),
      ...claimsOf(spec.volumes),
    },
    status,
  };
}

/** The volumes that are claims, as far as they name them. */
function claimsOf(volumes: readonly Volume[] = []): { volumes?: Volume[] } {
  const claims = volumes.flatMap(({ name, persistentVolumeClaim, ephemeral }): Volume[] => {
    if (persistentVolumeClaim) return [{ name, persistentVolumeClaim }];
    return ephemeral ? [{ name, ephemeral: {} }] : [];
  });
  return claims.length > 0 ? { volumes: claims } : {};
}

function containerView({ name, ports, resources, restartPolicy }: Container): Container {
  return { name, ports, resources, restartPolicy };
}
