/**
 * The Pod Security Standards as one check per rule. Pure; a check answers with what stock servers say, or with nothing.
 * https://kubernetes.io/docs/concepts/security/pod-security-standards/
 */
import type { Container, PodSpec, SecurityContext } from '@skerry/api';

export interface Violation {
  readonly reason: string;
  readonly detail: string;
}

type Check = (spec: PodSpec) => Violation | undefined;

const baselineCapabilities = new Set(
  'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT'.split(
    ' ',
  ),
);
const safeSysctls = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ping_group_range',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.tcp_wmem',
]);
const seLinuxTypes = new Set([
  '',
  'container_t',
  'container_init_t',
  'container_kvm_t',
  'container_engine_t',
]);
const restrictedVolumes = new Set(
  'configMap csi downwardAPI emptyDir ephemeral image persistentVolumeClaim projected secret'.split(' '),
);

export const baselineChecks: readonly Check[] = [
  (spec) => {
    const set = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((field) => spec[field] === true);
    return violation('host namespaces', set.map((field) => `${field}=true`).join(', '));
  },
  (spec) =>
    ofContainers(
      spec,
      'privileged',
      ({ securityContext }) => securityContext?.privileged === true,
      'must not set securityContext.privileged=true',
    ),
  (spec) => capabilitiesAdded(spec, 'non-default capabilities', baselineCapabilities),
  (spec) => {
    const names = (spec.volumes ?? []).filter(({ hostPath }) => hostPath).map(({ name }) => name);
    return violation('hostPath volumes', counted('volume', names));
  },
  (spec) => {
    const using = containersOf(spec).filter(({ ports = [] }) => ports.some(({ hostPort }) => hostPort));
    const ports = using.flatMap((each) => (each.ports ?? []).map(({ hostPort }) => hostPort)).filter(Boolean);
    const unique = [...new Set(ports)].sort((a = 0, b = 0) => a - b).join(', ');
    const text = `${named(using)} ${using.length > 1 ? 'use' : 'uses'} hostPort${ports.length > 1 ? 's' : ''} ${unique}`;
    return violation('hostPort', using.length > 0 ? text : '');
  },
  (spec) =>
    ofContexts(
      spec,
      'forbidden AppArmor profile',
      (context) => context.appArmorProfile?.type === 'Unconfined',
      'must not set securityContext.appArmorProfile.type to "Unconfined"',
    ),
  (spec) =>
    ofContexts(
      spec,
      'seLinuxOptions',
      ({ seLinuxOptions }) =>
        seLinuxOptions !== undefined &&
        (!seLinuxTypes.has(seLinuxOptions.type ?? '') ||
          Boolean(seLinuxOptions.user) ||
          Boolean(seLinuxOptions.role)),
      'set forbidden securityContext.seLinuxOptions',
    ),
  (spec) =>
    ofContainers(
      spec,
      'procMount',
      ({ securityContext }) => (securityContext?.procMount ?? 'Default') !== 'Default',
      'must not set securityContext.procMount to "Unmasked"',
    ),
  (spec) =>
    ofContexts(
      spec,
      'seccompProfile',
      (context) => context.seccompProfile?.type === 'Unconfined',
      'must not set securityContext.seccompProfile.type to "Unconfined"',
    ),
  (spec) => {
    const names = (spec.securityContext?.sysctls ?? []).map(({ name }) => name);
    return violation('forbidden sysctls', names.filter((name) => !safeSysctls.has(name)).join(', '));
  },
  (spec) =>
    ofContexts(
      spec,
      'hostProcess',
      (context) => context.windowsOptions?.hostProcess === true,
      'must not set securityContext.windowsOptions.hostProcess=true',
    ),
];

