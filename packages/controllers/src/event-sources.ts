import type { ControllerName } from '#catalogue.ts';

/**
 * The source under which a controller's events are shown, where stock clusters call it by another name than the controller:
 * `kubectl get events` and what filters by `reportingComponent` know these.
 */
const sources: Partial<Record<ControllerName, string>> = {
  'replicationcontroller-controller': 'replication-controller',
  'node-lifecycle-controller': 'node-controller',
  'node-ipam-controller': 'cidrAllocator',
  'disruption-controller': 'controllermanager',
  'endpointslice-controller': 'endpoint-slice-controller',
  'endpointslice-mirroring-controller': 'endpoint-slice-mirroring-controller',
  'persistentvolume-binder-controller': 'persistentvolume-controller',
  'persistentvolume-expander-controller': 'volume_expand',
  'ephemeral-volume-controller': 'ephemeral_volume',
};

export function eventSourceOf(name: ControllerName): string {
  return sources[name] ?? name;
}
