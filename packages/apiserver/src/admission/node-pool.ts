/**
 * A node's pool is set once and stays: changing the label of a running node would move its pods' region under them. A pool
 * that still has nodes can't be deleted. A node whose certificate names a pool is in that pool and no other.
 */
import { type Node, forbidden } from '@skerry/api';
import { poolGroupPrefix } from '@skerry/pki';
import { type AdmissionPlugin, isAbout, nodes } from '#admission/plugin.ts';
import { nodeNameOf } from '#authz/node-access.ts';
import type { AdmissionContext, ObjectReader, UserInfo } from '#security.ts';

export const poolLabel = 'apps.openyurt.io/nodepool';
/** Accepted in its place; the node then carries both. */
const poolLabelAlias = 'alibabacloud.com/nodepool-id';
const nodePools = { group: 'apps.openyurt.io', resource: 'nodepools' };

export function nodePool({ read }: { readonly read: ObjectReader }): AdmissionPlugin {
  return {
    name: 'NodePool',
    mutate(ctx) {
      if (!isAbout(ctx, nodes) || !ctx.object) return;
      const node = ctx.object as unknown as Node;
      const labels = node.metadata.labels ?? {};
      const alias = labels[poolLabelAlias];
      const certified = poolOf(ctx.user);
      if (!labels[poolLabel] && alias) node.metadata.labels = { ...labels, [poolLabel]: alias };
      else if (!labels[poolLabel] && certified && ctx.operation === 'CREATE') {
        node.metadata.labels = { ...labels, [poolLabel]: certified };
      }
    },
    validate(ctx) {
      if (isAbout(ctx, nodes) && ctx.object) checkNode(ctx);
      if (isAbout(ctx, nodePools) && ctx.operation === 'DELETE') checkPoolIsEmpty(ctx, read);
    },
  };
}

/** The pool in a node's certificate; undefined for other users and for nodes that joined without one. */
export function poolOf(user: UserInfo): string | undefined {
  if (nodeNameOf(user) === undefined) return undefined;
  const group = user.groups.find((each) => each.startsWith(poolGroupPrefix));
  return group?.slice(poolGroupPrefix.length);
}

function checkNode({ object, oldObject, user, name }: AdmissionContext): void {
  const pool = object?.metadata?.labels?.[poolLabel];
  const before = oldObject?.metadata?.labels?.[poolLabel];
  if (before && pool !== before) {
    throw forbidden(
      nodes,
      name,
      `label ${poolLabel} is "${before}" and can't be ${pool ? `changed to "${pool}"` : 'removed'}; to move the node to another pool, run \`skerry reset\` on it, delete it and join it again`,
    );
  }
  const certified = poolOf(user);
  if (certified && pool && pool !== certified) {
    throw forbidden(
      nodes,
      name,
      `the node was admitted to pool "${certified}" and can't be in pool "${pool}"`,
    );
  }
}

function checkPoolIsEmpty({ name }: AdmissionContext, read: ObjectReader): void {
  const count = read.list<Node>(nodes).filter((node) => node.metadata.labels?.[poolLabel] === name).length;
  if (count === 0) return;
  throw forbidden(
    nodePools,
    name,
    `the pool still has ${count} node${count === 1 ? '' : 's'}; remove ${count === 1 ? 'it' : 'them'} first (kubectl get nodes -l ${poolLabel}=${name})`,
  );
}
