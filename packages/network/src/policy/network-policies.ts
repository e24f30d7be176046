/**
 * Enforces NetworkPolicies for the pods of this machine. It follows what the center has made of the policies for this
 * pool, keeps it on disk, and is told of pods before their containers start. Each change is one transaction of the kernel;
 * what the kernel holds stays there when this ends, and is replaced in one step when it starts again, so that no packet
 * ever meets a pod without the policies that it had.
 */
import { join } from 'node:path';
import type { Pod, PoolPolicy } from '@skerry/api';
import { describeError, sleep, type Clock, type Logger, type Service } from '@skerry/base';
import { resources, type ApiClient } from '@skerry/client';
import { poolLabel } from '#cluster-view.ts';
import { FollowedObjects } from '#followed-objects.ts';
import { runNft } from '#nftables/run-nft.ts';
import { contentChange, type TableContent } from '#nftables/table-content.ts';
import { bridgeRules, showBridgedTraffic } from '#policy/bridged-traffic.ts';
import { loadOwnPods, ownPod, saveOwnPods, type OwnPod } from '#policy/own-pod.ts';
import {
  baseRules,
  policyContents,
  policyFamilies,
  policyTable,
  removeTable,
  type Family,
  type PolicyContents,
} from '#policy/policy-rules.ts';

export interface NetworkPoliciesOptions {
  readonly client: ApiClient;
  readonly pool: string | undefined;
  readonly stateDirectory: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  /** Hands a script to the kernel as one transaction. */
  readonly load?: (script: string) => Promise<void>;
  /** Makes the kernel show bridged packets to the rules of a family; answers whether it does. */
  readonly showBridged?: (family: Family) => Promise<boolean>;
}

/** What is told of pods, by whoever starts and ends them. */
export interface PodPolicies {
  /** Pods that have some, or had some at the last end of this program: those that are gone by now are to be unset. */
  readonly podUids: readonly string[];
  /** Resolves when the kernel holds what is allowed to the pod at these addresses; rejects when it could not be had. */
  set(pod: Pod, addresses: readonly string[]): Promise<void>;
  unset(uid: string): Promise<void>;
}

export interface NetworkPolicies extends Service, PodPolicies {}

/** How long a pod waits for policies to be known at all. */
const knownWithinMs = 10_000;
const retryMs = 1_000;

export function createNetworkPolicies(options: NetworkPoliciesOptions): NetworkPolicies {
  return new PolicyKeeper(options);
}

/** Takes away what this machine's kernel has of policies. */
export async function removeNetworkPolicies(): Promise<void> {
  await runNft(`${policyFamilies.flatMap(removeTable).join('\n')}\n`);
  // Of a kernel that knows no such tables there is none to remove.
  await runNft(`${bridgeRules({ ip: [], ip6: [] }).join('\n')}\n`).catch(() => undefined);
}

