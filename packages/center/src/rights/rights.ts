/**
 * What a caller may see and do in a cluster, by the cluster's own word as the caller.
 *
 * Who may not list a resource everywhere may still list it in some namespaces. Which ones to ask about, the bindings that name
 * the caller tell; whether they allow it, only the cluster does. Answers are kept for a minute, and void once any role or
 * binding of the cluster changes.
 */
import { forbidden } from '@skerry/api';
import { unreachable, type Clock } from '@skerry/base';
import { TransportError, type ResourceRef } from '@skerry/client';
import type { AccessQuestion, ClusterAccess, NodeLimits } from '#access/cluster-access.ts';
import { isWithin } from '#access/wanted-access.ts';
import type { ClusterCache } from '#cache/cluster-cache.ts';
import type { Item } from '#cache/item.ts';
import type { Caller } from '#http/caller.ts';
import {
  mayI,
  rulesAllow,
  rulesIn,
  whoIs,
  type ClusterIdentity,
  type RuleSet,
} from '#rights/caller-reviews.ts';
import { inParallel } from '#rights/in-parallel.ts';
import { KeptAnswers } from '#rights/kept-answers.ts';
import type { RowAction, ViewKind } from '#views/view-kind.ts';

/** Which objects of a resource the caller may see. */
export type Visible =
  | { readonly scope: 'all' }
  | { readonly scope: 'namespaces'; readonly namespaces: ReadonlySet<string> }
  | { readonly scope: 'nodes'; readonly limits: NodeLimits }
  | { readonly scope: 'none'; readonly username: string };

const keptMs = 60_000;
const identityKeptMs = 600_000;
/** While a cluster does not answer, its last word stands this long: what was shown stays there, marked as stale. */
const unreachableMs = 600_000;
const askTimeoutMs = 5_000;
/** Namespaces asked about for one caller; of more, only the first are shown without naming them. */
const namespacesMax = 500;
/** Namespaces that a caller may name in one query. */
const namedMax = 50;
const parallelMax = 8;
const bindingsWaitMs = 5_000;
/**
 * What is allowed in a namespace that isn't there is allowed everywhere: the rules for objects that are in none, among them those
 * for single objects by name.
 */
const noNamespace = 'skerry-no-namespace';

export interface RightsOptions {
  readonly access: ClusterAccess;
  readonly cacheOf: (cluster: string) => ClusterCache;
  readonly clock: Clock;
}

export class Rights {
  readonly #access: ClusterAccess;
  readonly #cacheOf: RightsOptions['cacheOf'];
  readonly #clock: Clock;
  readonly #identities: KeptAnswers<ClusterIdentity>;
  readonly #answers: KeptAnswers<boolean>;
  readonly #rules: KeptAnswers<RuleSet>;
  readonly #visible: KeptAnswers<Visible>;

  constructor({ access, cacheOf, clock }: RightsOptions) {
    this.#access = access;
    this.#cacheOf = cacheOf;
    this.#clock = clock;
    const kept = { clock, keptMs, unreachableMs, entriesMax: 10_000 };
    this.#identities = new KeptAnswers({ ...kept, keptMs: identityKeptMs });
    this.#answers = new KeptAnswers({ ...kept, entriesMax: 50_000 });
    this.#rules = new KeptAnswers(kept);
    this.#visible = new KeptAnswers(kept);
  }

  /** Rises when rights in the cluster may have changed. */
  generation(cluster: string): number {
    return this.#cacheOf(cluster).rbac.generation;
  }

