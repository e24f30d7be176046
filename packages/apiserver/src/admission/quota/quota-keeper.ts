/**
 * Keeps the status of ResourceQuotas true: when something that a quota counts changes, the namespace is counted again half
 * a second after the last change, and the status written if it differs. Between a charge and the moment the object is in
 * the cache a count could miss it; the wait makes that improbable, and the change the object itself causes corrects it.
 */
import {
  type AnyObject,
  type Quantity,
  type ResourceQuota,
  formatQuantity,
  groupResourceText,
  isApiError,
  zeroQuantity,
} from '@skerry/api';
import { type Clock, type Logger, describeError } from '@skerry/base';
import { addUsage, kindOfResourceName, limitedUsage } from '#admission/quota/usage.ts';
import type { ObjectReader, ObjectRef, ServerAccess } from '#security.ts';

export const quotas: ObjectRef = { group: '', resource: 'resourcequotas' };
const settleMs = 500;
const owner = { manager: 'kube-controller-manager', subresource: 'status' } as const;
/** As often everything is counted again: time alone ends what a pod is charged for. */
const recountMs = 5 * 60_000;

/** What the namespace's objects use of a quota's limits now. */
export function countUsage(read: ObjectReader, quota: ResourceQuota, nowMs: number): Map<string, Quantity> {
  const names = Object.keys(quota.spec?.hard ?? {});
  let usage = new Map(names.map((name) => [name, zeroQuantity]));
  for (const ref of kindsOf(quota)) {
    for (const object of read.list(ref, quota.metadata.namespace)) {
      usage = addUsage(usage, limitedUsage(quota, ref, object, nowMs));
    }
  }
  return usage;
}

function kindsOf(quota: ResourceQuota): ObjectRef[] {
  const refs = new Map<string, ObjectRef>();
  for (const name of Object.keys(quota.spec?.hard ?? {})) {
    const ref = kindOfResourceName(name);
    if (ref) refs.set(groupResourceText(ref), ref);
  }
  return [...refs.values()];
}

export class QuotaKeeper {
  readonly #access: ServerAccess;
  readonly #clock: Clock;
  readonly #log: Logger;
  /** Kinds that some quota counts, with the end of their subscription. */
  readonly #watched = new Map<string, () => void>();
  /** At most one entry per namespace that has a quota. */
  readonly #dirty = new Set<string>();
  #scheduled = false;

  constructor({ access, clock, log }: { access: ServerAccess; clock: Clock; log: Logger }) {
    this.#access = access;
    this.#clock = clock;
    this.#log = log;
  }

  start(): void {
    this.#access.read.onChange(quotas, ({ namespace }) => {
      this.#watchCounted();
      this.#mark(namespace);
    });
    this.#watchCounted();
    this.#markAll();
  }

  #markAll(): void {
    for (const { metadata } of this.#access.read.list<ResourceQuota>(quotas)) this.#mark(metadata.namespace);
    this.#clock.after(recountMs, () => this.#markAll());
  }

  /** Counts every namespace that changed; writes what differs. */
  async settle(): Promise<void> {
    const namespaces = [...this.#dirty];
    this.#dirty.clear();
    for (const namespace of namespaces) {
      for (const quota of this.#access.read.list<ResourceQuota>(quotas, namespace)) await this.#update(quota);
    }
  }

  async #update(quota: ResourceQuota): Promise<void> {
    const used = Object.fromEntries(
      [...countUsage(this.#access.read, quota, this.#clock.now())].map(([name, amount]) => [
        name,
        formatQuantity(amount),
      ]),
    );
    const hard = { ...quota.spec?.hard };
    if (sameRecord(used, quota.status?.used) && sameRecord(hard, quota.status?.hard)) return;
    try {
      const next = { ...structuredClone(quota), status: { hard, used } } as unknown as AnyObject;
      await this.#access.write.update(quotas, next, owner);
    } catch (error) {
      // Somebody charged it meanwhile, or it is gone: the change that follows leads here again.
      if (isApiError(error, 'Conflict') || isApiError(error, 'NotFound')) return;
      this.#log.warn('quota not updated', { quota: quota.metadata.name, error: describeError(error) });
    }
  }

  #watchCounted(): void {
    const wanted = new Map<string, ObjectRef>();
    for (const quota of this.#access.read.list<ResourceQuota>(quotas)) {
      for (const ref of kindsOf(quota)) wanted.set(groupResourceText(ref), ref);
    }
    for (const [key, end] of this.#watched) {
      if (wanted.has(key)) continue;
      end();
      this.#watched.delete(key);
    }
    for (const [key, ref] of wanted) {
      if (this.#watched.has(key)) continue;
      this.#watched.set(
        key,
        this.#access.read.onChange(ref, ({ namespace }) => this.#mark(namespace)),
      );
    }
  }

  #mark(namespace: string | undefined): void {
    if (!namespace || this.#access.read.list(quotas, namespace).length === 0) return;
    this.#dirty.add(namespace);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.after(settleMs, () => {
      this.#scheduled = false;
      void this.settle();
    });
  }
}

function sameRecord(left: Record<string, string>, right: Record<string, string> = {}): boolean {
  const keys = Object.keys(left);
  return keys.length === Object.keys(right).length && keys.every((key) => left[key] === right[key]);
}
