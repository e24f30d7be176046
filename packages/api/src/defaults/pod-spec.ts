/**
 * Defaults of a pod and of a pod template, filled in place. What only a `Pod` gets (requests from limits, service links,
 * host ports) is kept out of templates, as stock servers do: a template compares equal to what its author wrote.
 * An empty string or a null counts as absent.
 * Rules: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
 */
import type {
  Container,
  EphemeralContainer,
  HTTPGetAction,
  Lifecycle,
  PersistentVolumeClaimSpec,
  Pod,
  PodSpec,
  PodStatus,
  PodTemplateSpec,
  Probe,
  Volume,
  VolumeProjection,
} from '#types.generated.ts';
import { formatQuantity } from '#quantity.ts';
import { aggregate } from '#validation/pod/pod-resources.ts';

const fileMode = 0o644;

export function setPodTemplateDefaults(template: PodTemplateSpec | undefined): void {
  if (template?.spec) setPodSpecDefaults(template.spec);
}

export function setPodSpecDefaults(spec: PodSpec): void {
  spec.restartPolicy ||= 'Always';
  spec.dnsPolicy ||= 'ClusterFirst';
  spec.schedulerName ||= 'default-scheduler';
  spec.terminationGracePeriodSeconds ??= 30;
  spec.securityContext ??= {};
  // Two names for one field; the older one is kept in step for old readers.
  if (spec.serviceAccountName) spec.serviceAccount = spec.serviceAccountName;
  else if (spec.serviceAccount) spec.serviceAccountName = spec.serviceAccount;
  for (const volume of spec.volumes ?? []) setVolumeDefaults(volume);
  for (const container of spec.initContainers ?? []) setContainerDefaults(container);
  for (const container of spec.containers ?? []) setContainerDefaults(container);
  for (const container of spec.ephemeralContainers ?? []) setContainerDefaults(container);
}

/** Two names for one address, of which the older has the last word. */
function setAddressDefaults(status: PodStatus): void {
  const { podIP, podIPs = [] } = status;
  if (podIP && podIP !== podIPs[0]?.ip) status.podIPs = [{ ip: podIP }];
  else if (podIPs[0]?.ip) status.podIP = podIPs[0].ip;
}

/** Beyond `setPodSpecDefaults`. */
export function setPodDefaults(pod: Pod): void {
  const spec = pod.spec;
  if (pod.status) setAddressDefaults(pod.status);
  if (!spec) return;
  setPodSpecDefaults(spec);
  if (spec.terminationGracePeriodSeconds! < 0) spec.terminationGracePeriodSeconds = 1;
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  for (const container of containers) setRequestsFromLimits(container);
  spec.enableServiceLinks ??= true;
  if (spec.hostNetwork)
    for (const container of containers)
      for (const port of container.ports ?? []) port.hostPort ||= port.containerPort;
  setPodRequests(spec);
}

/** A pod that is limited as a whole asks for what its containers ask for, else for its limits. */
function setPodRequests(spec: PodSpec): void {
  const { resources } = spec;
  if (!resources?.limits) return;
  const requests = (resources.requests ??= {});
  for (const [name, amount] of aggregate(spec, 'requests'))
    if (name === 'cpu' || name === 'memory') requests[name] ??= formatQuantity(amount);
  for (const [name, quantity] of Object.entries(resources.limits))
    if (isOfPods(name)) requests[name] ??= quantity;
  if (Object.keys(requests).length === 0) delete resources.requests;
}

/** Whether a pod as a whole can be given it. */
function isOfPods(name: string): boolean {
  return name === 'cpu' || name === 'memory' || name.startsWith('hugepages-');
}

function setRequestsFromLimits(container: Container): void {
  const limits = container.resources?.limits;
  if (!container.resources || !limits) return;
  const requests = (container.resources.requests ??= {});
  for (const [name, quantity] of Object.entries(limits)) requests[name] ??= quantity;
}

const namePart = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const imageReference = new RegExp(
  `^(?:[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]+)?/)?(${namePart}(?:/${namePart})*)(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(@[A-Za-z][A-Za-z0-9+._-]*:[0-9a-fA-F]{32,})?$`,
);
const repositoryLengthMax = 255;