  may(caller: Caller, cluster: string, question: AccessQuestion): Promise<boolean> {
    const key = `${keyOf(caller, cluster)}\n${JSON.stringify(question)}`;
    return this.#answers.get(key, this.generation(cluster), () =>
      this.#asked((signal) => mayI(this.#access.as(caller, cluster), question, signal)),
    );
  }

  /** @throws ApiError NotFound where the caller may know of no such cluster. */
  visible(caller: Caller, cluster: string, ref: ResourceRef): Promise<Visible> {
    if (ref.group === '' && ref.resource === 'nodes') {
      const limits = this.#access.nodeLimits(caller, cluster);
      if (limits) return Promise.resolve({ scope: 'nodes', limits });
    }
    const key = `${keyOf(caller, cluster)}\n${ref.resource}.${ref.group}`;
    return this.#visible.get(key, this.generation(cluster), () => this.#findVisible(caller, cluster, ref));
  }

  /**
   * The same, and a refusal where there is nothing to see. Namespaces that the caller names are asked about by themselves, since
   * a cluster may give rights by other ways than bindings. @throws ApiError Forbidden, NotFound
   */
  async required(
    caller: Caller,
    cluster: string,
    { ref, named = [] }: { readonly ref: ResourceRef; readonly named?: readonly string[] | undefined },
  ): Promise<Visible> {
    const visible = await this.visible(caller, cluster, ref);
    if (!ref.namespaced || named.length === 0 || visible.scope === 'all') return checked(visible, ref);
    const namespaces = new Set(visible.scope === 'namespaces' ? visible.namespaces : []);
    await inParallel(named.slice(0, namedMax), parallelMax, async (namespace) => {
      const { group, resource } = ref;
      if (await this.may(caller, cluster, { verb: 'list', group, resource, namespace }))
        namespaces.add(namespace);
    });
    return namespaces.size > 0 ? { scope: 'namespaces', namespaces } : checked(visible, ref);
  }

  /** Of each item, the actions that the caller may take. */
  async actions(
    caller: Caller,
    { cluster, view, items }: { cluster: string; view: ViewKind; items: readonly Item[] },
  ): Promise<string[][]> {
    const { actions, ref } = view;
    if (actions.length === 0 || items.length === 0) return items.map(() => []);
    const everywhere = new Set<string>();
    await inParallel(actions, parallelMax, async (action) => {
      if (await this.may(caller, cluster, questionOf(action, ref))) everywhere.add(action.id);
    });
    const rules = await this.#rulesOf(caller, {
      cluster,
      items: everywhere.size < actions.length ? items : [],
    });
    return items.map((item) =>
      actions
        .filter((action) => action.applies?.(item) ?? true)
        .filter((action) => everywhere.has(action.id) || allowedIn(action, { ref, item, rules }))
        .map(({ id }) => id),
    );
  }

  async #rulesOf(
    caller: Caller,
    { cluster, items }: { cluster: string; items: readonly Item[] },
  ): Promise<ReadonlyMap<string, RuleSet>> {
    const rules = new Map<string, RuleSet>();
    const namespaces = new Set(items.map(({ metadata }) => metadata.namespace ?? noNamespace));
    await inParallel(namespaces, parallelMax, async (namespace) => {
      const key = `${keyOf(caller, cluster)}\n${namespace}`;
      const found = await this.#rules.get(key, this.generation(cluster), () =>
        this.#asked((signal) => rulesIn(this.#access.as(caller, cluster), namespace, signal)),
      );
      rules.set(namespace, found);
    });
    return rules;
  }

  async #findVisible(caller: Caller, cluster: string, ref: ResourceRef): Promise<Visible> {
    const { group, resource } = ref;
    if (await this.may(caller, cluster, { verb: 'list', group, resource })) return { scope: 'all' };
    const ofNamespaces = group === '' && resource === 'namespaces';
    const { username } = await this.#identity(caller, cluster);
    if (!ref.namespaced && !ofNamespaces) return { scope: 'none', username };
    const namespaces = new Set<string>();
    await inParallel(await this.#candidates(caller, cluster), parallelMax, async (namespace) => {
      const question = ofNamespaces
        ? { verb: 'get', group, resource, namespace, name: namespace }
        : { verb: 'list', group, resource, namespace };
      if (await this.may(caller, cluster, question)) namespaces.add(namespace);
    });
    return namespaces.size > 0 ? { scope: 'namespaces', namespaces } : { scope: 'none', username };
  }

  #identity(caller: Caller, cluster: string): Promise<ClusterIdentity> {
    return this.#identities.get(keyOf(caller, cluster), 0, () =>
      this.#asked((signal) => whoIs(this.#access.as(caller, cluster), signal)),
    );
  }

  /** A cluster that says nothing must not hold up what can be shown without it. */
  async #asked<T>(ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const silence = new AbortController();
    const timer = this.#clock.after(askTimeoutMs, () =>
      silence.abort(
        new TransportError('api-unreachable', `no answer within ${askTimeoutMs / 1000} s`, { sent: true }),
      ),
    );
    try {
      return await ask(silence.signal);
    } finally {
      timer.cancel();
    }
  }

  /** Namespaces in which the caller may have rights: those whose bindings name them, or all where bindings can't be read. */
  async #candidates(caller: Caller, cluster: string): Promise<string[]> {
    const cache = this.#cacheOf(cluster);
    const bindings = cache.rbac.roleBindings;
    await bindings.ready(bindingsWaitMs);
    if (!bindings.synced) {
      const { namespaces } = cache;
      await namespaces.ready(bindingsWaitMs);
      return namespaces
        .items()
        .map(({ metadata }) => metadata.name)
        .slice(0, namespacesMax);
    }
    const subjects = subjectsOf(await this.#identity(caller, cluster));
    const found = new Set<string>();
    for (const { facts, metadata } of bindings.items()) {
      if (facts?.kind !== 'binding' || !metadata.namespace) continue;
      if (facts.subjects.some((subject) => subjects.has(subject))) found.add(metadata.namespace);
    }
    return [...found].sort().slice(0, namespacesMax);
  }
}

