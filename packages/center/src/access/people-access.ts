/** Clusters as people reach them: each request as the person, by the cluster's own word on what they may. */
import { ApiError, notFound } from '@skerry/api';
import type { Clock } from '@skerry/base';
import { type ApiClient, createClient, type Transport } from '@skerry/client';
import {
  type AccessQuestion,
  type ClusterAccess,
  type ClusterConnection,
  type ClusterConnections,
  managementCluster,
  type NodeLimits,
} from '#access/cluster-access.ts';
import { askCluster } from '#access/access-review.ts';
import { impersonating, impersonationHeaders } from '#access/impersonation.ts';
import { subjectOf } from '#access/subject.ts';
import { isForCluster, isNodeGrant } from '#access/wanted-access.ts';
import type { Caller } from '#http/caller.ts';
import type { Directory, Person } from '#people/directory.ts';

const answerMs = 10_000;
const answersMax = 20_000;

export class PeopleAccess implements ClusterAccess {
  readonly #connections: ClusterConnections;
  readonly #directory: Directory;
  readonly #clock: Clock;
  /** Newest last. */
  readonly #answers = new Map<string, { readonly allowed: Promise<boolean>; readonly untilMs: number }>();

  constructor(parts: { connections: ClusterConnections; directory: Directory; clock: Clock }) {
    this.#connections = parts.connections;
    this.#directory = parts.directory;
    this.#clock = parts.clock;
    // What was just granted or taken counts at once.
    parts.directory.onChange(() => this.#answers.clear());
  }

  list(caller?: Caller): readonly string[] {
    const names = this.#connections.names();
    if (!caller) return names;
    const grants = this.#directory.grantsOf(caller);
    return names.filter(
      (name) =>
        grants.some((grant) => isForCluster(grant, name)) && (caller.scope?.clusters?.includes(name) ?? true),
    );
  }

  as(caller: Caller, cluster: string): ApiClient {
    return createClient({
      transport: this.transport(caller, cluster),
      userAgent: 'skerry-console',
      clock: this.#clock,
    });
  }

  transport(caller: Caller, cluster: string): Transport {
    const { people } = this.connection(cluster, caller);
    return impersonating(people, subjectOf(caller));
  }

  async dial(caller: Caller, cluster: string, signal: AbortSignal) {
    const { headers, ...dialled } = await this.connection(cluster, caller).dial(signal);
    return { ...dialled, headers: { ...headers, ...impersonationHeaders(subjectOf(caller)) } };
  }

  own(cluster: string): ApiClient {
    const transport = this.connection(cluster).reader;
    return createClient({ transport, userAgent: 'skerry-center', clock: this.#clock });
  }

  meter(cluster: string): ApiClient | undefined {
    const transport = this.connection(cluster).meter;
    return (
      transport &&
      createClient({
        transport,
        userAgent: 'skerry-center',
        clock: this.#clock,
        // What machines and exporters say is believed up to so much.
        answerBytesMax: 8 << 20,
      })
    );
  }

  may(caller: Caller, cluster: string, question: AccessQuestion): Promise<boolean> {
    const key = JSON.stringify([cluster, caller.user, caller.groups, question]);
    const nowMs = this.#clock.monotonic();
    const known = this.#answers.get(key);
    if (known && known.untilMs > nowMs) return known.allowed;
    const asked = this.connection(cluster, caller).reader;
    const allowed = askCluster(asked, subjectOf(caller), question).then((answer) => answer.allowed);
    this.#answers.delete(key);
    this.#answers.set(key, { allowed, untilMs: nowMs + answerMs });
    // A failure is not an answer to keep.
    allowed.catch(() => this.#answers.delete(key));
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > answersMax && oldest !== undefined) this.#answers.delete(oldest);
    return allowed;
  }

  nodeLimits(caller: Caller, cluster: string): NodeLimits | undefined {
    const grants = this.#directory.grantsOf(caller).filter((grant) => isForCluster(grant, cluster));
    const limited = grants.filter(isNodeGrant);
    // Somebody without any limited grant is told of nodes by the cluster alone.
    if (limited.length === 0 || grants.some((grant) => !isNodeGrant(grant) && !grant.spec.namespaces))
      return undefined;
    return {
      pools: [...new Set(limited.flatMap(({ spec }) => spec.pools ?? []))],
      owners: [...new Set(limited.flatMap(({ spec }) => spec.owners ?? []))],
    };
  }

  /** Throws 404 as for a cluster that is not there. */
  connection(cluster: string, caller?: Caller): ClusterConnection {
    const connection = this.#connections.get(cluster);
    const known = !caller || cluster === managementCluster || this.list(caller).includes(cluster);
    if (!connection || !known) throw notFound({ group: 'center.skerry.io', resource: 'clusters' }, cluster);
    return connection;
  }

  /** The same person, for whom somebody else asks. */
  personOf(name: string): Person {
    const user = this.#directory.user(name);
    if (!user) throw new ApiError('NotFound', `there is no user ${name}`);
    return { user: name, groups: this.#directory.groupsOf(user) };
  }
}
