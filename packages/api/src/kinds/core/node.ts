import type { Node } from '#types.generated.ts';
import { validateNode, validateNodeStatus, validateNodeUpdate } from '#validation/core/node.ts';
import { networkWarnings } from '#validation/addresses.ts';
import { taintsOfReturn } from '#autonomy.ts';
import { behaviour } from '#kinds/behaviour.ts';
import { ageColumn, column, nameColumn } from '#kinds/columns.ts';

const rolePrefix = 'node-role.kubernetes.io/';

/** Sorted; from the role labels, whose values don't matter, and from the older `kubernetes.io/role`. */
export function nodeRoles(node: Node): string[] {
  const roles = new Set<string>();
  for (const [key, value] of Object.entries(node.metadata?.labels ?? {})) {
    if (key.startsWith(rolePrefix) && key.length > rolePrefix.length) roles.add(key.slice(rolePrefix.length));
    else if (key === 'kubernetes.io/role' && value !== '') roles.add(value);
  }
  return [...roles].sort();
}

function statusText(node: Node): string {
  const ready = node.status?.conditions?.find((condition) => condition.type === 'Ready');
  const words = [ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady'];
  if (node.spec?.unschedulable) words.push('SchedulingDisabled');
  return words.join(',');
}

function addressOf(node: Node, type: string): string {
  return node.status?.addresses?.find((address) => address.type === type)?.address ?? '<none>';
}

function kernelText(node: Node): string {
  const { kernelVersion, architecture } = node.status?.nodeInfo ?? {};
  const version = kernelVersion || '<unknown>';
  return architecture ? `${version} (${architecture})` : version;
}

function nodeWarnings({ spec = {} }: Node): string[] {
  return [
    ...(spec.configSource ? ['spec.configSource: the feature is removed'] : []),
    ...(spec.externalID ? ['spec.externalID: this field is deprecated, and is unused by Kubernetes'] : []),
    ...(spec.podCIDRs ?? []).flatMap((cidr, index) => networkWarnings(`spec.podCIDRs[${index}]`, cidr)),
  ];
}

export const nodeBehaviour = behaviour<Node>({
  columns: [
    nameColumn,
    column<Node>('Status', statusText),
    column<Node>('Roles', (node) => nodeRoles(node).join(',') || '<none>'),
    ageColumn,
    column<Node>('Version', (node) => node.status?.nodeInfo?.kubeletVersion),
    column<Node>('Internal-IP', (node) => addressOf(node, 'InternalIP'), { wide: true }),
    column<Node>('External-IP', (node) => addressOf(node, 'ExternalIP'), { wide: true }),
    column<Node>('OS-Image', (node) => node.status?.nodeInfo?.osImage || '<unknown>', { wide: true }),
    column<Node>('Kernel-Version', kernelText, { wide: true }),
    column<Node>(
      'Container-Runtime',
      (node) => node.status?.nodeInfo?.containerRuntimeVersion || '<unknown>',
      {
        wide: true,
      },
    ),
  ],
  strategy: {
    setDefaults(node) {
      const spec = (node.spec ??= {});
      // Two names for one network, of which the older has the last word.
      if (spec.podCIDR && spec.podCIDR !== spec.podCIDRs?.[0]) spec.podCIDRs = [spec.podCIDR];
      else if (spec.podCIDRs?.[0]) spec.podCIDR = spec.podCIDRs[0];
      if (node.status?.capacity && !node.status.allocatable)
        node.status.allocatable = { ...node.status.capacity };
    },
    prepareForCreate(node) {
      delete node.spec?.configSource;
      delete node.status?.config;
    },
    prepareForUpdate(node, old) {
      if (!old.spec?.configSource) delete node.spec?.configSource;
    },
    prepareForStatus(node, old) {
      const { taints, ...rest } = node.spec ?? {};
      const left = taintsOfReturn(node, old);
      if (left?.length !== taints?.length) node.spec = left?.length ? { ...rest, taints: left } : rest;
    },
    warnings: nodeWarnings,
    validate: validateNode,
    validateUpdate: validateNodeUpdate,
    validateStatus: validateNodeStatus,
    fieldValue: (node, field) =>
      field === 'spec.unschedulable' ? String(node.spec?.unschedulable ?? false) : undefined,
  },
});
