/**
 * The downward API: a pod's own fields and resources as text, for environment and files.
 * https://kubernetes.io/docs/concepts/workloads/pods/downward-api/
 */
import {
  parseQuantity,
  quantityMilliValue,
  quantityValue,
  type Container,
  type Pod,
  type ResourceFieldSelector,
} from '@skerry/api';
import { allContainers } from '#pods/labels.ts';

export interface PodFacts {
  readonly pod: Pod;
  readonly hostAddresses: readonly string[];
  readonly podAddresses: readonly string[];
}

export interface AllocatableFacts {
  readonly milliCpu: number;
  readonly memoryBytes: number;
  readonly ephemeralStorageBytes: number;
}

/** @throws Error for a field that the downward API doesn't have. */
export function fieldValue({ pod, hostAddresses, podAddresses }: PodFacts, path: string): string {
  const { metadata, spec } = pod;
  const subscript = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path);
  if (subscript) {
    const map = subscript[1] === 'labels' ? metadata.labels : metadata.annotations;
    return map?.[subscript[2] ?? ''] ?? '';
  }
  switch (path) {
    case 'metadata.name':
      return metadata.name ?? '';
    case 'metadata.namespace':
      return metadata.namespace ?? '';
    case 'metadata.uid':
      return metadata.uid ?? '';
    case 'metadata.labels':
      return mapText(metadata.labels);
    case 'metadata.annotations':
      return mapText(metadata.annotations);
    case 'spec.nodeName':
      return spec?.nodeName ?? '';
    case 'spec.serviceAccountName':
      return spec?.serviceAccountName ?? '';
    case 'status.hostIP':
      return hostAddresses[0] ?? '';
    case 'status.hostIPs':
      return hostAddresses.join(',');
    case 'status.podIP':
      return podAddresses[0] ?? '';
    case 'status.podIPs':
      return podAddresses.join(',');
    default:
      throw new Error(`unsupported fieldPath: ${path}`);
  }
}

function mapText(map: Readonly<Record<string, string>> = {}): string {
  return Object.keys(map)
    .toSorted()
    .map((key) => `${key}=${JSON.stringify(map[key])}`)
    .join('\n');
}

/** @throws Error for a container or resource that isn't there. */
export function resourceValue(
  pod: Pod,
  selector: ResourceFieldSelector,
  { container, allocatable }: { container?: Container; allocatable: AllocatableFacts },
): string {
  const named = selector.containerName
    ? allContainers(pod).find(({ name }) => name === selector.containerName)
    : container;
  if (!named) throw new Error(`container ${selector.containerName ?? ''} not found`);
  const [scope, name] = splitOnce(selector.resource, '.');
  const given = scope === 'limits' ? named.resources?.limits?.[name] : named.resources?.requests?.[name];
  const isCpu = name === 'cpu';
  const divisor = selector.divisor && !/^0+$/.test(selector.divisor) ? selector.divisor : '1';
  if (scope !== 'limits' && scope !== 'requests') {
    throw new Error(`unsupported container resource : ${selector.resource}`);
  }
  if (isCpu) {
    const milli = given
      ? quantityMilliValue(parseQuantity(given))
      : scope === 'limits'
        ? allocatable.milliCpu
        : 0;
    return String(Math.ceil(milli / Math.max(1, quantityMilliValue(parseQuantity(divisor)))));
  }
  const bytes = given
    ? quantityValue(parseQuantity(given))
    : scope === 'limits'
      ? defaultBytes(name, allocatable)
      : 0;
  return String(Math.ceil(bytes / Math.max(1, quantityValue(parseQuantity(divisor)))));
}

function defaultBytes(name: string, allocatable: AllocatableFacts): number {
  if (name === 'memory') return allocatable.memoryBytes;
  return name === 'ephemeral-storage' ? allocatable.ephemeralStorageBytes : 0;
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
