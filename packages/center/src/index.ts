export type * from './contract/index.ts';
export * from '#http/index.ts';
export * from '#access/cluster-access.ts';
export * from '#management/resources.ts';
export { installDefinitions } from '#management/install.ts';
export { installPolicies, requestedBy } from '#management/policies.ts';
export {
  clusterDefinition,
  ownClusterLabel,
  restoredFrom,
  type Cluster,
  type ClusterSpec,
  type ClusterStatus,
} from '#clusters/cluster.ts';
export { ClusterController } from '#clusters/cluster-controller.ts';
export { AvailabilityKeeper } from '#clusters/availability.ts';
export { ensureOwnCluster } from '#clusters/own-cluster.ts';
export type { ClusterHost, HostedFacts, HostedSettings, HostedState } from '#clusters/host.ts';
export { taskDefinition, taskView, type TaskStatus } from '#tasks/task.ts';
export type { Task as TaskObject } from '#tasks/task.ts';
export { TaskRunner, type TaskContext, type TaskKind, type TaskStep } from '#tasks/task-runner.ts';
export { saidText } from '#tasks/task-fault.ts';
export { ensureIdentities, identities } from '#clusters/identities.ts';
export { RegisteredConnections, type OpenConnection } from '#clusters/registered-connections.ts';
export { createDataPlane, type DataPlane, type DataPlaneOptions } from '#data-plane.ts';
export { createPeople, type People, type PeopleOptions } from '#people/people.ts';
export type { PostForm } from '#oidc/provider.ts';
export { peopleDefinitions } from '#people/definitions.ts';
export { peopleResources } from '#people/kinds.ts';
export type { ApiToken, Grant, IdentityProvider, Owner, User } from '#people/kinds.ts';
export { AddressRules } from '#clusters/import/address-rules.ts';
export { guardedDial } from '#clusters/import/guarded-dial.ts';
export { connectImported } from '#clusters/import/import-task.ts';
export { kubeconfigSecret, kubeconfigStamp } from '#clusters/import/kubeconfig-secret.ts';
export { localPeople, type LocalPeople } from '#people/local-people.ts';
export { Catalogue, type BuiltInComponent } from '#components/catalogue.ts';
export { componentDefinition, type Component } from '#components/component.ts';
export { ComponentController } from '#components/component-controller.ts';
export { ComponentService, type ComponentRequest } from '#components/component-service.ts';
export { componentTask, type ComponentTaskOptions } from '#components/component-tasks.ts';
export { componentRoutes } from '#components/component-routes.ts';
export { taskRoutes } from '#tasks/task-routes.ts';
