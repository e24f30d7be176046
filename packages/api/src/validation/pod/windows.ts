/** What pods for Windows may have and others may not, and the other way round. */
import type { FieldError } from '#status.ts';
import type {
  Container,
  EphemeralContainer,
  PodSpec,
  WindowsSecurityContextOptions,
} from '#types.generated.ts';
import { checkReasons, forbiddenField, invalidValue, notSupported, required } from '#validation/faults.ts';
import { dnsSubdomainFaults } from '#validation/names.ts';

const credentialKiBMax = 64;
const domainLengthEnd = 256;
const userLengthMax = 104;

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for.
const controlPattern = /[\u0000-\u001f\u007f]/;
const netBiosPattern = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const domainLabel = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?';
const domainPattern = new RegExp(`^${domainLabel}(?:\\.${domainLabel})*$`);
const badUserPattern = /["/\\:;|=,+*?<>@[\]]/;
const dotsPattern = /^[. ]+$/;

export function checkWindowsOptions(
  faults: FieldError[],
  options: WindowsSecurityContextOptions | undefined,
  path: string,
): void {
  if (!options) return;
  const { gmsaCredentialSpecName, gmsaCredentialSpec, runAsUserName } = options;
  if (gmsaCredentialSpecName !== undefined)
    checkReasons(
      faults,
      `${path}.gmsaCredentialSpecName`,
      gmsaCredentialSpecName,
      dnsSubdomainFaults(gmsaCredentialSpecName),
    );
  if (gmsaCredentialSpec === '')
    faults.push(
      invalidValue(
        `${path}.gmsaCredentialSpec`,
        gmsaCredentialSpec,
        'gmsaCredentialSpec cannot be an empty string',
      ),
    );
  else if (gmsaCredentialSpec !== undefined && gmsaCredentialSpec.length > credentialKiBMax * 1024)
    faults.push(
      invalidValue(
        `${path}.gmsaCredentialSpec`,
        gmsaCredentialSpec,
        `gmsaCredentialSpec size must be under ${credentialKiBMax} KiB`,
      ),
    );
  if (runAsUserName !== undefined)
    checkReasons(faults, `${path}.runAsUserName`, runAsUserName, userNameFaults(runAsUserName));
}

function userNameFaults(text: string): string[] {
  if (text === '') return ['runAsUserName cannot be an empty string'];
  if (controlPattern.test(text)) return ['runAsUserName cannot contain control characters'];
  const parts = text.split('\\');
  if (parts.length > 2) return ['runAsUserName cannot contain more than one backslash'];
  const user = parts.at(-1) ?? '';
  const domain = parts.length === 2 ? (parts[0] ?? '') : undefined;
  const faults: string[] = [];
  if (domain !== undefined && domain.length >= domainLengthEnd)
    faults.push(`runAsUserName's Domain length must be under ${domainLengthEnd} characters`);
  if (domain !== undefined && !netBiosPattern.test(domain) && !domainPattern.test(domain))
    faults.push("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
  if (user === '') faults.push("runAsUserName's User cannot be empty");
  else if (user.length > userLengthMax)
    faults.push(`runAsUserName's User length must not be longer than ${userLengthMax} characters`);
  if (dotsPattern.test(user)) faults.push("runAsUserName's User cannot contain only periods or spaces");
  if (badUserPattern.test(user))
    faults.push(`runAsUserName's User cannot contain the following characters: "/\\:;|=,+*?<>@[]`);
  return faults;
}

type AnyContainer = Container | EphemeralContainer;

/** All containers with their paths: init containers first. */
export function* containersWithPaths(
  spec: PodSpec,
  path: string,
): Generator<{ readonly container: AnyContainer; readonly at: string }> {
  for (const list of ['initContainers', 'containers', 'ephemeralContainers'] as const)
    for (const [index, container] of (spec[list] ?? []).entries())
      yield { container, at: `${path}.${list}[${index}]` };
}

/** Containers that run on the node itself: all of a pod or none. */
export function checkHostProcess(faults: FieldError[], spec: PodSpec, path: string): void {
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess;
  let count = 0;
  let onHost = 0;
  for (const { container, at } of containersWithPaths(spec, path)) {
    count += 1;
    const own = container.securityContext?.windowsOptions?.hostProcess;
    if (ofPod !== undefined && own !== undefined && ofPod !== own)
      faults.push(
        invalidValue(
          `${at}.securityContext.windowsOptions.hostProcess`,
          own,
          `pod hostProcess value must be identical if both are specified, was ${ofPod}`,
        ),
      );
    if (own ?? ofPod) onHost += 1;
  }
  if (onHost === 0) return;
  if (onHost !== count)
    faults.push(
      invalidValue(
        path,
        '',
        'If pod contains any hostProcess containers then all containers must be HostProcess containers',
      ),
    );
  if (!spec.hostNetwork)
    faults.push(
      invalidValue(
        `${path}.hostNetwork`,
        false,
        'hostNetwork must be true if pod contains any hostProcess containers',
      ),
    );
}

export function checkOs(faults: FieldError[], spec: PodSpec, path: string): void {
  if (!spec.os) return;
  const { name } = spec.os;
  if (!name) faults.push(required(`${path}.os.name`));
  else if (name === 'linux') checkLinux(faults, spec, path);
  else if (name === 'windows') checkWindows(faults, spec, path);
  else faults.push(notSupported(`${path}.os`, name, ['linux', 'windows']));
}

function checkLinux(faults: FieldError[], spec: PodSpec, path: string): void {
  const why = 'windows options cannot be set for a linux pod';
  if (spec.securityContext?.windowsOptions)
    faults.push(forbiddenField(`${path}.securityContext.windowsOptions`, why));
  for (const { container, at } of containersWithPaths(spec, path))
    if (container.securityContext?.windowsOptions)
      faults.push(forbiddenField(`${at}.securityContext.windowsOptions`, why));
}

const linuxOnlyOfContainer = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'capabilities',
  'readOnlyRootFilesystem',
  'privileged',
  'allowPrivilegeEscalation',
  'procMount',
  'runAsUser',
  'runAsGroup',
] as const;

function checkWindows(faults: FieldError[], spec: PodSpec, path: string): void {
  const forbid = (at: string, value: unknown): void => {
    if (value !== undefined && value !== false)
      faults.push(forbiddenField(at, 'cannot be set for a windows pod'));
  };
  const set = (value: unknown): boolean | undefined => (value === undefined ? undefined : true);
  const context = spec.securityContext ?? {};
  const inContext = (field: keyof typeof context): void =>
    forbid(`${path}.securityContext.${field}`, set(context[field]));
  inContext('appArmorProfile');
  inContext('seLinuxOptions');
  forbid(`${path}.hostUsers`, set(spec.hostUsers));
  forbid(`${path}.hostPID`, spec.hostPID);
  forbid(`${path}.hostIPC`, spec.hostIPC);
  inContext('seccompProfile');
  inContext('fsGroup');
  inContext('fsGroupChangePolicy');
  forbid(`${path}.securityContext.sysctls`, context.sysctls?.length ? true : undefined);
  forbid(`${path}.shareProcessNamespace`, set(spec.shareProcessNamespace));
  inContext('runAsUser');
  inContext('runAsGroup');
  inContext('supplementalGroups');
  inContext('supplementalGroupsPolicy');
  inContext('seLinuxChangePolicy');
  for (const { container, at } of containersWithPaths(spec, path))
    for (const field of linuxOnlyOfContainer)
      forbid(`${at}.securityContext.${field}`, set(container.securityContext?.[field]));
}
