/**
 * Where the built-in kinds differ in how they are written and deleted. These are facts of a stock server's storage, told by
 * `group/resource`; nothing about a kind's fields explains them.
 */
import type { Served } from '#registry/kind-table.ts';

export function groupResource({ info }: Pick<Served, 'info'>): string {
  return `${info.group}/${info.resource}`;
}

/** Events of either group are stored as those of the core. */
export function storedGroup({ info }: Pick<Served, 'info'>): string {
  return info.group === 'events.k8s.io' ? '' : info.group;
}

/** Kinds that a PUT creates when they aren't there. */
const createdByUpdate: ReadonlySet<string> = new Set([
  'events.k8s.io/events',
  '/endpoints',
  '/events',
  '/limitranges',
  '/services',
  'coordination.k8s.io/leases',
  'node.k8s.io/runtimeclasses',
  'rbac.authorization.k8s.io/clusterrolebindings',
  'rbac.authorization.k8s.io/clusterroles',
  'rbac.authorization.k8s.io/rolebindings',
  'rbac.authorization.k8s.io/roles',
]);

export function isCreatedByUpdate(served: Served): boolean {
  return createdByUpdate.has(groupResource(served));
}

/** Whether a new object's status counts: a kubelet registers its node with one. */
export function isCreatedWithStatus(served: Served): boolean {
  return groupResource(served) === '/nodes';
}

/** Kinds that get a UUID for a name where their author gives none. */
export function namedByServer(served: Served): boolean {
  return groupResource(served) === '/limitranges';
}

/** Kinds of which a PUT must say which revision it replaces. */
const replacedByRevision: ReadonlySet<string> = new Set([
  'admissionregistration.k8s.io/mutatingadmissionpolicies',
  'admissionregistration.k8s.io/mutatingadmissionpolicybindings',
  'admissionregistration.k8s.io/mutatingwebhookconfigurations',
  'admissionregistration.k8s.io/validatingadmissionpolicies',
  'admissionregistration.k8s.io/validatingadmissionpolicybindings',
  'admissionregistration.k8s.io/validatingwebhookconfigurations',
  'apiextensions.k8s.io/customresourcedefinitions',
  'apiregistration.k8s.io/apiservices',
  'coordination.k8s.io/leases',
  'node.k8s.io/runtimeclasses',
  'policy/poddisruptionbudgets',
  'storage.k8s.io/csidrivers',
  'storage.k8s.io/csinodes',
  'storage.k8s.io/csistoragecapacities',
  'storage.k8s.io/volumeattachments',
]);

export function needsRevisionToReplace(served: Served): boolean {
  return served.custom || replacedByRevision.has(groupResource(served));
}

/** Kinds whose last state is the answer to a DELETE that ends them; of others it is a Status. */
const answeredWithObject: ReadonlySet<string> = new Set([
  '/namespaces',
  '/persistentvolumeclaims',
  '/persistentvolumes',
  '/pods',
  '/podtemplates',
  '/resourcequotas',
  '/serviceaccounts',
  '/services',
  'resource.k8s.io/deviceclasses',
  'resource.k8s.io/resourceclaims',
  'resource.k8s.io/resourceclaimtemplates',
  'resource.k8s.io/resourceslices',
  'storage.k8s.io/csidrivers',
  'storage.k8s.io/csinodes',
  'storage.k8s.io/storageclasses',
  'storage.k8s.io/volumeattachments',
  'storage.k8s.io/volumeattributesclasses',
]);

export function isAnsweredWithObject(served: Pick<Served, 'info'>): boolean {
  return answeredWithObject.has(groupResource(served));
}

/** Kinds whose dependents outlive them unless the request says otherwise, as their first versions did. */
export function orphansByDefault(served: Served): boolean {
  return groupResource(served) === '/replicationcontrollers' || groupResource(served) === 'batch/jobs';
}

/** Metadata that a write of the status leaves alone: all of it, some fields, or nothing. */
const statusKeeps: Readonly<Record<string, 'all' | readonly string[]>> = {
  '/pods': ['ownerReferences'],
  'admissionregistration.k8s.io/validatingadmissionpolicies': 'all',
  'apiregistration.k8s.io/apiservices': 'all',
  'apps/deployments': ['labels'],
  'flowcontrol.apiserver.k8s.io/flowschemas': 'all',
  'flowcontrol.apiserver.k8s.io/prioritylevelconfigurations': 'all',
  'networking.k8s.io/servicecidrs': 'all',
  'resource.k8s.io/resourceclaims': 'all',
  'storage.k8s.io/volumeattachments': 'all',
};

export function metadataKeptByStatus(served: Pick<Served, 'info' | 'custom'>): 'all' | readonly string[] {
  return served.custom ? 'all' : (statusKeeps[groupResource(served)] ?? []);
}

/** An annotation that is part of the spec in a stock server's own form, so that a write of the status leaves it alone. */
export function annotationOfSpec(served: Served): string | undefined {
  return groupResource(served) === 'apps/daemonsets' ? 'deprecated.daemonset.template.generation' : undefined;
}

/** Kinds without dependents, of which propagation is asked in vain. */
export function knowsNoDependents({ info }: Served): boolean {
  return info.resource === 'events' && (info.group === '' || info.group === 'events.k8s.io');
}

/** Kinds that are deleted in a way of their own, which looks at preconditions later and in other words. */
export function deletesItsOwnWay(served: Served): boolean {
  return (
    groupResource(served) === '/namespaces' ||
    groupResource(served) === 'apiextensions.k8s.io/customresourcedefinitions'
  );
}

/** Fields besides the spec whose change counts in `metadata.generation`; undefined where no change of any counts. */
export function countedMetadata(served: Served): readonly string[] | undefined {
  switch (groupResource(served)) {
    case 'scheduling.k8s.io/priorityclasses':
      return undefined;
    case 'apps/deployments':
      return ['annotations'];
    case 'discovery.k8s.io/endpointslices':
      return ['labels'];
    default:
      return [];
  }
}

/** Every kind that counts generations begins with 1, but for one. */
export function firstGeneration(served: Served): number | undefined {
  return served.info.hasGeneration && groupResource(served) !== 'storage.k8s.io/csidrivers' ? 1 : undefined;
}

/** A warning that a DELETE brings which leaves open what becomes of dependents. */
export function orphaningWarning(served: Served): string | undefined {
  return groupResource(served) === 'batch/jobs'
    ? 'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning'
    : undefined;
}

/** A warning that every answer about the kind carries. */
export function deprecation(served: Served): string | undefined {
  return groupResource(served) === '/endpoints'
    ? 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice'
    : undefined;
}
