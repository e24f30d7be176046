/**
 * Whose machine a node is: label `skerry.io/owner`, set when it registers by what its certificate says, which is whose join token
 * it came by. A node can't say anything else of itself; administrators can, since machines change hands.
 */
import { forbidden } from '@skerry/api';
import { ownerOfGroups } from '@skerry/pki';
import { type AdmissionPlugin, isAbout, nodes } from '#admission/plugin.ts';
import { nodeNameOf } from '#authz/node-access.ts';
import type { AdmissionContext } from '#security.ts';

const ownerLabel = 'skerry.io/owner';

/** Owners are named freely; what is no value of a label is not shown as one. */
const labelValue = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

export const nodeOwner: AdmissionPlugin = {
  name: 'NodeOwner',
  mutate(ctx) {
    const owner = certifiedOwner(ctx);
    if (!isAbout(ctx, nodes) || !ctx.object?.metadata || owner === undefined) return;
    if (ctx.operation !== 'CREATE' || !labelValue.test(owner)) return;
    ctx.object.metadata.labels = { [ownerLabel]: owner, ...ctx.object.metadata.labels };
  },
  validate(ctx) {
    if (!isAbout(ctx, nodes) || !ctx.object || nodeNameOf(ctx.user) === undefined) return;
    const before = ctx.oldObject?.metadata?.labels?.[ownerLabel];
    const after = ctx.object.metadata?.labels?.[ownerLabel];
    if (after === before || (after !== undefined && after === certifiedOwner(ctx))) return;
    throw forbidden(
      nodes,
      ctx.name,
      `a node can't say whose it is: label ${ownerLabel} comes with its join token`,
    );
  },
};

function certifiedOwner({ user }: AdmissionContext): string | undefined {
  return nodeNameOf(user) === undefined ? undefined : ownerOfGroups(user.groups);
}
