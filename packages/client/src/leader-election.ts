/**
 * One leader among several candidates, by a Lease that the leader renews.
 *
 * Promises what client-go's does: a candidate takes a lease only after it has itself watched it stand still for
 * `leaseDurationMs` (clocks of other machines are not trusted), and a leader that could not renew for `renewDeadlineMs`
 * stops leading before another may begin. It is not a fence: whoever leads must still write with optimistic concurrency.
 */
import { isApiError } from '@skerry/api';
import type { Lease } from '@skerry/api';
import { describeError, sleep } from '@skerry/base';
import type { Clock, Logger } from '@skerry/base';
import { resources } from '#resources.ts';
import type { ApiClient } from '#rest.ts';

export interface LeaderElectionOptions {
  readonly client: ApiClient;
  readonly namespace: string;
  readonly name: string;
  /** Unique among the candidates. */
  readonly identity: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  readonly leaseDurationMs?: number;
  readonly renewDeadlineMs?: number;
  readonly retryPeriodMs?: number;
}

/**
 * Waits to become leader, then runs `lead` with a signal that ends when leadership is lost or `signal` ends. Resolves
 * when `signal` ends; rejects when leadership was lost or `lead` failed, so that the owner starts over. The lease is given
 * back on the way out.
 */
export async function runAsLeader(
  options: LeaderElectionOptions,
  lead: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const elector = new Elector(options);
  if (!(await elector.acquire(signal))) return;
  options.log.info('became leader', { lease: options.name, identity: options.identity });
  const lost = new AbortController();
  const leading = AbortSignal.any([signal, lost.signal]);
  const renewing = elector.renew(leading).finally(() => lost.abort(new LeadershipLostError(options.name)));
  try {
    await lead(leading);
    if (!signal.aborted && lost.signal.aborted) throw lost.signal.reason;
  } finally {
    lost.abort(new LeadershipLostError(options.name));
    await renewing;
    await elector.release();
  }
}

export class LeadershipLostError extends Error {
  override readonly name = 'LeadershipLostError';

  constructor(lease: string) {
    super(`the lease ${lease} was lost`);
  }
}

class Elector {
  readonly #options: Required<LeaderElectionOptions>;
  #seen: { record: string; atMs: number } | undefined;
  #held: Lease | undefined;

  constructor(options: LeaderElectionOptions) {
    this.#options = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2_000, ...options };
  }

  /** False when the signal came first. */
  async acquire(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      if (await this.#tryHold()) return true;
      await this.#pause(signal);
    }
    return false;
  }

  /** Returns when the lease is lost or the signal ends. */
  async renew(signal: AbortSignal): Promise<void> {
    const { clock, renewDeadlineMs } = this.#options;
    let renewedAtMs = clock.monotonic();
    while (!signal.aborted) {
      await this.#pause(signal);
      if (signal.aborted) return;
      const deadline = sleep(clock, renewedAtMs + renewDeadlineMs - clock.monotonic(), signal).catch(
        () => undefined,
      );
      const held = await Promise.race([this.#tryHold(), deadline.then(() => false)]);
      if (held) renewedAtMs = clock.monotonic();
      else if (clock.monotonic() - renewedAtMs >= renewDeadlineMs) return;
    }
  }

  async release(): Promise<void> {
    const held = this.#held;
    if (!held) return;
    const lease: Lease = {
      ...held,
      spec: { ...held.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: this.#now() },
    };
    await this.#leases()
      .update(lease)
      .catch((error: unknown) =>
        this.#options.log.debug('lease not given back', { error: describeError(error) }),
      );
  }

  #pause(signal: AbortSignal): Promise<void> {
    const { clock, retryPeriodMs, random } = this.#options;
    return sleep(clock, retryPeriodMs * (1 + 0.2 * random()), signal).catch(() => undefined);
  }

  #leases() {
    return this.#options.client.resource<Lease>(resources.leases);
  }

  async #tryHold(): Promise<boolean> {
    try {
      return await this.#hold();
    } catch (error) {
      const isRace = isApiError(error, 'Conflict') || isApiError(error, 'AlreadyExists');
      if (!isRace) {
        this.#options.log.warn('lease not renewed', {
          lease: this.#options.name,
          error: describeError(error),
        });
      }
      return false;
    }
  }

  async #hold(): Promise<boolean> {
    const { namespace, name, identity, clock, leaseDurationMs } = this.#options;
    const current = await this.#leases()
      .get(name, { namespace })
      .catch((error: unknown) => {
        if (isApiError(error, 'NotFound')) return undefined;
        throw error;
      });
    const renewTime = this.#now();
    const mine = {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000),
      renewTime,
    };
    if (!current) {
      this.#held = await this.#leases().create({
        metadata: { name, namespace },
        spec: { ...mine, acquireTime: renewTime, leaseTransitions: 0 },
      });
      return true;
    }
    const { spec = {} } = current;
    const record = `${spec.holderIdentity}/${spec.renewTime}/${spec.leaseTransitions}`;
    if (this.#seen?.record !== record) this.#seen = { record, atMs: clock.monotonic() };
    const isMine = spec.holderIdentity === identity;
    const isFree = !spec.holderIdentity || clock.monotonic() - this.#seen.atMs >= leaseDurationMs;
    if (!isMine && !isFree) {
      this.#held = undefined;
      return false;
    }
    this.#held = await this.#leases().update({
      ...current,
      spec: {
        ...spec,
        ...mine,
        acquireTime: isMine ? spec.acquireTime : renewTime,
        leaseTransitions: (spec.leaseTransitions ?? 0) + (isMine ? 0 : 1),
      },
    });
    return true;
  }

  /** Leases count in microseconds. */
  #now(): string {
    return new Date(this.#options.clock.now()).toISOString().replace('Z', '000Z');
  }
}
