/**
 * Ends the certificates of nodes that are deleted. A certificate of a node can't be called back, lives a year, and its
 * holder could make the Node anew with it. So whoever deletes a Node leaves a mark (a ConfigMap in kube-system, one for
 * each name) with the time and the Node's uid, before the deletion is done. From then on a certificate for that name
 * counts only if it was issued after the deletion: that of a machine that has joined again, with a token.
 *
 * A mark whose Node is still there, by uid, means nothing: the deletion failed, or waits for finalizers. Marks are kept as
 * long as a certificate of before may live, and can be removed by hand to let a machine in again with what it has.
 */
import { createHash } from 'node:crypto';
import { ApiError, isApiError, type AnyObject, type Node } from '@skerry/api';
import type { Clock } from '@skerry/base';
import { endedGraceMs, endedNodesGroup, leafValidityMs } from '@skerry/pki';
import { type AdmissionPlugin, isAbout, nodes } from '#admission/plugin.ts';
import { nodeNameOf } from '#authz/node-access.ts';
import type { PeerIdentity } from '#ports.ts';
import type { ServerAccess } from '#security.ts';

const configMaps = { group: '', resource: 'configmaps' };
const namespace = 'kube-system';
const label = 'skerry.io/deleted-node';

interface Mark extends AnyObject {
  readonly data: { readonly node: string; readonly uid: string; readonly deleted: string };
}

export class DeletedNodes {
  readonly #access: ServerAccess;
  readonly #clock: Clock;

  constructor(access: ServerAccess, clock: Clock) {
    this.#access = access;
    this.#clock = clock;
  }

  /** Why the certificate counts no longer; undefined when it does, or is none of a node. */
  refuses(peer: PeerIdentity): string | undefined {
    const node = nodeOf(peer);
    const mark = node === undefined ? undefined : this.#mark(node);
    if (!node || !mark) return undefined;
    // Certificates have whole seconds; one of the very second is that of a machine that joined again at once.
    const deletedMs = Math.floor(Date.parse(mark.data.deleted) / 1000) * 1000;
    if (peer.issuedMs !== undefined && peer.issuedMs >= deletedMs) return undefined;
    const current = this.#access.read.get<Node>(nodes, node);
    if (current?.metadata.uid === mark.data.uid) return undefined;
    return `node ${node} was deleted at ${mark.data.deleted}, and its certificate with it; run \`skerry reset\` on the machine and join again`;
  }

  /** Leaves the mark before a Node goes. */
  admission(): AdmissionPlugin {
    return {
      name: 'DeletedNodes',
      validate: async (ctx) => {
        if (!isAbout(ctx, nodes) || ctx.dryRun || !ctx.oldObject) return;
        const finishes =
          ctx.oldObject.metadata?.deletionTimestamp !== undefined &&
          (ctx.object?.metadata?.finalizers ?? []).length === 0;
        if (ctx.operation === 'DELETE' || (ctx.operation === 'UPDATE' && finishes)) {
          await this.#leave(ctx.oldObject);
        }
      },
    };
  }

  /** Takes away marks that no living certificate is older than. */
  async prune(): Promise<void> {
    const oldestMs = this.#clock.now() - leafValidityMs - endedGraceMs;
    for (const mark of this.#access.read.list<Mark>(configMaps, namespace)) {
      if (mark.metadata?.labels?.[label] === undefined || Date.parse(mark.data.deleted) >= oldestMs) continue;
      await this.#access.write.delete(configMaps, mark.metadata.name ?? '', namespace);
    }
  }

  #mark(node: string): Mark | undefined {
    const mark = this.#access.read.get<Mark>(configMaps, markName(node), namespace);
    return mark?.data.node === node ? mark : undefined;
  }

  async #leave(node: AnyObject): Promise<void> {
    const name = node.metadata?.name ?? '';
    const object = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: markName(name), namespace, labels: { [label]: 'true' } },
      data: {
        node: name,
        uid: node.metadata?.uid ?? '',
        deleted: new Date(this.#clock.now()).toISOString(),
      },
    };
    try {
      await this.#access.write.create(configMaps, object);
    } catch (error) {
      if (!isApiError(error, 'AlreadyExists')) throw error;
      await this.#access.write.update(configMaps, object);
    }
  }
}

/** Also where its certificate has ended, and could be renewed. */
function nodeOf({ user, groups }: PeerIdentity): string | undefined {
  const hasEnded = groups.includes(endedNodesGroup);
  return nodeNameOf({ name: user, groups: hasEnded ? [...groups, 'system:nodes'] : groups });
}

/** Names of nodes may be as long as names of objects: the mark's is made of a digest. */
function markName(node: string): string {
  return `deleted-node-${createHash('sha256').update(node).digest('hex').slice(0, 40)}`;
}

/** 401, with why: whoever shows the certificate is told what to do. */
export function requireNotDeleted(deleted: DeletedNodes | undefined, peer: PeerIdentity): void {
  const why = deleted?.refuses(peer);
  if (why !== undefined) throw new ApiError('Unauthorized', why);
}
