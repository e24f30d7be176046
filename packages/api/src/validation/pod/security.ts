/**
 * Security contexts of pods and containers.
 * Rules: https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
 */
import type { FieldError } from '#status.ts';
import type { AppArmorProfile, PodSpec, SeccompProfile, SecurityContext, Sysctl } from '#types.generated.ts';
import {
  checkOptionalChoice,
  duplicateValue,
  forbiddenField,
  invalidValue,
  notSupported,
  rangeFault,
  required,
  tooLong,
} from '#validation/faults.ts';
import { checkDescending } from '#validation/paths.ts';
import type { PodOptions } from '#validation/pod/options.ts';
import { checkWindowsOptions } from '#validation/pod/windows.ts';
import { typedForm } from '#validation/typed-form.ts';

const idMax = 2 ** 31 - 1;

export function checkId(faults: FieldError[], id: number | undefined, path: string): void {
  if (id !== undefined && (id < 0 || id > idMax)) faults.push(invalidValue(path, id, rangeFault(0, idMax)));
}

/** `hostUsers`: whether the container shares the node's user namespace. */
export function checkSecurityContext(
  faults: FieldError[],
  context: SecurityContext | undefined,
  path: string,
  hostUsers: boolean,
): void {
  if (!context) return;
  checkId(faults, context.runAsUser, `${path}.runAsUser`);
  checkId(faults, context.runAsGroup, `${path}.runAsGroup`);
  if (context.procMount !== undefined) {
    const at = `${path}.procMount`;
    checkOptionalChoice(faults, at, context.procMount, ['Default', 'Unmasked']);
    if (hostUsers && context.procMount === 'Unmasked')
      faults.push(invalidValue(at, context.procMount, '`hostUsers` must be false to use `Unmasked`'));
  }
  checkSeccomp(faults, context.seccompProfile, `${path}.seccompProfile`);
  checkEscalation(faults, context, path);
  checkWindowsOptions(faults, context.windowsOptions, `${path}.windowsOptions`);
  checkAppArmor(faults, context.appArmorProfile, `${path}.appArmorProfile`);
}

function checkEscalation(faults: FieldError[], context: SecurityContext, path: string): void {
  if (context.allowPrivilegeEscalation !== false) return;
  if (context.privileged)
    faults.push(
      invalidValue(
        path,
        typedForm('SecurityContext', context),
        'cannot set `allowPrivilegeEscalation` to false and `privileged` to true',
      ),
    );
  for (const capability of context.capabilities?.add ?? [])
    if (capability === 'CAP_SYS_ADMIN')
      faults.push(
        invalidValue(
          path,
          typedForm('SecurityContext', context),
          'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN',
        ),
      );
}

const profileTypes = ['Localhost', 'RuntimeDefault', 'Unconfined'];

function checkSeccomp(faults: FieldError[], profile: SeccompProfile | undefined, path: string): void {
  if (!profile) return;
  const { type, localhostProfile } = profile;
  if (!type) faults.push(required(`${path}.type`, 'type is required when seccompProfile is set'));
  else checkOptionalChoice(faults, `${path}.type`, type, profileTypes);
  const at = `${path}.localhostProfile`;
  if (type === 'Localhost') {
    if (localhostProfile === undefined)
      faults.push(required(at, 'must be set when seccomp type is Localhost'));
    else checkDescending(faults, localhostProfile, at);
  } else if (localhostProfile !== undefined)
    faults.push(
      invalidValue(
        at,
        typedForm('SeccompProfile', profile),
        'can only be set when seccomp type is Localhost',
      ),
    );
}

const localhostProfileLengthMax = 4095;

function checkAppArmor(faults: FieldError[], profile: AppArmorProfile | undefined, path: string): void {
  if (!profile) return;
  const { type, localhostProfile } = profile;
  const at = `${path}.localhostProfile`;
  switch (type) {
    case 'Localhost': {
      const absent = 'must be set when AppArmor type is Localhost';
      if (localhostProfile === undefined) {
        faults.push(required(at, absent));
        return;
      }
      const trimmed = localhostProfile.trim();
      if (trimmed !== localhostProfile)
        faults.push(invalidValue(at, localhostProfile, 'must not be padded with whitespace'));
      else if (trimmed === '') faults.push(required(at, absent));
      if (localhostProfile.length > localhostProfileLengthMax)
        faults.push(tooLong(at, localhostProfileLengthMax));
      return;
    }
    case 'RuntimeDefault':
    case 'Unconfined':
      if (localhostProfile !== undefined)
        faults.push(invalidValue(at, localhostProfile, 'can only be set when AppArmor type is Localhost'));
      return;
    case '':
      faults.push(required(`${path}.type`, 'type is required when appArmorProfile is set'));
      return;
    default:
      faults.push(notSupported(`${path}.type`, type, profileTypes));
  }
}

