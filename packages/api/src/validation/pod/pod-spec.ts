/**
 * The specification of a pod, of a Pod itself or in a template.
 * Rules: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
 */
import type { ObjectMeta } from '#object.ts';
import { labelKeyFaults } from '#selector.ts';
import type { FieldError } from '#status.ts';
import type { PodDNSConfig, PodResourceClaim, PodSpec, PodTemplateSpec } from '#types.generated.ts';
import { checkLegacyIP } from '#validation/addresses.ts';
import {
  checkChoice,
  checkReasons,
  duplicateValue,
  forbiddenField,
  invalidValue,
  notFoundValue,
  rangeFault,
  required,
  tooLong,
} from '#validation/faults.ts';
import { dnsLabelFaults, dnsSearchFaults, dnsSubdomainFaults } from '#validation/names.ts';
import { checkAnnotations, checkLabels } from '#validation/object-meta.ts';
import { checkAffinity, checkSpread } from '#validation/pod/affinity.ts';
import { checkPodAnnotations, checkProfilesAgree, mirrorAnnotation } from '#validation/pod/annotations.ts';
import { checkContainers } from '#validation/pod/containers.ts';
import { leniencyOf, strict, type PodOptions } from '#validation/pod/options.ts';
import { checkResourcesOfPod } from '#validation/pod/pod-resources.ts';
import { checkHostUsers, checkPodSecurityContext } from '#validation/pod/security.ts';
import { checkVolumes } from '#validation/pod/volumes.ts';
import { checkHostProcess, checkOs, containersWithPaths } from '#validation/pod/windows.ts';
import { checkResources } from '#validation/resources.ts';
import { checkTolerations } from '#validation/taints.ts';
import { typedForm } from '#validation/typed-form.ts';

const int32Max = 2 ** 31 - 1;

/** `old`: what the template was, whose faults it may keep. */
export function checkPodTemplate(
  faults: FieldError[],
  template: PodTemplateSpec,
  path: string,
  old?: PodTemplateSpec,
): void {
  const found: FieldError[] = [];
  checkTemplate(found, template, path, strict);
  if (found.length > 0 && old?.spec) {
    found.length = 0;
    checkTemplate(found, template, path, leniencyOf(old.spec, old.metadata, strict));
  }
  faults.push(...found);
}

function checkTemplate(
  faults: FieldError[],
  { metadata, spec = { containers: [] } }: PodTemplateSpec,
  path: string,
  options: PodOptions,
): void {
  checkLabels(faults, metadata?.labels, `${path}.labels`);
  checkAnnotations(faults, metadata?.annotations, `${path}.annotations`);
  checkPodAnnotations(faults, metadata?.annotations, spec, `${path}.annotations`, options);
  checkPodSpec(faults, spec, `${path}.spec`, { meta: undefined, options });
  checkProfilesAgree(faults, metadata?.annotations, spec, `${path}.spec`);
  if (spec.ephemeralContainers?.length)
    faults.push(
      forbiddenField(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template'),
    );
}

const restartPolicies = ['Always', 'OnFailure', 'Never'];
const dnsPolicies = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];

/** After defaults. `meta` is that of the pod, unknown in a template. */
export function checkPodSpec(
  faults: FieldError[],
  spec: PodSpec,
  path: string,
  { meta, options }: { readonly meta: ObjectMeta | undefined; readonly options: PodOptions },
): void {
  const grace = spec.terminationGracePeriodSeconds;
  if (grace === undefined) faults.push(required(`${path}.terminationGracePeriodSeconds`));
  const volumes = checkVolumes(faults, spec.volumes, `${path}.volumes`, { meta, options });
  const claims = checkResourceClaims(faults, spec.resourceClaims, meta, `${path}.resourceClaims`);
  checkContainers(faults, spec, path, { volumes, claims, options });
  checkResourcesOfPod(faults, spec, `${path}.resources`, { claims, options });
  checkHostNetworkPorts(faults, spec, path, options);
  checkChoice(faults, `${path}.restartPolicy`, spec.restartPolicy, restartPolicies);
  checkChoice(faults, `${path}.dnsPolicy`, spec.dnsPolicy, dnsPolicies);
  checkLabels(faults, spec.nodeSelector, `${path}.nodeSelector`);
  checkPodSecurityContext(faults, spec, `${path}.securityContext`, options);
  if (spec.affinity) checkAffinity(faults, spec.affinity, `${path}.affinity`, options);
  checkDns(faults, spec, `${path}.dnsConfig`);
  checkGates(faults, spec, path);
  if (spec.topologySpreadConstraints)
    checkSpread(faults, spec.topologySpreadConstraints, `${path}.topologySpreadConstraints`, options);
  checkHostProcess(faults, spec, path);
  checkHostUsers(faults, spec, path, options);
  checkHostnameOverride(faults, spec, path);
  checkNamesAndNumbers(faults, spec, path, options);
  if (spec.overhead) checkResources(faults, { limits: spec.overhead }, `${path}.overhead`);
  checkOs(faults, spec, path);
  if (spec.schedulingGroup) checkSchedulingGroup(faults, spec, `${path}.schedulingGroup`);
  checkFileKeyVolumes(faults, spec, path);
}