function checked(visible: Visible, ref: ResourceRef): Visible {
  if (visible.scope === 'none') throw refusal(ref, visible.username);
  return visible;
}

/** Whether an item is among what is visible. */
export function visibleFilter(visible: Visible, ref: ResourceRef): (item: Item) => boolean {
  switch (visible.scope) {
    case 'all':
      return () => true;
    case 'none':
      return () => false;
    case 'namespaces': {
      const { namespaces } = visible;
      if (ref.namespaced) return ({ metadata }) => namespaces.has(metadata.namespace ?? '');
      return ({ metadata }) => namespaces.has(metadata.name);
    }
    case 'nodes':
      return (item) => isWithin(item, visible.limits);
    default:
      return unreachable(visible);
  }
}

function allowedIn(
  action: RowAction,
  { ref, item, rules }: { ref: ResourceRef; item: Item; rules: ReadonlyMap<string, RuleSet> },
): boolean {
  const own = rules.get(item.metadata.namespace ?? noNamespace);
  const name = action.of ? {} : { name: item.metadata.name };
  return own !== undefined && rulesAllow(own, { ...questionOf(action, ref), ...name });
}

function questionOf({ verb, subresource, of }: RowAction, ref: ResourceRef): AccessQuestion {
  const { group, resource } = of ?? ref;
  return { verb, group, resource, ...(subresource ? { subresource } : {}) };
}

function subjectsOf({ username, groups }: ClusterIdentity): ReadonlySet<string> {
  const subjects = new Set([`User:${username}`, ...groups.map((group) => `Group:${group}`)]);
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(username) ?? [];
  if (namespace && name) subjects.add(`ServiceAccount:${namespace}/${name}`);
  return subjects;
}

/** In the words of an API server that refuses a list. */
function refusal({ group, resource }: ResourceRef, username: string): Error {
  return forbidden(
    { group, resource },
    '',
    `User ${JSON.stringify(username)} cannot list resource ${JSON.stringify(resource)} in API group ${JSON.stringify(group)} at the cluster scope`,
  );
}

function keyOf(caller: Caller, cluster: string): string {
  return JSON.stringify([cluster, caller.user, [...caller.groups].sort()]);
}