export function checkPodSecurityContext(
  faults: FieldError[],
  spec: PodSpec,
  path: string,
  options: PodOptions,
): void {
  const context = spec.securityContext;
  checkId(faults, context?.fsGroup, `${path}.fsGroup`);
  checkId(faults, context?.runAsUser, `${path}.runAsUser`);
  checkId(faults, context?.runAsGroup, `${path}.runAsGroup`);
  for (const [index, id] of (context?.supplementalGroups ?? []).entries())
    checkId(faults, id, `${path}.supplementalGroups[${index}]`);
  if (spec.shareProcessNamespace && spec.hostPID)
    faults.push(
      invalidValue(
        `${path}.shareProcessNamespace`,
        true,
        'ShareProcessNamespace and HostPID cannot both be enabled',
      ),
    );
  if (!context) return;
  if (context.sysctls) checkSysctls(faults, context.sysctls, spec, `${path}.sysctls`, options);
  checkOptionalChoice(faults, `${path}.fsGroupChangePolicy`, context.fsGroupChangePolicy, [
    'Always',
    'OnRootMismatch',
  ]);
  checkSeccomp(faults, context.seccompProfile, `${path}.seccompProfile`);
  checkWindowsOptions(faults, context.windowsOptions, `${path}.windowsOptions`);
  checkAppArmor(faults, context.appArmorProfile, `${path}.appArmorProfile`);
  checkOptionalChoice(faults, `${path}.supplementalGroupsPolicy`, context.supplementalGroupsPolicy, [
    'Merge',
    'Strict',
  ]);
  checkOptionalChoice(
    faults,
    `${path}.seLinuxChangePolicy`,
    context.seLinuxChangePolicy,
    options.mountOptionPolicy ? ['MountOption', 'Recursive'] : ['Recursive'],
  );
}

const sysctlLengthMax = 253;
const sysctlSegment = '[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const sysctlPattern = `^(${sysctlSegment}[\\./])*${sysctlSegment}$`;
const sysctlName = new RegExp(sysctlPattern);

function checkSysctls(
  faults: FieldError[],
  sysctls: readonly Sysctl[],
  { hostNetwork, hostIPC }: PodSpec,
  path: string,
  options: PodOptions,
): void {
  const names = new Set<string>();
  for (const [index, { name = '' }] of sysctls.entries()) {
    const at = `${path}[${index}].name`;
    if (!name) faults.push(required(at));
    else if (name.length > sysctlLengthMax || !sysctlName.test(name))
      faults.push(
        invalidValue(
          at,
          name,
          `must have at most ${sysctlLengthMax} characters and match regex ${sysctlPattern}`,
        ),
      );
    else if (names.has(name)) faults.push(duplicateValue(at, name));
    names.add(name);
    if (options.anyHostSysctls) continue;
    const namespace = sysctlNamespace(name);
    if (hostNetwork && namespace === 'net')
      faults.push(invalidValue(at, name, "may not be specified when 'hostNetwork' is true"));
    else if (hostIPC && namespace === 'ipc')
      faults.push(invalidValue(at, name, "may not be specified when 'hostIPC' is true"));
  }
}

/** Which of a node's namespaces a setting of the kernel belongs to. */
function sysctlNamespace(name: string): 'net' | 'ipc' | undefined {
  const dotted = /^[^/.]*\./.test(name) ? name : name.replaceAll('/', '.');
  if (dotted.startsWith('net.')) return 'net';
  return dotted === 'kernel.sem' || /^(kernel\.(shm|msg)|fs\.mqueue\.)/.test(dotted) ? 'ipc' : undefined;
}

/** A pod with users of its own can't share what belongs to the node's. */
export function checkHostUsers(faults: FieldError[], spec: PodSpec, path: string, options: PodOptions): void {
  if (spec.hostUsers !== false) return;
  const why = 'when `hostUsers` is false';
  if (spec.hostNetwork && !options.hostNetworkInUserNamespace)
    faults.push(forbiddenField(`${path}.hostNetwork`, why));
  if (spec.hostPID) faults.push(forbiddenField(`${path}.HostPID`, why));
  if (spec.hostIPC) faults.push(forbiddenField(`${path}.HostIPC`, why));
  if (options.devicesInUserNamespace) return;
  for (const list of ['initContainers', 'containers', 'ephemeralContainers'] as const)
    for (const [index, { volumeDevices }] of (spec[list] ?? []).entries())
      if (volumeDevices?.length) faults.push(forbiddenField(`${path}.${list}[${index}].volumeDevices`, why));
}
