/** What the node agent, the scheduler and others report about a pod. */
import { labelKeyFaults } from '#selector.ts';
import type { FieldError } from '#status.ts';
import type { Container, ContainerStatus, Pod, PodSpec, PodStatus } from '#types.generated.ts';
import { checkLegacyIP, isDualStack } from '#validation/addresses.ts';
import {
  checkImmutable,
  checkReasons,
  duplicateValue,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  tooLong,
} from '#validation/faults.ts';
import { dnsSubdomainFaults } from '#validation/names.ts';
import { checkAnnotationsChange, specOf } from '#validation/pod/pod.ts';
import { checkId } from '#validation/pod/security.ts';

export function validatePodStatus(pod: Pod, old: Pod): FieldError[] {
  const faults: FieldError[] = [];
  const status = pod.status ?? {};
  const before = old.status ?? {};
  const spec = specOf(pod);
  checkAnnotationsChange(faults, pod, old);
  checkConditions(faults, status);
  if (spec.nodeName !== specOf(old).nodeName)
    faults.push(forbiddenField('status.nodeName', 'may not be changed directly'));
  checkNomination(faults, status, old);
  if ((status.observedGeneration ?? 0) < 0)
    faults.push(
      invalidValue('status.observedGeneration', status.observedGeneration, 'must be a non-negative integer'),
    );
  checkImmutable(faults, 'status.qosClass', status.qosClass ?? '', before.qosClass ?? '');
  checkTransitions(faults, status, before, specOf(old));
  checkClaimStatuses(faults, status, spec);
  checkIPs(faults, status, before);
  for (const list of statusLists)
    for (const [index, one] of (status[list] ?? []).entries())
      checkUser(faults, one, `status.${list}[${index}].user.linux`, spec.os?.name);
  checkHealth(faults, status, spec);
  return faults;
}

const statusLists = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const;
const systemConditions: ReadonlySet<string> = new Set(['PodScheduled', 'Ready', 'Initialized']);

function checkConditions(faults: FieldError[], { conditions }: PodStatus): void {
  for (const [index, { type = '', observedGeneration = 0 }] of (conditions ?? []).entries()) {
    const at = `status.conditions[${index}]`;
    if (observedGeneration < 0)
      faults.push(
        invalidValue(`${at}.observedGeneration`, observedGeneration, 'must be a non-negative integer'),
      );
    if (!systemConditions.has(type)) checkReasons(faults, `${at}.Type`, type, labelKeyFaults(type));
  }
}

function checkNomination(faults: FieldError[], { nominatedNodeName: name }: PodStatus, old: Pod): void {
  if (!name || name === old.status?.nominatedNodeName) return;
  const at = 'status.nominatedNodeName';
  checkReasons(faults, at, name, dnsSubdomainFaults(name));
  if (specOf(old).nodeName)
    faults.push(forbiddenField(at, 'may not be set on pods that are already bound to a node'));
}

/** A container that has ended for good stays ended. */
function checkTransitions(faults: FieldError[], status: PodStatus, before: PodStatus, spec: PodSpec): void {
  const restartAll = [...(spec.containers ?? []), ...(spec.initContainers ?? [])].some(
    ({ restartPolicyRules }) => restartPolicyRules?.some(({ action }) => action === 'RestartAllContainers'),
  );
  for (const list of statusLists) {
    if (restartAll && list !== 'ephemeralContainerStatuses') continue;
    for (const [index, old] of (before[list] ?? []).entries()) {
      const exitCode = old.state?.terminated?.exitCode;
      if (!old.state?.terminated) continue;
      const now = status[list]?.find(({ name }) => name === old.name);
      if (!now || now.state?.terminated) continue;
      const own = list === 'containerStatuses' ? spec.containers : spec.initContainers;
      const container = own?.find(({ name }) => name === old.name);
      const may =
        list !== 'ephemeralContainerStatuses' && container && mayRestart(container, spec, exitCode ?? 0);
      if (!may)
        faults.push(
          forbiddenField(`status.${list}[${index}].state`, 'may not be transitioned to non-terminated state'),
        );
    }
  }
}

function mayRestart(container: Container, spec: PodSpec, exitCode: number): boolean {
  if (container.restartPolicy !== undefined) {
    for (const { action, exitCodes } of container.restartPolicyRules ?? []) {
      const among = exitCodes?.values?.includes(exitCode) ?? false;
      const matches = exitCodes?.operator === 'In' ? among : exitCodes?.operator === 'NotIn' && !among;
      if (matches) return action === 'Restart';
    }
  }
  switch (container.restartPolicy ?? spec.restartPolicy) {
    case 'Never':
      return false;
    case 'OnFailure':
      return exitCode !== 0;
    default:
      return true;
  }
}

