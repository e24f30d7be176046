/**
 * The Pod Security Standards as one check per rule, in the versions that they have had. Pure; a check answers with what
 * stock servers say, or with nothing.
 * https://kubernetes.io/docs/concepts/security/pod-security-standards/
 */
import type { Container, LifecycleHandler, ObjectMeta, PodSpec, Probe, SecurityContext } from '@skerry/api';

export interface Violation {
  readonly reason: string;
  readonly detail: string;
}

export interface CheckedPod {
  readonly meta: ObjectMeta | undefined;
  readonly spec: PodSpec;
}

type Rule = (pod: CheckedPod) => Violation | undefined;

interface Check {
  readonly id: string;
  /** Of the baseline, what this check of the restricted standard says in stricter words. */
  readonly instead?: string;
  /** The rule since each minor version of Kubernetes, oldest first. */
  readonly rules: readonly (readonly [minor: number, rule: Rule])[];
}

const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/';
const seccompPodAnnotation = 'seccomp.security.alpha.kubernetes.io/pod';
const seccompContainerPrefix = 'container.seccomp.security.alpha.kubernetes.io/';

const baselineCapabilities = new Set(
  'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT'.split(
    ' ',
  ),
);
const sysctls0 = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
];
const sysctls27 = [...sysctls0, 'net.ipv4.ip_local_reserved_ports'];
const sysctls29 = [
  ...sysctls27,
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
];
const sysctls32 = [...sysctls29, 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem'];
const seLinuxTypes = ['', 'container_t', 'container_init_t', 'container_kvm_t'];
const restrictedVolumes = new Set(
  'configMap csi downwardAPI emptyDir ephemeral image persistentVolumeClaim projected secret'.split(' '),
);
const runtimeOrLocal = new Set(['RuntimeDefault', 'Localhost']);

/** In the order in which they are told, which is that of their ids. */
const baseline: readonly Check[] = [
  { id: 'appArmorProfile', rules: [[0, appArmor]] },
  {
    id: 'capabilities_baseline',
    rules: [[0, ({ spec }) => capabilitiesAdded(spec, 'non-default capabilities', baselineCapabilities)]],
  },
  {
    id: 'hostNamespaces',
    rules: [
      [
        0,
        ({ spec }) => {
          const fields = ['hostNetwork', 'hostPID', 'hostIPC'] as const;
          const set = fields.filter((field) => spec[field] === true);
          return violation('host namespaces', set.map((field) => `${field}=true`).join(', '));
        },
      ],
    ],
  },
  {
    id: 'hostPathVolumes',
    rules: [
      [
        0,
        ({ spec }) => {
          const names = (spec.volumes ?? []).filter(({ hostPath }) => hostPath).map(({ name }) => name);
          return violation('hostPath volumes', counted('volume', names));
        },
      ],
    ],
  },
  { id: 'hostPorts', rules: [[0, hostPorts]] },
  { id: 'hostProbesAndHostLifecycle', rules: [[34, hostHandlers]] },
  {
    id: 'privileged',
    rules: [
      [
        0,
        ({ spec }) =>
          ofContainers(
            spec,
            'privileged',
            ({ securityContext }) => securityContext?.privileged === true,
            'must not set securityContext.privileged=true',
          ),
      ],
    ],
  },
  {
    id: 'procMount',
    rules: [
      [0, procMount],
      [35, unlessUserNamespace(procMount)],
    ],
  },
  {
    id: 'seLinuxOptions',
    rules: [
      [0, seLinux(seLinuxTypes)],
      [31, seLinux([...seLinuxTypes, 'container_engine_t'])],
    ],
  },
  {
    id: 'seccompProfile_baseline',
    rules: [
      [0, seccompAnnotations],
      [19, ({ spec }) => badSeccomp(spec)],
    ],
  },
  {
    id: 'sysctls',
    rules: [
      [0, sysctlsOf(sysctls0)],
      [27, sysctlsOf(sysctls27)],
      [29, sysctlsOf(sysctls29)],
      [32, sysctlsOf(sysctls32)],
    ],
  },
  {
    id: 'windowsHostProcess',
    rules: [
      [
        0,
        ({ spec }) =>
          violationOf(
            'hostProcess',
            settersOf(spec, ({ windowsOptions }) => windowsOptions?.hostProcess === true),
            'must not set securityContext.windowsOptions.hostProcess=true',
          ),
      ],
    ],
  },
];

const restricted: readonly Check[] = [
  {
    id: 'allowPrivilegeEscalation',
    rules: [
      [8, privilegeEscalation],
      [25, unlessWindows(privilegeEscalation)],
    ],
  },
  {
    id: 'capabilities_restricted',
    instead: 'capabilities_baseline',
    rules: [
      [22, restrictedCapabilities],
      [25, unlessWindows(restrictedCapabilities)],
    ],
  },
  { id: 'procMount_restricted', instead: 'procMount', rules: [[35, procMount]] },
  { id: 'restrictedVolumes', instead: 'hostPathVolumes', rules: [[0, volumeTypes]] },
  {
    id: 'runAsNonRoot',
    rules: [
      [0, nonRoot],
      [35, unlessUserNamespace(nonRoot)],
    ],
  },
  {
    id: 'runAsUser',
    rules: [
      [23, rootUser],
      [35, unlessUserNamespace(rootUser)],
    ],
  },
  {
    id: 'seccompProfile_restricted',
    instead: 'seccompProfile_baseline',
    rules: [
      [19, seccomp],
      [25, unlessWindows(seccomp)],
    ],
  },
];

/** What of a pod breaks a standard as it was in a version; `latest` has no minor. */
export function violationsOf(
  standard: 'baseline' | 'restricted',
  pod: CheckedPod,
  minor = Number.POSITIVE_INFINITY,
): Violation[] {
  const strict = standard === 'restricted' ? restricted.filter((check) => ruleOf(check, minor)) : [];
  const replaced = new Set(strict.map(({ instead }) => instead));
  const checks = [...baseline.filter(({ id }) => !replaced.has(id)), ...strict];
  return checks.flatMap((check) => ruleOf(check, minor)?.(pod) ?? []);
}

function ruleOf({ rules }: Check, minor: number): Rule | undefined {
  return rules.findLast(([since]) => since <= minor)?.[1];
}

function unlessWindows(rule: Rule): Rule {
  return (pod) => (pod.spec.os?.name === 'windows' ? undefined : rule(pod));
}

/** Root in a user namespace of its own is nobody outside. */
function unlessUserNamespace(rule: Rule): Rule {
  return (pod) => (pod.spec.hostUsers === false ? undefined : rule(pod));
}

function appArmor({ meta, spec }: CheckedPod): Violation | undefined {
  const isBad = ({ appArmorProfile }: Context) =>
    appArmorProfile !== undefined && !runtimeOrLocal.has(appArmorProfile.type);
  const setters = settersOf(spec, isBad);
  const values = distinct(badContexts(spec, isBad).map(({ appArmorProfile }) => appArmorProfile?.type ?? ''));
  const annotations = Object.entries(meta?.annotations ?? {})
    .filter(
      ([key, value]) =>
        key.startsWith(appArmorPrefix) &&
        value !== '' &&
        value !== 'runtime/default' &&
        !value.startsWith('localhost/'),
    )
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .sort();
  const all = [...values, ...annotations];
  if (annotations.length > 0) setters.push(annotations.length > 1 ? 'annotations' : 'annotation');
  return violationOf(
    `forbidden AppArmor profile${all.length === 1 ? '' : 's'}`,
    setters,
    `must not set AppArmor profile type to ${quotedList(all)}`,
  );
}

function hostPorts({ spec }: CheckedPod): Violation | undefined {
  const using = containersOf(spec).filter(({ ports = [] }) => ports.some(({ hostPort }) => hostPort));
  const ports = distinct(
    using.flatMap((each) => (each.ports ?? []).flatMap(({ hostPort }) => (hostPort ? String(hostPort) : []))),
  );
  const text = `${named(using)} ${using.length > 1 ? 'use' : 'uses'} hostPort${ports.length > 1 ? 's' : ''} ${ports.join(', ')}`;
  return violation('hostPort', using.length > 0 ? text : '');
}

function hostHandlers({ spec }: CheckedPod): Violation | undefined {
  const hostsOf = (container: Container): string[] =>
    [
      container.livenessProbe,
      container.readinessProbe,
      container.startupProbe,
      container.lifecycle?.postStart,
      container.lifecycle?.preStop,
    ].flatMap((handler: Probe | LifecycleHandler | undefined) =>
      [handler?.httpGet?.host, handler?.tcpSocket?.host].flatMap((host) => host || []),
    );
  const bad = containersOf(spec).filter((container) => hostsOf(container).length > 0);
  const hosts = distinct(bad.flatMap(hostsOf));
  const names = distinct(bad.map(({ name }) => name));
  const text = `${counted('container', names)} ${names.length > 1 ? 'use' : 'uses'} ${counted('probe or lifecycle host', hosts)}`;
  return violation('probe or lifecycle host', bad.length > 0 ? text : '');
}

function procMount({ spec }: CheckedPod): Violation | undefined {
  const of = ({ securityContext }: Container) => securityContext?.procMount ?? 'Default';
  const bad = containersOf(spec).filter((container) => of(container) !== 'Default');
  const text = `${named(bad)} must not set securityContext.procMount to ${quotedList(distinct(bad.map(of)))}`;
  return violation('procMount', bad.length > 0 ? text : '');
}

function seLinux(types: readonly string[]): Rule {
  return ({ spec }) => {
    const isBad = ({ seLinuxOptions: options }: Context) =>
      options !== undefined && (!types.includes(options.type ?? '') || !!options.user || !!options.role);
    const bad = badContexts(spec, isBad).flatMap(({ seLinuxOptions }) => seLinuxOptions ?? []);
    const badTypes = distinct(bad.map(({ type = '' }) => type).filter((type) => !types.includes(type)));
    const faults = [
      counted('type', badTypes),
      bad.some(({ user }) => user) ? 'user may not be set' : '',
      bad.some(({ role }) => role) ? 'role may not be set' : '',
    ].filter(Boolean);
    return violationOf(
      'seLinuxOptions',
      settersOf(spec, isBad),
      `set forbidden securityContext.seLinuxOptions: ${faults.join('; ')}`,
    );
  };
}

function seccompAnnotations({ meta, spec }: CheckedPod): Violation | undefined {
  const keys = [
    seccompPodAnnotation,
    ...containersOf(spec).map(({ name }) => `${seccompContainerPrefix}${name}`),
  ];
  const bad = distinct(
    keys.flatMap((key) => {
      const value = meta?.annotations?.[key];
      const fine =
        value === undefined ||
        value === 'runtime/default' ||
        value === 'docker/default' ||
        value.startsWith('localhost/');
      return fine ? [] : [`${key}=${JSON.stringify(value)}`];
    }),
  );
  const text = `forbidden annotation${bad.length > 1 ? 's' : ''} ${bad.join(', ')}`;
  return violation('seccompProfile', bad.length > 0 ? text : '');
}

function badSeccomp(spec: PodSpec): Violation | undefined {
  const isBad = ({ seccompProfile }: Context) =>
    seccompProfile !== undefined && !runtimeOrLocal.has(seccompProfile.type);
  const values = badContexts(spec, isBad).map(({ seccompProfile }) => seccompProfile?.type ?? '');
  return violationOf(
    'seccompProfile',
    settersOf(spec, isBad),
    `must not set securityContext.seccompProfile.type to ${quotedList(distinct(values))}`,
  );
}

function seccomp({ spec }: CheckedPod): Violation | undefined {
  return (
    badSeccomp(spec) ??
    lacking(
      spec,
      'seccompProfile',
      ({ seccompProfile }) => seccompProfile !== undefined,
      'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"',
    )
  );
}

function sysctlsOf(safe: readonly string[]): Rule {
  return ({ spec }) => {
    const names = (spec.securityContext?.sysctls ?? []).map(({ name }) => name);
    return violation('forbidden sysctls', names.filter((name) => !safe.includes(name)).join(', '));
  };
}

function volumeTypes({ spec }: CheckedPod): Violation | undefined {
  const typesOf = (volume: object) => Object.keys(volume).filter((key) => key !== 'name');
  const bad = (spec.volumes ?? []).filter(
    (volume) => !typesOf(volume).some((type) => restrictedVolumes.has(type)),
  );
  const types = distinct(bad.map((volume) => typesOf(volume)[0] ?? 'unknown'));
  const names = bad.map(({ name }) => name);
  const text = `${counted('volume', names)} ${names.length > 1 ? 'use' : 'uses'} ${counted('restricted volume type', types)}`;
  return violation('restricted volume types', names.length > 0 ? text : '');
}

function privilegeEscalation({ spec }: CheckedPod): Violation | undefined {
  return ofContainers(
    spec,
    'allowPrivilegeEscalation != false',
    ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false,
    'must set securityContext.allowPrivilegeEscalation=false',
  );
}

function restrictedCapabilities({ spec }: CheckedPod): Violation | undefined {
  const reason = 'unrestricted capabilities';
  const dropping = ofContainers(
    spec,
    reason,
    ({ securityContext }) => !securityContext?.capabilities?.drop?.includes('ALL'),
    'must set securityContext.capabilities.drop=["ALL"]',
  );
  const adding = capabilitiesAdded(spec, reason, new Set(['NET_BIND_SERVICE']));
  const details = [dropping, adding].flatMap((each) => (each ? [each.detail] : []));
  return violation(reason, details.join('; '));
}

function nonRoot({ spec }: CheckedPod): Violation | undefined {
  const reason = 'runAsNonRoot != true';
  const setters = settersOf(spec, ({ runAsNonRoot }) => runAsNonRoot === false);
  return (
    violationOf(reason, setters, 'must not set securityContext.runAsNonRoot=false') ??
    lacking(
      spec,
      reason,
      ({ runAsNonRoot }) => runAsNonRoot !== undefined,
      'must set securityContext.runAsNonRoot=true',
    )
  );
}

function rootUser({ spec }: CheckedPod): Violation | undefined {
  const setters = settersOf(spec, ({ runAsUser }) => runAsUser === 0);
  return violationOf('runAsUser=0', setters, 'must not set runAsUser=0');
}

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

function violationOf(reason: string, setters: readonly string[], text: string): Violation | undefined {
  return violation(reason, setters.length > 0 ? `${setters.join(' and ')} ${text}` : '');
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

function badContexts(spec: PodSpec, isBad: (context: Context) => boolean): Context[] {
  return [spec, ...containersOf(spec)].flatMap(({ securityContext }) =>
    securityContext && isBad(securityContext) ? [securityContext] : [],
  );
}

/** Who sets what neither the pod nor any container may set: `pod`, `container "a"`. */
function settersOf(spec: PodSpec, isBad: (context: Context) => boolean): string[] {
  const bad = containersOf(spec).filter(({ securityContext }) => securityContext && isBad(securityContext));
  return [
    ...(spec.securityContext && isBad(spec.securityContext) ? ['pod'] : []),
    ...(bad.length > 0 ? [named(bad)] : []),
  ];
}

/** What each container must say, by itself or through the pod. */
function lacking(
  spec: PodSpec,
  reason: string,
  says: (context: Context) => boolean,
  text: string,
): Violation | undefined {
  if (spec.securityContext && says(spec.securityContext)) return undefined;
  const silent = containersOf(spec).filter(
    ({ securityContext }) => !securityContext || !says(securityContext),
  );
  return violation(reason, silent.length > 0 ? `pod or ${named(silent)} ${text}` : '');
}

function capabilitiesAdded(
  spec: PodSpec,
  reason: string,
  allowed: ReadonlySet<string>,
): Violation | undefined {
  const added = (container: Container) =>
    (container.securityContext?.capabilities?.add ?? []).filter((each) => !allowed.has(each));
  const bad = containersOf(spec).filter((container) => added(container).length > 0);
  const names = quotedList(distinct(bad.flatMap(added)));
  const text = `${named(bad)} must not include ${names} in securityContext.capabilities.add`;
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
  return names.length === 0 ? '' : `${noun}${names.length > 1 ? 's' : ''} ${quotedList(names)}`;
}

function quotedList(texts: readonly string[]): string {
  return texts.map((text) => `"${text}"`).join(', ');
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort();
}