function checkNamesAndNumbers(faults: FieldError[], spec: PodSpec, path: string, options: PodOptions): void {
  const { serviceAccountName, nodeName, hostname, subdomain, priorityClassName, runtimeClassName } = spec;
  if (serviceAccountName)
    checkReasons(
      faults,
      `${path}.serviceAccountName`,
      serviceAccountName,
      dnsSubdomainFaults(serviceAccountName),
    );
  if (nodeName) checkReasons(faults, `${path}.nodeName`, nodeName, dnsSubdomainFaults(nodeName));
  const deadline = spec.activeDeadlineSeconds;
  if (deadline !== undefined && (deadline < 1 || deadline > int32Max))
    faults.push(invalidValue(`${path}.activeDeadlineSeconds`, deadline, rangeFault(1, int32Max)));
  if (hostname) checkReasons(faults, `${path}.hostname`, hostname, dnsLabelFaults(hostname));
  if (subdomain) checkReasons(faults, `${path}.subdomain`, subdomain, dnsLabelFaults(subdomain));
  checkTolerations(faults, spec.tolerations, `${path}.tolerations`, {
    comparing: options.comparingTolerations,
  });
  for (const [index, { ip = '', hostnames }] of (spec.hostAliases ?? []).entries()) {
    const at = `${path}.hostAliases[${index}]`;
    checkLegacyIP(faults, `${at}.ip`, ip);
    for (const [position, name] of (hostnames ?? []).entries())
      checkReasons(faults, `${at}.hostnames[${position}]`, name, dnsSubdomainFaults(name));
  }
  if (priorityClassName)
    checkReasons(
      faults,
      `${path}.priorityClassName`,
      priorityClassName,
      dnsSubdomainFaults(priorityClassName),
    );
  if (runtimeClassName !== undefined)
    checkReasons(faults, `${path}.runtimeClassName`, runtimeClassName, dnsSubdomainFaults(runtimeClassName));
  if (spec.preemptionPolicy !== undefined)
    checkChoice(faults, `${path}.preemptionPolicy`, spec.preemptionPolicy, preemptionPolicies);
}

export const preemptionPolicies = ['PreemptLowerPriority', 'Never'];

const noClaims: ReadonlySet<string> = new Set();

