/**
 * Keeps the roles and bindings of people true in every cluster: what a grant asks for is there, what none asks for is not,
 * whatever anybody changed. Level-based: each round reads everything of one cluster, compares, and writes the difference; rounds
 * come after changes and once a minute.
 */
import {
  type ClusterRole,
  type ClusterRoleBinding,
  isApiError,
  type KubeObject,
  type Namespace,
  type Node,
  type RoleBinding,
} from '@skerry/api';
import { type Clock, describeError, type Logger, type Timer } from '@skerry/base';
import { type ApiClient, createClient, type ResourceRef, resources } from '@skerry/client';
import { type ClusterConnections, managementCluster } from '#access/cluster-access.ts';
import type { WantedRole } from '#access/ready-roles.ts';
import {
  type AccessFacts,
  grantLabel,
  isForCluster,
  isNodeGrant,
  managedLabel,
  wantedAccess,
  type WantedAccess,
  type WantedBinding,
} from '#access/wanted-access.ts';
import type { Directory } from '#people/directory.ts';
import { type Grant, peopleResources } from '#people/kinds.ts';

const everyMs = 60_000;
/** Nodes come and go more often than grants. */
const everyWithNodesMs = 10_000;
/** Changes come in bursts. */
const settleMs = 50;
const rbac = 'rbac.authorization.k8s.io';
const roles: ResourceRef = ref('ClusterRole', 'clusterroles', false);
const clusterBindings: ResourceRef = ref('ClusterRoleBinding', 'clusterrolebindings', false);
const bindings: ResourceRef = ref('RoleBinding', 'rolebindings', true);
const managed = { [managedLabel]: 'true' };
const labelSelector = `${managedLabel}=true`;
const listMax = 500;
const roundMsMax = 10_000;

function ref(kind: string, resource: string, namespaced: boolean): ResourceRef {
  return { group: rbac, version: 'v1', kind, resource, namespaced };
}

export interface AccessKeeperOptions {
  readonly connections: ClusterConnections;
  readonly directory: Directory;
  /** The management API, for the status of grants. */
  readonly client: ApiClient;
  /** User of each cluster as which the center speaks for people. */
  readonly impersonator: string;
  readonly clock: Clock;
  readonly log: Logger;
}

type Outcome = ReadonlyMap<string, { readonly applied: boolean; readonly message?: string }>;

export class AccessKeeper {
  readonly name = 'access keeper';
  readonly #options: AccessKeeperOptions;
  readonly #outcomes = new Map<string, Outcome>();
  readonly #failures = new Map<string, string>();
  readonly #rounds = new Map<string, { readonly running: Promise<void>; readonly waiting?: Promise<void> }>();
  #wake: (() => void) | undefined;
  #dirty = true;

  constructor(options: AccessKeeperOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { directory, connections, clock } = this.#options;
    await directory.waitForSync(signal);
    const removes = [directory.onChange(() => this.#mark()), connections.onChange(() => this.#mark())];
    try {
      while (!signal.aborted) {
        this.#dirty = false;
        await this.reconcile();
        await this.#wait(signal);
        if (this.#dirty) await new Promise<void>((resolve) => void clock.after(settleMs, resolve));
      }
    } finally {
      for (const remove of removes) remove();
    }
  }

  /** One round over all clusters; one that does not answer holds up no other, and is tried again in the next round. */
  async reconcile(): Promise<void> {
    const names = [managementCluster, ...this.#options.connections.names()];
    await Promise.all(names.map((cluster) => this.#within(this.#nextRound(cluster), cluster)));
    for (const cluster of this.#outcomes.keys()) if (!names.includes(cluster)) this.#outcomes.delete(cluster);
    await this.#writeStatus();
  }

  /** A round that begins from now on: rounds of one cluster don't overlap, and one that waits is enough for all who ask. */
  #nextRound(cluster: string): Promise<void> {
    const { running, waiting } = this.#rounds.get(cluster) ?? {};
    if (waiting) return waiting;
    const begin = (): Promise<void> => {
      const round = this.#round(cluster).finally(() => {
        if (this.#rounds.get(cluster)?.running === round) this.#rounds.delete(cluster);
      });
      this.#rounds.set(cluster, { running: round });
      return round;
    };
    if (!running) return begin();
    const next = running.then(begin);
    this.#rounds.set(cluster, { running, waiting: next });
    return next;
  }

  async #round(cluster: string): Promise<void> {
    try {
      this.#outcomes.set(cluster, await this.#reconcileCluster(cluster));
      this.#failures.delete(cluster);
    } catch (error) {
      this.#failed(cluster, describeError(error));
    }
  }

  /** Waits for the round, for so long; it goes on by itself. */
  async #within(round: Promise<void>, cluster: string): Promise<void> {
    let timer: Timer | undefined;
    const late = new Promise<void>((resolve) => {
      timer = this.#options.clock.after(roundMsMax, () => {
        this.#failed(cluster, 'the cluster does not answer');
        resolve();
      });
    });
    await Promise.race([round, late]);
    timer?.cancel();
  }

  #failed(cluster: string, message: string): void {
    // Said once for each reason, not every minute.
    if (this.#failures.get(cluster) !== message) {
      this.#options.log.warn('access of people not kept', { cluster, error: message });
    }
    this.#failures.set(cluster, message);
    const grants = this.#grantsFor(cluster).map(({ metadata }) => metadata?.name ?? '');
    this.#outcomes.set(cluster, new Map(grants.map((grant) => [grant, { applied: false, message }])));
  }