export const restrictedChecks: readonly Check[] = [
  (spec) => {
    const bad = (spec.volumes ?? []).filter((volume) =>
      Object.keys(volume).some((key) => key !== 'name' && !restrictedVolumes.has(key)),
    );
    const types = bad.flatMap((volume) => Object.keys(volume).filter((key) => key !== 'name'));
    const names = bad.map(({ name }) => name);
    const unique = [...new Set(types)].map((type) => `"${type}"`);
    const text = `${counted('volume', names)} ${names.length > 1 ? 'use' : 'uses'} restricted volume type${unique.length > 1 ? 's' : ''} ${unique.join(', ')}`;
    return violation('restricted volume types', names.length > 0 ? text : '');
  },
  (spec) =>
    ofContainers(
      spec,
      'allowPrivilegeEscalation != false',
      ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false,
      'must set securityContext.allowPrivilegeEscalation=false',
    ),
  (spec) => {
    const dropping = ofContainers(
      spec,
      'unrestricted capabilities',
      ({ securityContext }) => !securityContext?.capabilities?.drop?.includes('ALL'),
      'must set securityContext.capabilities.drop=["ALL"]',
    );
    const adding = capabilitiesAdded(spec, 'unrestricted capabilities', new Set(['NET_BIND_SERVICE']));
    const details = [dropping, adding].flatMap((each) => (each ? [each.detail] : []));
    return violation('unrestricted capabilities', details.join('; '));
  },
  (spec) =>
    required(
      spec,
      'runAsNonRoot != true',
      (context) => context.runAsNonRoot,
      (value) => value === true,
      'must set securityContext.runAsNonRoot=true',
    ),
  (spec) => ofContexts(spec, 'runAsUser=0', (context) => context.runAsUser === 0, 'must not set runAsUser=0'),
  (spec) =>
    required(
      spec,
      'seccompProfile',
      (context) => context.seccompProfile?.type,
      (value) => value === 'RuntimeDefault' || value === 'Localhost',
      'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"',
    ),
];

function containersOf(spec: PodSpec): Container[] {
  return [
    ...(spec.initContainers ?? []),
    ...spec.containers,
    // An ephemeral container has all fields that are looked at here.
    ...((spec.ephemeralContainers ?? []) as Container[]),
  ];
}

function violation(reason: string, detail: string): Violation | undefined {
  return detail === '' ? undefined : { reason, detail };
}

function ofContainers(
  spec: PodSpec,
  reason: string,
  isBad: (container: Container) => boolean,
  text: string,
): Violation | undefined {
  const bad = containersOf(spec).filter(isBad);
  return violation(reason, bad.length > 0 ? `${named(bad)} ${text}` : '');
}

type Context = Pick<
  SecurityContext,
  'appArmorProfile' | 'runAsNonRoot' | 'runAsUser' | 'seLinuxOptions' | 'seccompProfile' | 'windowsOptions'
>;

/** A value that neither the pod nor any container may set. */
function ofContexts(
  spec: PodSpec,
  reason: string,
  isBad: (context: Context) => boolean,
  text: string,
): Violation | undefined {
  const bad = containersOf(spec).filter(({ securityContext }) => securityContext && isBad(securityContext));
  const setters = [
    ...(spec.securityContext && isBad(spec.securityContext) ? ['pod'] : []),
    ...(bad.length > 0 ? [named(bad)] : []),
  ];
  return violation(reason, setters.length > 0 ? `${setters.join(' and ')} ${text}` : '');
}

/** A value that each container must have, by itself or from the pod. */
function required<T>(
  spec: PodSpec,
  reason: string,
  valueOf: (context: Context) => T | undefined,
  isGood: (value: T | undefined) => boolean,
  text: string,
): Violation | undefined {
  const podValue = spec.securityContext && valueOf(spec.securityContext);
  const own = (container: Container) => container.securityContext && valueOf(container.securityContext);
  const explicit = containersOf(spec).filter((each) => own(each) !== undefined && !isGood(own(each)));
  if (explicit.length > 0) return violation(reason, `${named(explicit)} ${text}`);
  if (isGood(podValue)) return undefined;
  if (podValue !== undefined) return violation(reason, `pod ${text}`);
  const implicit = containersOf(spec).filter((each) => own(each) === undefined);
  return violation(reason, implicit.length > 0 ? `pod or ${named(implicit)} ${text}` : '');
}

function capabilitiesAdded(
  spec: PodSpec,
  reason: string,
  allowed: ReadonlySet<string>,
): Violation | undefined {
  const added = (container: Container) =>
    (container.securityContext?.capabilities?.add ?? []).filter((each) => !allowed.has(each));
  const bad = containersOf(spec).filter((container) => added(container).length > 0);
  const names = [...new Set(bad.flatMap(added))].sort().map((each) => `"${each}"`);
  const text = `${named(bad)} must not include ${names.join(', ')} in securityContext.capabilities.add`;
  return violation(reason, bad.length > 0 ? text : '');
}

function named(containers: readonly Container[]): string {
  return counted(
    'container',
    containers.map(({ name }) => name),
  );
}

/** `container "a"`, `containers "a", "b"`; empty for none. */
function counted(noun: string, names: readonly string[]): string {
  if (names.length === 0) return '';
  return `${noun}${names.length > 1 ? 's' : ''} ${names.map((name) => `"${name}"`).join(', ')}`;
}