function checkResourceClaims(
  faults: FieldError[],
  claims: readonly PodResourceClaim[] | undefined,
  meta: ObjectMeta | undefined,
  path: string,
): ReadonlySet<string> {
  if (!claims?.length) return noClaims;
  const names = new Set<string>();
  for (const [index, claim] of claims.entries()) {
    const at = `${path}[${index}]`;
    const { name, resourceClaimName, resourceClaimTemplateName } = claim;
    if (meta?.annotations?.[mirrorAnnotation] !== undefined) {
      faults.push(forbiddenField('', 'static pods do not support resource claims'));
      continue;
    }
    if (!name) faults.push(required(`${at}.name`));
    else if (names.has(name)) faults.push(duplicateValue(`${at}.name`, name));
    else checkReasons(faults, `${at}.name`, name, dnsLabelFaults(name));
    names.add(name);
    const given =
      (resourceClaimName === undefined ? 0 : 1) + (resourceClaimTemplateName === undefined ? 0 : 1);
    if (given !== 1)
      faults.push(
        invalidValue(
          at,
          typedForm('PodResourceClaim', claim),
          given > 1
            ? 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified'
            : 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`',
        ),
      );
    if (resourceClaimName !== undefined)
      checkReasons(
        faults,
        `${at}.resourceClaimName`,
        resourceClaimName,
        dnsSubdomainFaults(resourceClaimName),
      );
    if (resourceClaimTemplateName !== undefined)
      checkReasons(
        faults,
        `${at}.resourceClaimTemplateName`,
        resourceClaimTemplateName,
        dnsSubdomainFaults(resourceClaimTemplateName),
      );
  }
  names.delete('');
  return names;
}

function checkHostNetworkPorts(
  faults: FieldError[],
  spec: PodSpec,
  path: string,
  { isPod = false }: PodOptions,
): void {
  if (!spec.hostNetwork) return;
  for (const [index, { ports }] of (spec.containers ?? []).entries())
    for (const [position, { hostPort = 0, containerPort }] of (ports ?? []).entries())
      if ((isPod || hostPort !== 0) && hostPort !== containerPort)
        faults.push(
          invalidValue(
            `${path}.containers[${index}].ports[${position}].hostPort`,
            hostPort,
            'must match `containerPort` when `hostNetwork` is true',
          ),
        );
}

const nameserversMax = 3;
const searchesMax = 32;
const searchesLengthMax = 2048;

function checkDns(faults: FieldError[], { dnsPolicy, dnsConfig }: PodSpec, path: string): void {
  if (dnsPolicy === 'None' && !dnsConfig)
    faults.push(required(path, 'must provide `dnsConfig` when `dnsPolicy` is None'));
  else if (dnsPolicy === 'None' && !dnsConfig?.nameservers?.length)
    faults.push(
      required(`${path}.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None'),
    );
  else if (dnsConfig) checkDnsConfig(faults, dnsConfig, path);
}

function checkDnsConfig(
  faults: FieldError[],
  { nameservers = [], searches = [], options }: PodDNSConfig,
  path: string,
): void {
  if (nameservers.length > nameserversMax)
    faults.push(
      invalidValue(
        `${path}.nameservers`,
        nameservers,
        `must not have more than ${nameserversMax} nameservers`,
      ),
    );
  for (const [index, address] of nameservers.entries())
    checkLegacyIP(faults, `${path}.nameservers[${index}]`, address);
  if (searches.length > searchesMax)
    faults.push(
      invalidValue(`${path}.searches`, searches, `must not have more than ${searchesMax} search paths`),
    );
  if (searches.join(' ').length > searchesLengthMax)
    faults.push(
      invalidValue(
        `${path}.searches`,
        searches,
        `must not have more than ${searchesLengthMax} characters (including spaces) in the search list`,
      ),
    );
  for (const [index, search] of searches.entries()) {
    if (search === '.') continue;
    const domain = search.endsWith('.') ? search.slice(0, -1) : search;
    checkReasons(faults, `${path}.searches[${index}]`, domain, dnsSearchFaults(domain));
  }
  for (const [index, option] of (options ?? []).entries())
    if (!option.name) faults.push(required(`${path}.options[${index}]`, 'must not be empty'));
}

function checkGates(faults: FieldError[], spec: PodSpec, path: string): void {
  for (const [index, { conditionType = '' }] of (spec.readinessGates ?? []).entries())
    checkReasons(
      faults,
      `${path}.readinessGates[${index}].conditionType`,
      conditionType,
      labelKeyFaults(conditionType),
    );
  const seen = new Set<string>();
  for (const [index, { name = '' }] of (spec.schedulingGates ?? []).entries()) {
    const at = `${path}.schedulingGates[${index}]`;
    checkReasons(faults, at, name, labelKeyFaults(name));
    if (seen.has(name)) faults.push(duplicateValue(at, name));
    seen.add(name);
  }
}

const hostnameLengthMax = 64;

function checkHostnameOverride(faults: FieldError[], spec: PodSpec, path: string): void {
  const name = spec.hostnameOverride;
  if (name === undefined) return;
  const at = `${path}.hostnameOverride`;
  if (spec.setHostnameAsFQDN)
    faults.push(forbiddenField(at, 'may not be specified when setHostnameAsFQDN is true'));
  if (spec.hostNetwork) faults.push(forbiddenField(at, 'may not be specified when hostNetwork is true'));
  if (name.length > hostnameLengthMax) faults.push(tooLong(at, hostnameLengthMax));
  checkReasons(faults, at, name, dnsSubdomainFaults(name));
}

function checkSchedulingGroup(faults: FieldError[], { schedulingGroup }: PodSpec, path: string): void {
  const name = schedulingGroup?.podGroupName;
  const at = `${path}.podGroupName`;
  if (name === undefined) faults.push(invalidValue(at, null, 'must specify one of: `podGroupName`'));
  else checkReasons(faults, at, name, dnsSubdomainFaults(name));
}

function checkFileKeyVolumes(faults: FieldError[], spec: PodSpec, path: string): void {
  for (const { container, at } of containersWithPaths(spec, path))
    for (const [index, { valueFrom }] of (container.env ?? []).entries()) {
      const reference = valueFrom?.fileKeyRef;
      if (!reference) continue;
      const here = `${at}.env[${index}].valueFrom.fileKeyRef.volumeName`;
      const volume = spec.volumes?.findLast(({ name }) => name === reference.volumeName);
      if (!volume) faults.push(notFoundValue(here, reference.volumeName));
      else if (!volume.emptyDir)
        faults.push(invalidValue(here, reference.volumeName, 'referenced volume must be of type emptyDir'));
    }
}