  #grantsFor(cluster: string): Grant[] {
    return this.#options.directory.grants.list().filter((grant) => isForCluster(grant, cluster));
  }

  async #reconcileCluster(cluster: string): Promise<Outcome> {
    const connection = this.#options.connections.get(cluster);
    if (!connection) return new Map();
    const client = createClient({ transport: connection.keeper, userAgent: 'skerry-center/access' });
    const facts = await this.#facts(cluster, client);
    const wanted = wantedAccess(facts);
    const faults = new Map(wanted.faults);
    await keepRoles(client, wanted.roles, faults);
    await keepBindings(client, wanted.bindings, faults);
    await noteMissingRoles(client, wanted, faults);
    return new Map(
      facts.grants.map(({ metadata }) => {
        const name = metadata?.name ?? '';
        const message = faults.get(name);
        return [name, message === undefined ? { applied: true } : { applied: false, message }];
      }),
    );
  }

  async #facts(cluster: string, client: ApiClient): Promise<AccessFacts> {
    const { directory, impersonator } = this.#options;
    const grants = this.#grantsFor(cluster);
    const ofCluster = cluster !== managementCluster;
    const nodes = ofCluster && grants.some(isNodeGrant) ? await listAll<Node>(client, resources.nodes) : [];
    const inNamespaces = ofCluster && grants.some(({ spec }) => spec.namespaces);
    const namespaces = inNamespaces ? await listAll<Namespace>(client, resources.namespaces) : [];
    return {
      cluster,
      users: directory.users.list(),
      grants,
      nodes,
      namespaces: new Set(
        namespaces
          .filter(({ metadata }) => !metadata?.deletionTimestamp)
          .map(({ metadata }) => metadata?.name ?? ''),
      ),
      impersonator,
    };
  }

  /** What came of each grant, where that has changed. */
  async #writeStatus(): Promise<void> {
    const { directory, client, log } = this.#options;
    for (const grant of directory.grants.list()) {
      const name = grant.metadata?.name ?? '';
      const clusters = [...this.#outcomes]
        .flatMap(([cluster, outcome]) => {
          const result = outcome.get(name);
          return result ? [{ name: cluster, ...result }] : [];
        })
        .sort((left, right) => (left.name < right.name ? -1 : 1));
      if (isSame(grant.status?.clusters ?? [], clusters)) continue;
      try {
        const status = { clusters };
        await client
          .resource(peopleResources.grants)
          .patch(name, { status }, { type: 'merge', subresource: 'status' });
      } catch (error) {
        if (!isApiError(error, 'NotFound'))
          log.warn('status of grant not written', { grant: name, error: describeError(error) });
      }
    }
  }

  #mark(): void {
    this.#dirty = true;
    this.#wake?.();
  }

  async #wait(signal: AbortSignal): Promise<void> {
    if (this.#dirty || signal.aborted) return;
    const { clock, directory } = this.#options;
    await new Promise<void>((resolve) => {
      const wake = () => {
        timer.cancel();
        signal.removeEventListener('abort', wake);
        this.#wake = undefined;
        resolve();
      };
      const withNodes = directory.grants.list().some(isNodeGrant);
      const timer = clock.after(withNodes ? everyWithNodesMs : everyMs, wake);
      signal.addEventListener('abort', wake, { once: true });
      this.#wake = wake;
    });
  }
}

async function listAll<T extends KubeObject>(
  client: ApiClient,
  at: ResourceRef,
  options: { labelSelector?: string } = {},
): Promise<T[]> {
  const items: T[] = [];
  let next: string | undefined;
  do {
    const page = await client
      .resource<T>(at)
      .list({ ...options, limit: listMax, ...(next ? { continue: next } : {}) });
    items.push(...page.items);
    next = page.metadata?.continue;
  } while (next);
  return items;
}

/** Notes by grant why its role could not be made; what is wrong with one holds up no other. */
async function keepRoles(
  client: ApiClient,
  wanted: readonly WantedRole[],
  faults: Map<string, string>,
): Promise<void> {
  const known = client.resource<ClusterRole>(roles);
  const found = new Map(
    (await listAll<ClusterRole>(client, roles, { labelSelector })).map((role) => [
      role.metadata.name ?? '',
      role,
    ]),
  );
  for (const want of wanted) {
    const role = roleObject(want);
    const is = found.get(want.name);
    found.delete(want.name);
    const metadata = { ...is?.metadata, labels: role.metadata.labels };
    await noting(faults, want.labels?.[grantLabel], async () => {
      if (!is) await createOrReplace(known, role);
      else if (!isSameRole(is, role)) await known.update({ ...role, metadata });
    });
  }
  for (const name of found.keys()) await known.delete(name).catch(ignoreMissing);
}

