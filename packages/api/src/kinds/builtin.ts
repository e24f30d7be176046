import type { KindInfo } from '#kind.ts';
import { kindFacts } from '#kinds.generated.ts';
import { fillRequired } from '#required-fields.ts';
import { builtinSchemas } from '#schemas.ts';
import {
  mutatingAdmissionPolicyBehaviour,
  mutatingAdmissionPolicyBindingBehaviour,
  mutatingWebhookBehaviour,
  validatingAdmissionPolicyBehaviour,
  validatingAdmissionPolicyBindingBehaviour,
  validatingWebhookBehaviour,
} from '#kinds/admission/admission.ts';
import { daemonSetBehaviour } from '#kinds/apps/daemon-set.ts';
import { deploymentBehaviour, replicaSetBehaviour } from '#kinds/apps/deployment.ts';
import { controllerRevisionBehaviour, statefulSetBehaviour } from '#kinds/apps/stateful-set.ts';
import {
  horizontalPodAutoscalerBehaviour,
  horizontalPodAutoscalerV1Behaviour,
} from '#kinds/autoscaling/horizontal-pod-autoscaler.ts';
import { cronJobBehaviour, jobBehaviour } from '#kinds/batch/job.ts';
import { type KindBehaviour, transient } from '#kinds/behaviour.ts';
import { csrBehaviour } from '#kinds/certificates/csr.ts';
import { leaseBehaviour } from '#kinds/coordination/lease.ts';
import { componentStatusBehaviour } from '#kinds/core/component-status.ts';
import { configMapBehaviour, secretBehaviour, serviceAccountBehaviour } from '#kinds/core/config.ts';
import { eventBehaviour, eventsEventBehaviour } from '#kinds/core/event.ts';
import { namespaceBehaviour } from '#kinds/core/namespace.ts';
import { nodeBehaviour } from '#kinds/core/node.ts';
import { podBehaviour } from '#kinds/core/pod.ts';
import { limitRangeBehaviour, resourceQuotaBehaviour } from '#kinds/core/policy.ts';
import { podTemplateBehaviour, replicationControllerBehaviour } from '#kinds/core/replication.ts';
import { endpointsBehaviour, serviceBehaviour } from '#kinds/core/service.ts';
import { persistentVolumeBehaviour, persistentVolumeClaimBehaviour } from '#kinds/core/volume.ts';
import { endpointSliceBehaviour } from '#kinds/discovery/endpoint-slice.ts';
import { apiServiceBehaviour, customResourceDefinitionBehaviour } from '#kinds/extension/extension.ts';
import { flowSchemaBehaviour, priorityLevelConfigurationBehaviour } from '#kinds/flowcontrol/flowcontrol.ts';
import {
  ingressBehaviour,
  ingressClassBehaviour,
  ipAddressBehaviour,
  networkPolicyBehaviour,
  serviceCidrBehaviour,
} from '#kinds/networking/networking.ts';
import { runtimeClassBehaviour } from '#kinds/node/runtime-class.ts';
import { podDisruptionBudgetBehaviour } from '#kinds/policy/disruption-budget.ts';
import {
  clusterRoleBehaviour,
  clusterRoleBindingBehaviour,
  roleBindingBehaviour,
  roleKindBehaviour,
} from '#kinds/rbac/rbac.ts';
import {
  deviceClassBehaviour,
  resourceClaimBehaviour,
  resourceClaimTemplateBehaviour,
  resourceSliceBehaviour,
} from '#kinds/resource/resource.ts';
import { priorityClassBehaviour } from '#kinds/scheduling/priority-class.ts';
import {
  csiDriverBehaviour,
  csiNodeBehaviour,
  csiStorageCapacityBehaviour,
  storageClassBehaviour,
  volumeAttachmentBehaviour,
  volumeAttributesClassBehaviour,
} from '#kinds/storage/storage.ts';