/** `Always` for the tag `latest`, given or implied; a digest pins the image. What is no image may as well be there. */
function defaultPullPolicy(image: string | undefined): 'Always' | 'IfNotPresent' {
  const [, repository = '', tag, digest] = imageReference.exec(image ?? '') ?? [];
  if (repository === '' || repository.length > repositoryLengthMax) return 'IfNotPresent';
  return tag === 'latest' || (tag === undefined && digest === undefined) ? 'Always' : 'IfNotPresent';
}

function setContainerDefaults(container: Container | EphemeralContainer): void {
  container.imagePullPolicy ||= defaultPullPolicy(container.image);
  container.terminationMessagePath ||= '/dev/termination-log';
  container.terminationMessagePolicy ||= 'File';
  container.resources ??= {};
  for (const port of container.ports ?? []) port.protocol ||= 'TCP';
  for (const variable of container.env ?? []) {
    const fieldRef = variable.valueFrom?.fieldRef;
    if (fieldRef) fieldRef.apiVersion ||= 'v1';
    const resourceRef = variable.valueFrom?.resourceFieldRef;
    if (resourceRef) resourceRef.divisor ??= '0';
    const fileRef = variable.valueFrom?.fileKeyRef;
    if (fileRef) fileRef.optional ??= false;
  }
  setProbeDefaults(container.livenessProbe);
  setProbeDefaults(container.readinessProbe);
  setProbeDefaults(container.startupProbe);
  setLifecycleDefaults(container.lifecycle);
}

function setProbeDefaults(probe: Probe | undefined): void {
  if (!probe) return;
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  setHttpGetDefaults(probe.httpGet);
  if (probe.grpc) probe.grpc.service ??= '';
}

function setLifecycleDefaults(lifecycle: Lifecycle | undefined): void {
  setHttpGetDefaults(lifecycle?.postStart?.httpGet);
  setHttpGetDefaults(lifecycle?.preStop?.httpGet);
}

function setHttpGetDefaults(action: HTTPGetAction | undefined): void {
  if (!action) return;
  action.path ||= '/';
  action.scheme ||= 'HTTP';
}

function setVolumeDefaults(volume: Volume): void {
  const sources = Object.keys(volume).filter((key) => key !== 'name');
  if (sources.length === 0) volume.emptyDir = {};
  if (volume.secret) volume.secret.defaultMode ??= fileMode;
  if (volume.configMap) volume.configMap.defaultMode ??= fileMode;
  if (volume.downwardAPI) {
    volume.downwardAPI.defaultMode ??= fileMode;
    for (const item of volume.downwardAPI.items ?? []) if (item.fieldRef) item.fieldRef.apiVersion ||= 'v1';
  }
  if (volume.projected) {
    volume.projected.defaultMode ??= fileMode;
    for (const source of volume.projected.sources ?? []) setProjectionDefaults(source);
  }
  if (volume.hostPath) volume.hostPath.type ??= '';
  if (volume.image) volume.image.pullPolicy ||= defaultPullPolicy(volume.image.reference);
  if (volume.iscsi) volume.iscsi.iscsiInterface ||= 'default';
  if (volume.rbd) {
    volume.rbd.pool ||= 'rbd';
    volume.rbd.user ||= 'admin';
    volume.rbd.keyring ||= '/etc/ceph/keyring';
  }
  if (volume.azureDisk) {
    volume.azureDisk.cachingMode ||= 'ReadWrite';
    volume.azureDisk.kind ||= 'Shared';
    volume.azureDisk.fsType ||= 'ext4';
    volume.azureDisk.readOnly ??= false;
  }
  if (volume.scaleIO) {
    volume.scaleIO.storageMode ||= 'ThinProvisioned';
    volume.scaleIO.fsType ||= 'xfs';
  }
  if (volume.ephemeral?.volumeClaimTemplate?.spec)
    setClaimSpecDefaults(volume.ephemeral.volumeClaimTemplate.spec);
}

function setProjectionDefaults(source: VolumeProjection): void {
  if (source.serviceAccountToken) source.serviceAccountToken.expirationSeconds ??= 3600;
  for (const item of source.downwardAPI?.items ?? []) if (item.fieldRef) item.fieldRef.apiVersion ||= 'v1';
}

export function setClaimSpecDefaults(spec: PersistentVolumeClaimSpec): void {
  spec.volumeMode ??= 'Filesystem';
}
