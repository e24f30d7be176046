/**
 * What is allowed in a pod and hardly meant: sent along as `Warning:` headers, never refused. For pods and for the
 * templates of workloads, whose paths begin with `spec.template`.
 */
import { isQuantity, parseQuantity } from '#quantity.ts';
import type { Container, ContainerPort, Pod, PodSpec, PodTemplateSpec } from '#types.generated.ts';
import { sameJson } from '#validation/faults.ts';
import { dnsLabelFaults } from '#validation/names.ts';

const deprecatedLabels: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region':
    'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone':
    'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type':
    'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
};

const deprecatedVolumes: Readonly<Record<string, string>> = {
  photonPersistentDisk: 'deprecated in v1.11, non-functional in v1.16+',
  gitRepo: 'deprecated in v1.11, and disabled by default in v1.33+',
  scaleIO: 'deprecated in v1.16, non-functional in v1.22+',
  flocker: 'deprecated in v1.22, non-functional in v1.25+',
  storageos: 'deprecated in v1.22, non-functional in v1.25+',
  quobyte: 'deprecated in v1.22, non-functional in v1.25+',
  glusterfs: 'deprecated in v1.25, non-functional in v1.26+',
  cephfs: 'deprecated in v1.28, non-functional in v1.31+',
  rbd: 'deprecated in v1.28, non-functional in v1.31+',
};

export function podWarnings(pod: Pod): string[] {
  const faults = dnsLabelFaults(pod.metadata.name ?? '');
  return [
    ...(faults.length > 0 && pod.metadata.name
      ? [
          `metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [${faults.join(', ')}]`,
        ]
      : []),
    ...podSpecWarnings(pod.spec, 'spec'),
  ];
}

/** Of a template that is new or not what it was. */
export function templateWarnings(
  template: PodTemplateSpec | undefined,
  old: PodTemplateSpec | undefined,
  path = 'spec.template',
): string[] {
  return old !== undefined && sameJson(template, old) ? [] : podSpecWarnings(template?.spec, `${path}.spec`);
}

export function podSpecWarnings(spec: PodSpec | undefined, path: string): string[] {
  if (!spec) return [];
  const lists = ['initContainers', 'containers'] as const;
  const containers = lists.flatMap((list) =>
    (spec[list] ?? []).map((container, index) => ({ container, at: `${path}.${list}[${index}]` })),
  );
  return [
    ...labelWarnings(spec, path),
    ...(spec.volumes ?? []).flatMap((volume, index) =>
      Object.keys(volume)
        .filter((source) => Object.hasOwn(deprecatedVolumes, source))
        .map((source) => `${path}.volumes[${index}].${source}: ${deprecatedVolumes[source]}`),
    ),
    ...duplicates(
      spec.hostAliases,
      ({ ip }) => ip,
      (index, ip) => `${path}.hostAliases[${index}].ip: duplicate ip "${ip}"`,
    ),
    ...duplicates(
      spec.imagePullSecrets,
      ({ name }) => name ?? '',
      (index, name) => `${path}.imagePullSecrets[${index}].name: duplicate name "${name}"`,
    ),
    ...containers.flatMap(({ container, at }) => [
      ...byteWarnings(container, at),
      ...envWarnings(container, at),
    ]),
    ...portWarnings(containers),
    ...((spec.terminationGracePeriodSeconds ?? 0) < 0
      ? [
          `${path}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`,
        ]
      : []),
  ];
}

function labelWarnings(spec: PodSpec, path: string): string[] {
  const known = (label: string): string | undefined =>
    Object.hasOwn(deprecatedLabels, label) ? deprecatedLabels[label] : undefined;
  return [
    ...Object.keys(spec.nodeSelector ?? {})
      .filter((label) => known(label))
      .map((label) => `${path}.nodeSelector[${label}]: ${known(label)}`),
    ...(spec.topologySpreadConstraints ?? []).flatMap(({ topologyKey, labelSelector }, index) => {
      const at = `${path}.topologySpreadConstraints[${index}]`;
      return [
        ...(known(topologyKey) ? [`${at}.topologyKey: ${topologyKey} is ${known(topologyKey)}`] : []),
        ...(labelSelector ? [] : [`${at}.labelSelector: a null labelSelector results in matching no pod`]),
      ];
    }),
  ];
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

function byteWarnings({ resources }: Container, at: string): string[] {
  return (['limits', 'requests'] as const).flatMap((list) =>
    ['memory', 'ephemeral-storage'].flatMap((name) => {
      const text = resources?.[list]?.[name];
      if (text === undefined || !isQuantity(text) || parseQuantity(text).nanos % 1_000_000_000n === 0n)
        return [];
      return [
        `${at}.resources.${list}[${name}]: fractional byte value "${text}" is invalid, must be an integer`,
      ];
    }),
  );
}

/** A second value of a variable is fine where it builds on the first. */
function envWarnings({ env }: Container, at: string): string[] {
  const seen = new Set<string>();
  return (env ?? []).flatMap(({ name, value = '', valueFrom }, index) => {
    const first = !seen.has(name);
    seen.add(name);
    const reference = `$(${name})`;
    if (first || (!valueFrom && value !== reference && value.includes(reference))) return [];
    return [
      `${at}.env[${index}]: hides previous definition of "${name}", which may be dropped when using apply`,
    ];
  });
}

function portWarnings(containers: readonly { container: Container; at: string }[]): string[] {
  const warnings: string[] = [];
  const byPort = new Map<string, { at: string; port: ContainerPort }[]>();
  const byName = new Map<string, string>();
  for (const { container, at } of containers)
    for (const [index, port] of (container.ports ?? []).entries()) {
      const here = `${at}.ports[${index}]`;
      const key = `${port.containerPort}/${port.protocol ?? 'TCP'}`;
      const others = byPort.get(key) ?? [];
      for (const other of others) {
        const how = overlap(port, other.port);
        if (how) warnings.push(`${here}: ${how} port definition with ${other.at}`);
      }
      byPort.set(key, [...others, { at: here, port }]);
      const holder = port.name ? byName.get(port.name) : undefined;
      if (holder)
        warnings.push(
          `${here}: duplicate port name "${port.name}" with ${holder}, services and probes that select ports by name will use ${holder}`,
        );
      else if (port.name) byName.set(port.name, here);
    }
  return warnings;
}

function overlap(a: ContainerPort, b: ContainerPort): string | undefined {
  const [hostA, hostB] = [a.hostPort ?? 0, b.hostPort ?? 0];
  const [ipA, ipB] = [a.hostIP ?? '', b.hostIP ?? ''];
  if (ipA === ipB && hostA === hostB) return 'duplicate';
  if (hostA === 0 || hostB === 0) return 'overlapping';
  return hostA === hostB && (ipA === '') !== (ipB === '') ? 'dangerously ambiguous' : undefined;
}
