/**
 * What is allowed in a pod and hardly meant: sent along as `Warning:` headers, never refused. For pods and for the
 * templates of workloads, whose paths begin with `spec.template`.
 */
import type { ObjectMeta } from '#object.ts';
import { labelValueFaults } from '#selector.ts';
import type {
  Container,
  ContainerPort,
  EphemeralContainer,
  NodeSelectorTerm,
  Pod,
  PodAffinity,
  PodSpec,
  PodTemplateSpec,
} from '#types.generated.ts';
import { addressWarnings } from '#validation/addresses.ts';
import { claimSpecWarnings, fractionWarning } from '#validation/claim-warnings.ts';
import { quoted, sameJson } from '#validation/faults.ts';
import { dnsLabelFaults } from '#validation/names.ts';
import { pathWarnings } from '#validation/pod/path-warnings.ts';
import { containersWithPaths } from '#validation/pod/windows.ts';

const deprecatedLabels: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region':
    'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone':
    'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type':
    'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
  'app.kubernetes.io/created-by': 'deprecated since v1.9',
  'scheduler.alpha.kubernetes.io/preferAvoidPods':
    'deprecated since v1.22; use Taints and Tolerations instead',
  'node-role.kubernetes.io/master': 'use "node-role.kubernetes.io/control-plane" instead',
};

export function deprecatedLabel(label: string): string | undefined {
  return Object.hasOwn(deprecatedLabels, label) ? deprecatedLabels[label] : undefined;
}

const deprecatedVolumes = {
  photonPersistentDisk: 'deprecated in v1.11, non-functional in v1.16+',
  gitRepo: 'deprecated in v1.11',
  scaleIO: 'deprecated in v1.16, non-functional in v1.22+',
  flocker: 'deprecated in v1.22, non-functional in v1.25+',
  storageos: 'deprecated in v1.22, non-functional in v1.25+',
  quobyte: 'deprecated in v1.22, non-functional in v1.25+',
  glusterfs: 'deprecated in v1.25, non-functional in v1.26+',
  ephemeral: '',
  cephfs: 'deprecated in v1.28, non-functional in v1.31+',
  rbd: 'deprecated in v1.28, non-functional in v1.31+',
} as const;