function checkClaimStatuses(faults: FieldError[], { resourceClaimStatuses }: PodStatus, spec: PodSpec): void {
  const names = new Set<string>();
  for (const [index, { name, resourceClaimName }] of (resourceClaimStatuses ?? []).entries()) {
    const at = `status.resourceClaimStatuses[${index}]`;
    if (!spec.resourceClaims?.some((claim) => claim.name === name))
      faults.push(
        invalidValue(`${at}.name`, name, 'must match the name of an entry in `spec.resourceClaims`'),
      );
    if (names.has(name)) faults.push(duplicateValue(`${at}.name`, name));
    names.add(name);
    if (resourceClaimName !== undefined)
      checkReasons(
        faults,
        `${at}.resourceClaimName`,
        resourceClaimName,
        dnsSubdomainFaults(resourceClaimName),
      );
  }
}

function checkIPs(faults: FieldError[], status: PodStatus, before: PodStatus): void {
  checkIPList(faults, status.podIPs, before.podIPs, 'status.podIPs');
  const first = status.hostIPs?.[0];
  if (first && (status.hostIP ?? '') !== first.ip)
    faults.push(invalidValue('status.hostIPs[0].ip', first.ip, 'must be equal to `hostIP`'));
  checkIPList(faults, status.hostIPs, before.hostIPs, 'status.hostIPs');
}

function checkIPList(
  faults: FieldError[],
  list: readonly { readonly ip: string }[] | undefined,
  before: readonly { readonly ip: string }[] | undefined,
  path: string,
): void {
  if (!list?.length) return;
  const old = (before ?? []).map(({ ip }) => ip);
  for (const [index, { ip = '' }] of list.entries()) checkLegacyIP(faults, `${path}[${index}]`, ip, old);
  if (list.length === 1) return;
  if (!isDualStack(list.map(({ ip }) => ip)) || list.length > 2)
    faults.push(
      invalidValue(
        path,
        list.map(({ ip }) => ({ IP: ip })),
        'may specify no more than one IP for each IP family',
      ),
    );
}

function checkUser(
  faults: FieldError[],
  { user }: ContainerStatus,
  path: string,
  os: string | undefined,
): void {
  if (!user?.linux) return;
  if (os === 'windows') {
    faults.push(forbiddenField(path, 'cannot be set for a windows pod'));
    return;
  }
  checkId(faults, user.linux.uid, `${path}.uid`);
  checkId(faults, user.linux.gid, `${path}.gid`);
  for (const [index, id] of (user.linux.supplementalGroups ?? []).entries())
    checkId(faults, id, `${path}.supplementalGroups[${index}]`);
}

const healthValues = ['Healthy', 'Unhealthy', 'Unknown'];
const healthMessageLengthMax = 1024;

function checkHealth(faults: FieldError[], status: PodStatus, spec: PodSpec): void {
  const lists = [
    ['containerStatuses', spec.containers],
    ['initContainerStatuses', spec.initContainers],
  ] as const;
  for (const [list, containers] of lists)
    for (const [index, one] of (status[list] ?? []).entries()) {
      const container = containers?.find(({ name }) => name === one.name);
      for (const [position, allocated] of (one.allocatedResourcesStatus ?? []).entries()) {
        const at = `status.${list}[${index}].allocatedResourcesStatus[${position}]`;
        if (container) checkAllocatedName(faults, allocated.name, container, `${at}.name`);
        checkDevices(faults, allocated.resources, `${at}.resources`);
      }
    }
  for (const [index, one] of (status.ephemeralContainerStatuses ?? []).entries())
    if (one.allocatedResourcesStatus?.length)
      faults.push(
        forbiddenField(
          `status.ephemeralContainerStatuses[${index}].allocatedResourcesStatus`,
          'must not be specified in container status',
        ),
      );
}

function checkAllocatedName(
  faults: FieldError[],
  name: string,
  { resources }: Container,
  path: string,
): void {
  if (name.startsWith('claim:')) {
    const known = (resources?.claims ?? []).some(
      (claim) => name === `claim:${claim.name}${claim.request ? `/${claim.request}` : ''}`,
    );
    if (!known)
      faults.push(
        invalidValue(
          path,
          name,
          "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty",
        ),
      );
  } else if (resources?.requests?.[name] === undefined)
    faults.push(invalidValue(path, name, "must match one of the container's resource requests"));
}

function checkDevices(
  faults: FieldError[],
  devices:
    | readonly { readonly resourceID: string; readonly health?: string; readonly message?: string }[]
    | undefined,
  path: string,
): void {
  const seen = new Set<string>();
  for (const [index, { resourceID, health = '', message }] of (devices ?? []).entries()) {
    const at = `${path}[${index}]`;
    if (!healthValues.includes(health)) faults.push(notSupported(`${at}.health`, health, healthValues));
    if (message === '') faults.push(required(`${at}.message`, 'must be non-empty if specified'));
    else if (message !== undefined && message.length > healthMessageLengthMax)
      faults.push(tooLong(`${at}.message`, healthMessageLengthMax));
    if (seen.has(resourceID)) faults.push(duplicateValue(`${at}.resourceID`, resourceID));
    seen.add(resourceID);
  }
}