async function noting(
  faults: Map<string, string>,
  grant: string | undefined,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (grant === undefined) throw error;
    faults.set(grant, describeError(error));
  }
}

function roleObject({ name, rules, aggregates, labels }: WantedRole): ClusterRole {
  return {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRole',
    metadata: { name, labels: { ...managed, ...labels } },
    ...(aggregates
      ? {
          aggregationRule: {
            clusterRoleSelectors: aggregates.map(({ label, value }) => ({ matchLabels: { [label]: value } })),
          },
        }
      : { rules: [...(rules ?? [])] }),
  };
}

/** The rules of an aggregated role are the cluster's own doing. */
function isSameRole(is: ClusterRole, want: ClusterRole): boolean {
  return (
    isSame(is.metadata.labels ?? {}, want.metadata.labels ?? {}) &&
    (want.aggregationRule
      ? isSame(is.aggregationRule ?? {}, want.aggregationRule)
      : is.aggregationRule === undefined && isSame(is.rules ?? [], want.rules ?? []))
  );
}

/** The same for bindings. */
async function keepBindings(
  client: ApiClient,
  wanted: readonly WantedBinding[],
  faults: Map<string, string>,
): Promise<void> {
  const keyOf = (namespace: string | undefined, name: string) => `${namespace ?? ''}/${name}`;
  const found = new Map<string, ClusterRoleBinding | RoleBinding>();
  for (const at of [clusterBindings, bindings]) {
    for (const binding of await listAll<ClusterRoleBinding | RoleBinding>(client, at, { labelSelector })) {
      found.set(keyOf(binding.metadata.namespace, binding.metadata.name ?? ''), binding);
    }
  }
  for (const want of wanted) {
    const key = keyOf(want.namespace, want.name);
    const is = found.get(key);
    found.delete(key);
    const binding = bindingObject(want);
    if (
      is &&
      isSame(
        [is.roleRef, is.subjects, is.metadata.labels],
        [binding.roleRef, binding.subjects, binding.metadata.labels],
      )
    )
      continue;
    const known = client.resource<ClusterRoleBinding | RoleBinding>(
      want.namespace ? bindings : clusterBindings,
    );
    const { namespace } = want;
    await noting(faults, want.grant, async () => {
      // What a binding points to can't be changed.
      if (is) await known.delete(want.name, { namespace }).catch(ignoreMissing);
      await known.create(binding, { namespace });
    });
  }
  for (const { metadata } of found.values()) {
    const { namespace, name = '' } = metadata;
    await client
      .resource(namespace ? bindings : clusterBindings)
      .delete(name, { namespace })
      .catch(ignoreMissing);
  }
}

/** A binding to a role that isn't there is taken by every cluster, and gives nothing. */
async function noteMissingRoles(
  client: ApiClient,
  { roles: own, bindings: wanted }: Pick<WantedAccess, 'roles' | 'bindings'>,
  faults: Map<string, string>,
): Promise<void> {
  const made = new Set(own.map(({ name }) => name));
  const named = Map.groupBy(
    wanted.filter(({ role, grant }) => grant !== undefined && !made.has(role)),
    ({ role }) => role,
  );
  for (const [role, bound] of named) {
    try {
      await client.resource<ClusterRole>(roles).get(role);
    } catch (error) {
      if (!isApiError(error, 'NotFound')) throw error;
      for (const { grant = '' } of bound)
        if (!faults.has(grant))
          faults.set(grant, `there is no ClusterRole ${role} in this cluster, so the grant gives nothing`);
    }
  }
}

function bindingObject({
  name,
  namespace,
  role,
  subject,
  grant,
}: WantedBinding): ClusterRoleBinding | RoleBinding {
  return {
    apiVersion: `${rbac}/v1`,
    kind: namespace ? 'RoleBinding' : 'ClusterRoleBinding',
    metadata: {
      name,
      ...(namespace ? { namespace } : {}),
      labels: { ...managed, ...(grant ? { [grantLabel]: grant } : {}) },
    },
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: role },
    subjects: [{ apiGroup: rbac, kind: subject.kind, name: subject.name }],
  };
}

/** An object of that name that has lost its label is ours all the same. */
async function createOrReplace(
  known: { create(object: ClusterRole): Promise<unknown>; delete(name: string): Promise<void> },
  role: ClusterRole,
): Promise<void> {
  try {
    await known.create(role);
  } catch (error) {
    if (!isApiError(error, 'AlreadyExists')) throw error;
    await known.delete(role.metadata.name ?? '').catch(ignoreMissing);
    await known.create(role);
  }
}

function ignoreMissing(error: unknown): void {
  if (!isApiError(error, 'NotFound')) throw error;
}

function isSame(left: unknown, right: unknown): boolean {
  return canonical(left) === canonical(right);
}

/** Fields in one order, and none that are empty. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([left], [right]) => (left < right ? -1 : 1)))
      : each,
  );
}
