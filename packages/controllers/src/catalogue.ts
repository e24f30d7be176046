/** Every controller by name, and what some of them need to be told. */
import type { Service } from '@skerry/base';
import { createDaemonSetController } from '#apps/daemon-set/daemon-set.ts';
import { createDeploymentController } from '#apps/deployment/deployment.ts';
import { createReplicaSetController, createReplicationController } from '#apps/replica-set/replica-set.ts';
import { createStatefulSetController } from '#apps/stateful-set/stateful-set.ts';
import { createNodeIpamController } from '#core/node-ipam/node-ipam.ts';
import type { NodeIpamSettings } from '#core/node-ipam/node-ipam.ts';
import { createNodeLifecycleController } from '#core/node-lifecycle/node-lifecycle.ts';
import type { NodeLifecycleSettings } from '#core/node-lifecycle/node-lifecycle.ts';
import { createTaintEvictionController } from '#core/node-lifecycle/taint-eviction.ts';
import { createHorizontalPodAutoscalerController } from '#autoscaling/horizontal-pod-autoscaler.ts';
import type { AutoscalerSettings } from '#autoscaling/horizontal-pod-autoscaler.ts';
import { createCronJobController } from '#batch/cron-job/cron-job.ts';
import type { CronJobSettings } from '#batch/cron-job/cron-job.ts';
import { createJobController } from '#batch/job/job.ts';
import { createCertificateController } from '#certificates/node-certificates.ts';
import type { CertificateSettings } from '#certificates/node-certificates.ts';
import { createTokenCleaner } from '#certificates/token-cleaner.ts';
import { createEndpointSliceController } from '#core/endpoint-slice/endpoint-slice.ts';
import { createEndpointSliceMirroringController } from '#core/endpoint-slice-mirroring/endpoint-slice-mirroring.ts';
import { createGarbageCollector } from '#core/garbage-collector/garbage-collector.ts';
import { createNamespaceController } from '#core/namespace/namespace.ts';
import { createPodGcController } from '#core/pod-gc/pod-gc.ts';
import type { PodGcSettings } from '#core/pod-gc/pod-gc.ts';
import {
  createRootCertificateController,
  createServiceAccountController,
} from '#core/service-account/service-account.ts';
import { createServiceCidrController } from '#core/service-cidr/service-cidr.ts';
import { createTokenSecretController } from '#core/service-account/token-secrets.ts';
import { createAttributesClassProtectionController } from '#core/storage-protection/attributes-class-protection.ts';
import { createClaimProtectionController } from '#core/storage-protection/claim-protection.ts';
import { createVolumeProtectionController } from '#core/storage-protection/volume-protection.ts';
import { createVolumeBinder } from '#storage/binder.ts';
import { createEphemeralVolumeController } from '#storage/ephemeral-volumes.ts';
import { createVolumeExpander } from '#storage/expander.ts';
import { createLocalPathProvisioner } from '#storage/local-path/provisioner.ts';
import { createLocalPathResizer } from '#storage/local-path/resizer.ts';
import { createCrossingController } from '#edge/crossing/crossing.ts';
import { createTtlController } from '#core/ttl/ttl.ts';
import { createLoadBalancerController } from '#edge/load-balancer/load-balancer.ts';
import { createNodePoolController } from '#edge/node-pool/node-pool.ts';
import { createPoolNetworkController } from '#edge/pool-network/pool-network.ts';
import { createOpenKruiseComponent } from '#kruise/component.ts';
import type { OpenKruiseSettings } from '#kruise/component.ts';
import { createNetworkPolicyController } from '#policy/network-policy/network-policy.ts';
import { createDisruptionController } from '#policy/disruption/disruption.ts';
import type { ControllerContext } from '#runtime/controller.ts';

export interface ControllerSettings
  extends
    NodeLifecycleSettings,
    NodeIpamSettings,
    CertificateSettings,
    PodGcSettings,
    CronJobSettings,
    AutoscalerSettings,
    OpenKruiseSettings {}

type Create = (context: ControllerContext, settings: ControllerSettings) => Service | undefined;

const creators = {
  'deployment-controller': createDeploymentController,
  'replicaset-controller': createReplicaSetController,
  'replicationcontroller-controller': createReplicationController,
  'daemonset-controller': createDaemonSetController,
  'statefulset-controller': createStatefulSetController,
  'job-controller': createJobController,
  'cronjob-controller': createCronJobController,
  'horizontal-pod-autoscaler': createHorizontalPodAutoscalerController,
  'node-lifecycle-controller': createNodeLifecycleController,
  'taint-eviction-controller': createTaintEvictionController,
  'ttl-controller': createTtlController,
  'node-ipam-controller': createNodeIpamController,
  'pod-garbage-collector-controller': createPodGcController,
  'garbage-collector-controller': createGarbageCollector,
  'namespace-controller': createNamespaceController,
  'service-account-controller': createServiceAccountController,
  'root-ca-certificate-publisher-controller': createRootCertificateController,
  'serviceaccount-token-controller': createTokenSecretController,
  'certificate-controller': createCertificateController,
  'token-cleaner-controller': createTokenCleaner,
  'node-pool-controller': createNodePoolController,
  'crossing-controller': createCrossingController,
  'pool-network-controller': createPoolNetworkController,
  'load-balancer-controller': createLoadBalancerController,
  'disruption-controller': createDisruptionController,
  'network-policy-controller': createNetworkPolicyController,
  'endpointslice-controller': createEndpointSliceController,
  'endpointslice-mirroring-controller': createEndpointSliceMirroringController,
  'service-cidr-controller': createServiceCidrController,
  'persistentvolumeclaim-protection-controller': createClaimProtectionController,
  'persistentvolume-protection-controller': createVolumeProtectionController,
  'volumeattributesclass-protection-controller': createAttributesClassProtectionController,
  'persistentvolume-binder-controller': createVolumeBinder,
  'persistentvolume-expander-controller': createVolumeExpander,
  'ephemeral-volume-controller': createEphemeralVolumeController,
  'local-path-provisioner': createLocalPathProvisioner,
  'local-path-resizer': createLocalPathResizer,
  'openkruise-component': createOpenKruiseComponent,
} satisfies Record<string, Create>;

export type ControllerName = keyof typeof creators;

export const catalogue: Readonly<Record<ControllerName, Create>> = creators;
