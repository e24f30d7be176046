/**
 * A node's Lease, renewed from its link: an answer on the link is the proof of life, so that an idle node sends no
 * Lease updates of its own. At most one write per node and interval; a failed write is tried again with the next answer.
 * Leases: https://kubernetes.io/docs/concepts/architecture/leases/
 */
import type { Lease } from '@skerry/api';
import type { ServerAccess } from '@skerry/apiserver';
import { type Clock, describeError, type Logger } from '@skerry/base';

const renewEveryMsMax = 10_000;
const leases = { group: 'coordination.k8s.io', resource: 'leases' };
const namespace = 'kube-node-lease';
/** As kubelets write it; node lifecycle judges by `renewTime`. */
const leaseDurationSeconds = 40;

export class LeaseRenewal {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #renewEveryMs: number;
  readonly #renewedMs = new Map<string, number>();
  #access: ServerAccess | undefined;

  constructor({ clock, log, heartbeatMs }: { clock: Clock; log: Logger; heartbeatMs: number }) {
    this.#renewEveryMs = Math.min(heartbeatMs, renewEveryMsMax);
    this.#clock = clock;
    this.#log = log;
  }

  /** Where to write; answers before that are not lost, the next one comes within seconds. */
  writeWith(access: ServerAccess): void {
    this.#access = access;
  }

  alive(node: string): void {
    const nowMs = this.#clock.monotonic();
    const lastMs = this.#renewedMs.get(node);
    // Answers come about as often as renewals are due: half an interval of play keeps every second one from being missed.
    if (!this.#access || (lastMs !== undefined && nowMs - lastMs < this.#renewEveryMs / 2)) return;
    this.#renewedMs.set(node, nowMs);
    this.#renew(this.#access, node).catch((error: unknown) => {
      this.#renewedMs.delete(node);
      this.#log.warn('lease not renewed', { node, error: describeError(error) });
    });
  }

  async #renew({ read, write }: ServerAccess, node: string): Promise<void> {
    const owner = read.get({ group: '', resource: 'nodes' }, node);
    if (!owner) return;
    const existing = read.get<Lease>(leases, node, namespace);
    const lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: {
        ...existing?.metadata,
        name: node,
        namespace,
        ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: node, uid: owner.metadata?.uid ?? '' }],
      },
      spec: { holderIdentity: node, leaseDurationSeconds, renewTime: microTime(this.#clock.now()) },
    };
    // Reckoning who owns what of thousands of Leases, each time one is renewed, would be most of the work.
    const nobody = { manager: null };
    await (existing ? write.update(leases, lease, nobody) : write.create(leases, lease, nobody));
  }
}

/** MicroTime: RFC 3339 with six digits of a second. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