const deprecatedAnnotations = [
  [
    'scheduler.alpha.kubernetes.io/critical-pod',
    'non-functional in v1.16+; use the "priorityClassName" field instead',
  ],
  ['security.alpha.kubernetes.io/sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
  [
    'security.alpha.kubernetes.io/unsafe-sysctls',
    'non-functional in v1.11+; use the "sysctls" field instead',
  ],
] as const;

export function podWarnings(pod: Pod): string[] {
  return [
    ...nameWarnings(pod.metadata.name, "the Pod's hostname"),
    ...specWarnings(pod.spec, pod.metadata, ''),
  ];
}

/** A name that pods or hosts will have should be one that hosts may have. */
export function nameWarnings(name: string | undefined, usedIn = 'Pod names and hostnames'): string[] {
  const faults = dnsLabelFaults(name ?? '');
  return faults.length > 0
    ? [
        `metadata.name: this is used in ${usedIn}, which can result in surprising behavior; a DNS label is recommended: [${faults.join(' ')}]`,
      ]
    : [];
}

/** Of a template; `path` is where it is. */
export function templateWarnings(template: PodTemplateSpec | undefined, path = 'spec.template'): string[] {
  return specWarnings(template?.spec, template?.metadata, `${path}.`);
}

/** A workload warns about its template whenever it is changed in any way. */
export function workloadWarnings<T extends { metadata: ObjectMeta; spec?: object }>(
  object: T,
  old: T | undefined,
  template: (object: T) => PodTemplateSpec | undefined,
  { named = false, path = 'spec.template' }: { named?: boolean; path?: string } = {},
): string[] {
  if (old && sameJson(object.spec, old.spec)) return [];
  const ofName = named && !old ? nameWarnings(object.metadata.name) : [];
  return [...ofName, ...templateWarnings(template(object), path)];
}

/** `prefix` ends in a dot, or is empty. */
function specWarnings(spec: PodSpec | undefined, meta: ObjectMeta | undefined, prefix: string): string[] {
  if (!spec) return [];
  const path = `${prefix}spec`;
  const all = [...containersWithPaths(spec, path)];
  return [
    ...placementWarnings(spec, path),
    ...annotationWarnings(meta, `${prefix}metadata.annotations`),
    ...volumeWarnings(spec, path),
    ...pathWarnings(spec.volumes ?? []),
    ...duplicates(
      spec.hostAliases,
      ({ ip }) => ip,
      (index, ip) => `${path}.hostAliases[${index}].ip: duplicate ip ${quoted(ip)}`,
    ),
    ...duplicates(
      spec.imagePullSecrets,
      ({ name }) => name ?? '',
      (index, name) => `${path}.imagePullSecrets[${index}].name: duplicate name ${quoted(name)}`,
    ),
    ...(spec.imagePullSecrets ?? []).flatMap(({ name }, index) =>
      name ? [] : [`${path}.imagePullSecrets[${index}].name: invalid empty name ""`],
    ),
    ...['memory', 'ephemeral-storage'].flatMap((name) =>
      fractionWarning(spec.overhead?.[name], `${path}.overhead[${name}]`),
    ),
    ...all.flatMap(({ container, at }) => [...byteWarnings(container, at), ...envWarnings(container, at)]),
    ...portWarnings(all),
    ...((spec.terminationGracePeriodSeconds ?? 0) < 0
      ? [
          `${path}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`,
        ]
      : []),
    ...(['podAffinity', 'podAntiAffinity'] as const).flatMap((name) =>
      affinityWarnings(spec.affinity?.[name], `${path}.affinity.${name}`),
    ),
    ...(spec.dnsConfig?.nameservers ?? []).flatMap((address, index) =>
      addressWarnings(`${path}.dnsConfig.nameservers[${index}]`, address),
    ),
    ...(spec.hostAliases ?? []).flatMap(({ ip }, index) =>
      addressWarnings(`${path}.hostAliases[${index}].ip`, ip),
    ),
  ];
}

function placementWarnings(spec: PodSpec, path: string): string[] {
  const { nodeAffinity } = spec.affinity ?? {};
  const requiredField = 'requiredDuringSchedulingIgnoredDuringExecution';
  const preferredField = 'preferredDuringSchedulingIgnoredDuringExecution';
  const at = `${path}.affinity.nodeAffinity`;
  return [
    ...Object.keys(spec.nodeSelector ?? {}).flatMap((label) => {
      const why = deprecatedLabel(label);
      return why === undefined ? [] : [`${path}.nodeSelector[${label}]: ${why}`];
    }),
    ...(nodeAffinity?.[requiredField]?.nodeSelectorTerms ?? []).flatMap((term, index) =>
      termWarnings(term, `${at}.${requiredField}.nodeSelectorTerms[${index}]`, { values: false }),
    ),
    ...(nodeAffinity?.[preferredField] ?? []).flatMap(({ preference }, index) =>
      termWarnings(preference, `${at}.${preferredField}[${index}].preference`, { values: true }),
    ),
    ...(spec.topologySpreadConstraints ?? []).flatMap(({ topologyKey, labelSelector }, index) => {
      const here = `${path}.topologySpreadConstraints[${index}]`;
      const why = deprecatedLabel(topologyKey);
      return [
        ...(why === undefined ? [] : [`${here}.topologyKey: ${topologyKey} is ${why}`]),
        ...(labelSelector ? [] : [`${here}.labelSelector: a null labelSelector results in matching no pod`]),
      ];
    }),
  ];
}

/** `values`: whether odd label values are told, where they are no fault. */
export function termWarnings(
  { matchExpressions }: NodeSelectorTerm,
  path: string,
  options: { readonly values: boolean },
): string[] {
  return (matchExpressions ?? []).flatMap(({ key, values = [] }, index) => {
    const at = `${path}.matchExpressions[${index}]`;
    const why = deprecatedLabel(key);
    return [
      ...(why === undefined ? [] : [`${at}.key: ${key} is ${why}`]),
      ...(options.values ? values : []).flatMap((value, position) =>
        labelValueFaults(value).map((fault) => `${at}.values[${position}]: ${value} is invalid, ${fault}`),
      ),
    ];
  });
}

function affinityWarnings(affinity: PodAffinity | undefined, path: string): string[] {
  const why = 'a null labelSelector results in matching no pod';
  const requiredField = 'requiredDuringSchedulingIgnoredDuringExecution';
  const preferredField = 'preferredDuringSchedulingIgnoredDuringExecution';
  return [
    ...(affinity?.[requiredField] ?? []).flatMap(({ labelSelector }, index) =>
      labelSelector ? [] : [`${path}.${requiredField}[${index}].labelSelector: ${why}`],
    ),
    ...(affinity?.[preferredField] ?? []).flatMap(({ podAffinityTerm }, index) =>
      podAffinityTerm.labelSelector
        ? []
        : [`${path}.${preferredField}[${index}].podAffinityTerm.labelSelector: ${why}`],
    ),
  ];
}

function annotationWarnings(meta: ObjectMeta | undefined, path: string): string[] {
  return deprecatedAnnotations.flatMap(([key, why]) =>
    meta?.annotations?.[key] === undefined ? [] : [`${path}[${key}]: ${why}`],
  );
}

function volumeWarnings(spec: PodSpec, path: string): string[] {
  const kinds = Object.keys(deprecatedVolumes) as (keyof typeof deprecatedVolumes)[];
  return (spec.volumes ?? []).flatMap((volume, index) =>
    kinds.flatMap((kind) => {
      const at = `${path}.volumes[${index}].${kind === 'storageos' ? 'storageOS' : kind}`;
      if (volume[kind] === undefined) return [];
      if (kind !== 'ephemeral') return [`${at}: ${deprecatedVolumes[kind]}`];
      const claim = volume.ephemeral?.volumeClaimTemplate?.spec;
      return claim ? claimSpecWarnings(claim, `${at}.volumeClaimTemplate.spec`) : [];
    }),
  );
}

function duplicates<T>(
  items: readonly T[] | undefined,
  key: (item: T) => string,
  say: (index: number, key: string) => string,
): string[] {
  const seen = new Set<string>();
  return (items ?? []).flatMap((item, index) => {
    const text = key(item);
    const known = seen.has(text);
    seen.add(text);
    return known ? [say(index, text)] : [];
  });
}

type AnyContainer = Container | EphemeralContainer;

function byteWarnings({ resources }: AnyContainer, at: string): string[] {
  return ['memory', 'ephemeral-storage'].flatMap((name) =>
    (['limits', 'requests'] as const).flatMap((list) =>
      fractionWarning(resources?.[list]?.[name], `${at}.resources.${list}[${name}]`),
    ),
  );
}

/** A second value of a variable is fine where it builds on the first. */
function envWarnings({ env }: AnyContainer, at: string): string[] {
  const seen = new Set<string>();
  return (env ?? []).flatMap(({ name, value = '', valueFrom }, index) => {
    const first = !seen.has(name);
    seen.add(name);
    const reference = `$(${name})`;
    if (first || (!valueFrom && value !== reference && value.includes(reference))) return [];
    return [
      `${at}.env[${index}]: hides previous definition of ${quoted(name)}, which may be dropped when using apply`,
    ];
  });
}

function portWarnings(containers: readonly { container: AnyContainer; at: string }[]): string[] {
  const warnings: string[] = [];
  const nameWarningsLast: string[] = [];
  const byPort = new Map<string, { at: string; port: ContainerPort }[]>();
  const byName = new Map<string, string>();
  for (const { container, at } of containers)
    for (const [index, port] of (container.ports ?? []).entries()) {
      const here = `${at}.ports[${index}]`;
      const { name = '', hostPort = 0, containerPort, protocol = 'TCP', hostIP = '' } = port;
      if (hostIP && !hostPort)
        warnings.push(
          `${here}: hostIP set without hostPort: {Name:${name} HostPort:${hostPort} ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`,
        );
      const key = `${containerPort}/${protocol}`;
      const others = byPort.get(key) ?? [];
      for (const other of others) {
        const how = overlap(port, other.port);
        if (how) warnings.push(`${here}: ${how} port definition with ${other.at}`);
      }
      byPort.set(key, [...others, { at: here, port }]);
      const holder = name ? byName.get(name) : undefined;
      if (holder)
        nameWarningsLast.push(
          `${here}: duplicate port name ${quoted(name)} with ${holder}, services and probes that select ports by name will use ${holder}`,
        );
      else if (name) byName.set(name, here);
    }
  return [...warnings, ...nameWarningsLast];
}

function overlap(a: ContainerPort, b: ContainerPort): string | undefined {
  const [hostA, hostB] = [a.hostPort ?? 0, b.hostPort ?? 0];
  const [ipA, ipB] = [a.hostIP ?? '', b.hostIP ?? ''];
  if (ipA === ipB && hostA === hostB) return 'duplicate';
  if (hostA === 0 || hostB === 0) return 'overlapping';
  return hostA === hostB && (ipA === '') !== (ipB === '') ? 'dangerously ambiguous' : undefined;
}