/** By `group/resource`, or `group/version/resource` where a version has a behaviour of its own. */
const behaviours: Readonly<Record<string, KindBehaviour>> = {
  '/bindings': transient(),
  '/componentstatuses': componentStatusBehaviour,
  '/configmaps': configMapBehaviour,
  '/endpoints': endpointsBehaviour,
  '/events': eventBehaviour,
  '/limitranges': limitRangeBehaviour,
  '/namespaces': namespaceBehaviour,
  '/nodes': nodeBehaviour,
  '/persistentvolumeclaims': persistentVolumeClaimBehaviour,
  '/persistentvolumes': persistentVolumeBehaviour,
  '/pods': podBehaviour,
  '/podtemplates': podTemplateBehaviour,
  '/replicationcontrollers': replicationControllerBehaviour,
  '/resourcequotas': resourceQuotaBehaviour,
  '/secrets': secretBehaviour,
  '/serviceaccounts': serviceAccountBehaviour,
  '/services': serviceBehaviour,
  'admissionregistration.k8s.io/mutatingadmissionpolicies': mutatingAdmissionPolicyBehaviour,
  'admissionregistration.k8s.io/mutatingadmissionpolicybindings': mutatingAdmissionPolicyBindingBehaviour,
  'admissionregistration.k8s.io/mutatingwebhookconfigurations': mutatingWebhookBehaviour,
  'admissionregistration.k8s.io/validatingadmissionpolicies': validatingAdmissionPolicyBehaviour,
  'admissionregistration.k8s.io/validatingadmissionpolicybindings': validatingAdmissionPolicyBindingBehaviour,
  'admissionregistration.k8s.io/validatingwebhookconfigurations': validatingWebhookBehaviour,
  'apiextensions.k8s.io/customresourcedefinitions': customResourceDefinitionBehaviour,
  'apiregistration.k8s.io/apiservices': apiServiceBehaviour,
  'apps/controllerrevisions': controllerRevisionBehaviour,
  'apps/daemonsets': daemonSetBehaviour,
  'apps/deployments': deploymentBehaviour,
  'apps/replicasets': replicaSetBehaviour,
  'apps/statefulsets': statefulSetBehaviour,
  'authentication.k8s.io/selfsubjectreviews': transient(),
  'authentication.k8s.io/tokenreviews': transient(),
  'authorization.k8s.io/localsubjectaccessreviews': transient(),
  'authorization.k8s.io/selfsubjectaccessreviews': transient(),
  'authorization.k8s.io/selfsubjectrulesreviews': transient(),
  'authorization.k8s.io/subjectaccessreviews': transient(),
  'autoscaling/horizontalpodautoscalers': horizontalPodAutoscalerBehaviour,
  'autoscaling/v1/horizontalpodautoscalers': horizontalPodAutoscalerV1Behaviour,
  'batch/cronjobs': cronJobBehaviour,
  'batch/jobs': jobBehaviour,
  'certificates.k8s.io/certificatesigningrequests': csrBehaviour,
  'coordination.k8s.io/leases': leaseBehaviour,
  'discovery.k8s.io/endpointslices': endpointSliceBehaviour,
  'events.k8s.io/events': eventsEventBehaviour,
  'flowcontrol.apiserver.k8s.io/flowschemas': flowSchemaBehaviour,
  'flowcontrol.apiserver.k8s.io/prioritylevelconfigurations': priorityLevelConfigurationBehaviour,
  'networking.k8s.io/ingressclasses': ingressClassBehaviour,
  'networking.k8s.io/ingresses': ingressBehaviour,
  'networking.k8s.io/ipaddresses': ipAddressBehaviour,
  'networking.k8s.io/networkpolicies': networkPolicyBehaviour,
  'networking.k8s.io/servicecidrs': serviceCidrBehaviour,
  'node.k8s.io/runtimeclasses': runtimeClassBehaviour,
  'policy/poddisruptionbudgets': podDisruptionBudgetBehaviour,
  'rbac.authorization.k8s.io/clusterrolebindings': clusterRoleBindingBehaviour,
  'rbac.authorization.k8s.io/clusterroles': clusterRoleBehaviour,
  'rbac.authorization.k8s.io/rolebindings': roleBindingBehaviour,
  'rbac.authorization.k8s.io/roles': roleKindBehaviour,
  'resource.k8s.io/deviceclasses': deviceClassBehaviour,
  'resource.k8s.io/resourceclaims': resourceClaimBehaviour,
  'resource.k8s.io/resourceclaimtemplates': resourceClaimTemplateBehaviour,
  'resource.k8s.io/resourceslices': resourceSliceBehaviour,
  'scheduling.k8s.io/priorityclasses': priorityClassBehaviour,
  'storage.k8s.io/csidrivers': csiDriverBehaviour,
  'storage.k8s.io/csinodes': csiNodeBehaviour,
  'storage.k8s.io/csistoragecapacities': csiStorageCapacityBehaviour,
  'storage.k8s.io/storageclasses': storageClassBehaviour,
  'storage.k8s.io/volumeattachments': volumeAttachmentBehaviour,
  'storage.k8s.io/volumeattributesclasses': volumeAttributesClassBehaviour,
};

/** Every kind that a Kubernetes 1.36 API server has built in, sorted by group, version and resource. */
export const builtinKinds: readonly KindInfo[] = kindFacts.map((facts) => {
  const own =
    behaviours[`${facts.group}/${facts.version}/${facts.resource}`] ??
    behaviours[`${facts.group}/${facts.resource}`];
  if (!own) throw new Error(`${facts.group}/${facts.resource} has no behaviour`);
  const schema = { ref: facts.schema };
  return {
    ...facts,
    ...own,
    strategy: {
      ...own.strategy,
      setDefaults(object, settled) {
        fillRequired(builtinSchemas, schema, object, settled);
        if (!own.strategy.setDefaults) return;
        own.strategy.setDefaults(object);
        // Defaults may have made what has required fields of its own.
        fillRequired(builtinSchemas, schema, object, settled);
      },
    },
  };
});

const byKind = new Map(builtinKinds.map((info) => [`${info.group}/${info.version}/${info.kind}`, info]));
const byResource = new Map(
  builtinKinds.map((info) => [`${info.group}/${info.version}/${info.resource}`, info]),
);

/** A built-in kind by its `apiVersion` and `kind`: `kindOf('apps', 'v1', 'Deployment')`. */
export function kindOf(group: string, version: string, kind: string): KindInfo | undefined {
  return byKind.get(`${group}/${version}/${kind}`);
}

/** A built-in kind by its place in the API: `resourceOf('', 'v1', 'pods')`. */
export function resourceOf(group: string, version: string, resource: string): KindInfo | undefined {
  return byResource.get(`${group}/${version}/${resource}`);
}
