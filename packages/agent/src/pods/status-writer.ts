/**
 * Sends pod statuses to the API. Only the newest state of a pod counts: while one write is under way, later ones replace
 * each other. What is sent is the difference to what the API has, so that fields of other writers stay, and a state that
 * is already there costs nothing. Failures are tried again for as long as the pod is there.
 */
import { isApiError, type Pod, type PodStatus } from '@skerry/api';
import { resources, type ApiClient, type ResourceClient } from '@skerry/client';
import { Backoff, describeError, sleep, type Clock, type Logger } from '@skerry/base';
import { equalButForNulls, statusPatch } from '#pods/status-patch.ts';

export interface StatusWriterOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  /** Something was said of a pod that is new, or it has gone. */
  readonly onSaid?: () => void;
}

interface Entry {
  readonly namespace: string;
  readonly name: string;
  /** What the API has, as far as is known, and since which revision. */
  base: PodStatus | undefined;
  revision: string;
  wanted: PodStatus;
  writing: Promise<void> | undefined;
  /** Ends the wait before the next try. */
  hurry: AbortController;
  gone: boolean;
}

export class StatusWriter {
  readonly #options: StatusWriterOptions;
  readonly #pods: ResourceClient<Pod>;
  readonly #entries = new Map<string, Entry>();
  readonly #stop = new AbortController();

  constructor(options: StatusWriterOptions) {
    this.#options = options;
    this.#pods = options.client.resource<Pod>(resources.pods);
  }

  /** Returns at once; `settled` tells when it has arrived. */
  set(pod: Pod, status: PodStatus): void {
    const { uid = '', namespace = '', name = '' } = pod.metadata;
    let entry = this.#entries.get(uid);
    if (!entry) {
      entry = {
        namespace,
        name,
        base: pod.status,
        revision: pod.metadata.resourceVersion ?? '',
        wanted: status,
        writing: undefined,
        hurry: new AbortController(),
        gone: false,
      };
      this.#entries.set(uid, entry);
    }
    entry.wanted = status;
    this.#options.onSaid?.();
    this.#write(uid, entry);
  }

  /** The pod as the API has it now. What others wrote over the node's own words is said again. */
  observe(pod: Pod): void {
    const { uid = '', resourceVersion = '' } = pod.metadata;
    const entry = this.#entries.get(uid);
    if (!entry || isOlder(resourceVersion, entry.revision)) return;
    entry.base = pod.status;
    entry.revision = resourceVersion;
    // A pod that somebody ended for good stays ended.
    if (isTerminal(pod.status) && !isTerminal(entry.wanted)) return;
    // A gate may have changed, and readiness with it: the node's own word on that is about to be renewed.
    if (pod.spec?.readinessGates?.length) return;
    this.#write(uid, entry);
  }

  /** The API can be reached again: what waits for its next try is sent now. */
  hurry(): void {
    for (const entry of this.#entries.values()) entry.hurry.abort(new Error('the API is back'));
  }

  /** Whether the newest state is at the API. */
  isSettled(uid: string): boolean {
    return this.#entries.get(uid)?.writing === undefined;
  }

  /** Resolves when the newest state is at the API, or the pod is gone. */
  async settled(uid: string): Promise<void> {
    await this.#entries.get(uid)?.writing;
  }

  /** The pod isn't there any more. */
  forget(uid: string): void {
    const entry = this.#entries.get(uid);
    if (entry) entry.gone = true;
    this.#entries.delete(uid);
    this.#options.onSaid?.();
  }

  /** Ends a pod's object for good, once nothing of it is left on the node. */
  async remove(pod: Pod): Promise<void> {
    const { uid, namespace, name = '' } = pod.metadata;
    try {
      await this.#pods.delete(name, { namespace, gracePeriodSeconds: 0, preconditions: { uid } });
    } catch (error) {
      // Gone, or another of the same name: either way this one has ended.
      if (isApiError(error) && (error.code === 404 || error.code === 409)) return;
      throw error;
    }
  }

  /** Gives up what is not sent. */
  close(): void {
    this.#stop.abort(new Error('agent stops'));
  }

  #write(uid: string, entry: Entry): void {
    if (entry.writing) return;
    if (!statusPatch(entry.base, entry.wanted)) return;
    entry.writing = this.#send(uid, entry).finally(() => {
      entry.writing = undefined;
      if (!entry.gone && !this.#stop.signal.aborted) this.#write(uid, entry);
    });
  }

  async #send(uid: string, entry: Entry): Promise<void> {
    const { clock, log, random } = this.#options;
    const backoff = new Backoff({ baseMs: 200, maxMs: 30_000, jitter: 0.3, random });
    while (!entry.gone && !this.#stop.signal.aborted) {
      const { wanted } = entry;
      const status = statusPatch(entry.base, wanted);
      if (!status) return;
      try {
        const options = { namespace: entry.namespace, subresource: 'status', type: 'strategic' } as const;
        const before = entry.revision;
        const answer = await this.#pods.patch(entry.name, { metadata: { uid }, status }, options);
        const answered = answer.metadata.resourceVersion ?? before;
        // What the API has since was heard of before the answer.
        if (entry.revision !== before && !isOlder(entry.revision, answered)) return;
        // What others wrote meanwhile is not in it; the pod as it is now comes by the watch. Where nothing was changed the
        // server makes something else of it, and asking again for the same would change nothing.
        entry.base = equalButForNulls(entry.wanted, wanted) ? wanted : (answer.status ?? wanted);
        entry.revision = answered;
        return;
      } catch (error) {
        if (isApiError(error) && (error.code === 404 || error.code === 409)) {
          // The pod is gone, or another took its name.
          if (error.code === 404 || /uid/i.test(error.message)) {
            entry.gone = true;
            return;
          }
        } else if (isApiError(error) && error.code === 422) {
          log.error('pod status refused', { pod: entry.name, error: describeError(error) });
          entry.base = wanted;
          return;
        }
        if (backoff.failures === 3)
          log.warn('pod status not sent', { pod: entry.name, error: describeError(error) });
        entry.hurry = new AbortController();
        const until = AbortSignal.any([this.#stop.signal, entry.hurry.signal]);
        await sleep(clock, backoff.next(), until).catch(() => undefined);
      }
    }
  }
}

/** Revisions of one kind are numbers that grow; those of a server where they aren't say nothing of the order. */
function isOlder(revision: string, than: string): boolean {
  const areNumbers = /^\d+$/.test(revision) && /^\d+$/.test(than);
  return areNumbers && BigInt(revision) < BigInt(than);
}

function isTerminal(status: PodStatus | undefined): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}