class PolicyKeeper implements NetworkPolicies {
  readonly name = 'network policies';
  readonly #options: NetworkPoliciesOptions;
  readonly #policies: FollowedObjects<PoolPolicy>;
  readonly #pods = new Map<string, OwnPod>();
  readonly #stateFile: string;
  readonly #loaded: Promise<void>;
  /** Of what the kernel holds for sure; undefined before the first transaction and after one that failed. */
  #held: PolicyContents | undefined;
  #bridged: Record<Family, boolean> = { ip: true, ip6: true };
  #isUrgent: () => void = () => undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(options: NetworkPoliciesOptions) {
    this.#options = options;
    const { pool, stateDirectory, ...shared } = options;
    this.#policies = new FollowedObjects<PoolPolicy>({
      ...shared,
      ref: resources.poolPolicies,
      scopes: [{ labelSelector: pool === undefined ? `!${poolLabel}` : `${poolLabel}=${pool}` }],
    });
    this.#stateFile = join(stateDirectory, 'policy-pods.json');
    this.#loaded = loadOwnPods(this.#stateFile).then((pods) => {
      for (const pod of pods) if (!this.#pods.has(pod.uid)) this.#pods.set(pod.uid, pod);
    });
  }

  get podUids(): readonly string[] {
    return [...this.#pods.keys()];
  }

  async set(pod: Pod, addresses: readonly string[]): Promise<void> {
    if (addresses.length === 0) return this.unset(pod.metadata.uid ?? '');
    await this.#loaded;
    const wanted = ownPod(pod, addresses);
    if (JSON.stringify(this.#pods.get(wanted.uid)) !== JSON.stringify(wanted))
      this.#pods.set(wanted.uid, wanted);
    await this.#known();
    await this.#apply();
  }

  async #known(): Promise<void> {
    const given = new AbortController();
    const timer = this.#options.clock.after(knownWithinMs, () => given.abort());
    try {
      await this.#policies.known(given.signal);
    } catch {
      throw new Error('network policies have not yet been read at least once');
    } finally {
      timer.cancel();
    }
  }

  async unset(uid: string): Promise<void> {
    await this.#loaded;
    if (!this.#pods.delete(uid)) return;
    if (this.#policies.isKnown()) await this.#apply();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { showBridged = showBridgedTraffic, log } = this.#options;
    await this.#loaded;
    for (const family of policyFamilies) this.#bridged[family] = await showBridged(family);
    if (!this.#bridged.ip) {
      log.warn('pods with policies reach no pod on the same machine: the kernel lacks br_netfilter');
    }
    const changed = () => this.#isUrgent();
    const stop = this.#policies.addHandler({ onAdd: changed, onUpdate: changed, onDelete: changed });
    try {
      await Promise.all([this.#policies.run(signal), this.#follow(signal)]);
    } finally {
      stop();
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    await this.#policies.known(signal).catch(() => undefined);
    while (!signal.aborted) {
      const news = new AbortController();
      this.#isUrgent = () => news.abort();
      const isDone = await this.#apply().then(
        () => true,
        (error: unknown) => {
          this.#options.log.error('network policies not in force', { error: describeError(error) });
          return false;
        },
      );
      const until = AbortSignal.any([signal, news.signal]);
      await sleep(this.#options.clock, isDone ? 2 ** 31 - 1 : retryMs, until).catch(() => undefined);
    }
  }

  /** One at a time; those that come meanwhile share the next. */
  #apply(): Promise<void> {
    const turn = this.#work.then(() => this.#bring());
    this.#work = turn.catch(() => undefined);
    return turn;
  }

  async #bring(): Promise<void> {
    const { load = runNft } = this.#options;
    const pods = [...this.#pods.values()];
    const wanted = policyContents(this.#policies.list(), pods);
    const held = this.#held;
    const lines = held
      ? policyFamilies.flatMap((family) => changeLines(family, held, wanted))
      : policyFamilies.flatMap((family) => [...baseRules(family), ...changeLines(family, new Map(), wanted)]);
    if (lines.length === 0) return;
    await saveOwnPods(this.#stateFile, pods);
    this.#held = undefined;
    await load(`${[...lines, ...this.#bridgeLines(wanted)].join('\n')}\n`);
    this.#held = wanted;
  }

  #bridgeLines(wanted: PolicyContents): string[] {
    if (this.#bridged.ip && this.#bridged.ip6) return [];
    const of = (family: Family) => (this.#bridged[family] ? [] : closedAddresses(wanted, family));
    return bridgeRules({ ip: of('ip'), ip6: of('ip6') });
  }
}

function changeLines(family: Family, held: PolicyContents, wanted: PolicyContents): string[] {
  const contents = (all: PolicyContents): TableContent[] => [...all.values()].map((one) => one[family]);
  return contentChange({ family, table: policyTable }, contents(held), contents(wanted));
}

function closedAddresses(wanted: PolicyContents, family: Family): string[] {
  const found = new Set<string>();
  for (const {
    [family]: { elements },
  } of wanted.values()) {
    for (const map of ['arriving-pods', 'leaving-pods']) {
      for (const address of Object.keys(elements[map] ?? {})) found.add(address);
    }
  }
  return [...found];
}
