/** The center's people, put together: who they are, how they sign in, what they may do in which cluster, what they did. */
import { type Clock, type Logger, type Service, sleep } from '@skerry/base';
import type { ApiClient } from '@skerry/client';
import type { FetchJson, ValueKey } from '@skerry/pki';
import { AccessKeeper } from '#access/access-keeper.ts';
import { canIRoutes } from '#access/can-i-routes.ts';
import type { ClusterAccess, ClusterConnections } from '#access/cluster-access.ts';
import { kubeconfigRoutes } from '#access/kubeconfig-routes.ts';
import { PeopleAccess } from '#access/people-access.ts';
import { proxyRoutes } from '#access/proxy-routes.ts';
import { AuditLog } from '#audit/audit-log.ts';
import { auditRoutes } from '#audit/audit-routes.ts';
import type { AuditSink, Gate } from '#http/gate.ts';
import type { PublicRoute, Route } from '#http/route.ts';
import { joinRoutes } from '#joining/join-routes.ts';
import { oidcRoutes } from '#oidc/oidc-routes.ts';
import type { PostForm } from '#oidc/provider.ts';
import { ApiTokens } from '#people/api-tokens.ts';
import { Directory } from '#people/directory.ts';
import { Leftovers } from '#people/leftovers.ts';
import { Passwords } from '#people/passwords.ts';
import { peopleRoutes } from '#people/people-routes.ts';
import { Throttle } from '#people/throttle.ts';
import { userRoutes } from '#people/user-routes.ts';
import { UserStore } from '#people/user-store.ts';
import { createGate } from '#sessions/gate.ts';
import { sealedFile } from '#sessions/session-file.ts';
import { SessionKeeper } from '#sessions/session-keeper.ts';
import { sessionRoutes } from '#sessions/session-routes.ts';
import { SessionStore } from '#sessions/session-store.ts';
import { Tickets } from '#sessions/tickets.ts';

/** A cluster that does not answer keeps nobody from signing in. */
const settleMsMax = 3_000;

export interface PeopleOptions {
  /** The management API, with its kinds installed, as the center itself. */
  readonly client: ApiClient;
  readonly connections: ClusterConnections;
  /** User of each cluster as which the center speaks for people. */
  readonly impersonator: string;
  readonly auditFile: string;
  /** Where sessions outlive a restart, and by which keys; only in memory unless given. */
  readonly sessions?: { readonly file: string; readonly keys: readonly [ValueKey, ...ValueKey[]] };
  /** How OpenID providers are spoken to; nobody signs in by one without. */
  readonly outgoing?: { readonly fetchJson: FetchJson; readonly postForm: PostForm };
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

export interface People {
  readonly gate: Gate;
  readonly audit: AuditSink;
  readonly access: ClusterAccess;
  readonly users: UserStore;
  readonly routes: readonly (Route | PublicRoute)[];
  /** To be supervised. */
  readonly services: readonly Service[];
  /** Takes up the sessions of a former process. */
  restore(): Promise<void>;
  /** Brings roles and bindings in all clusters in line at once; they are kept so anyway. */
  reconcileAccess(): Promise<void>;
  /** Once who is who is known; services must run. */
  ready(signal?: AbortSignal): Promise<void>;
}

export function createPeople(options: PeopleOptions): People {
  const { client, connections, clock, log, random } = options;
  const directory = new Directory({ client, clock, log, random });
  const throttle = new Throttle({ clock, random });
  const passwords = new Passwords({ client, clock, throttle });
  const users = new UserStore({ client, passwords, clock, log });
  const tokens = new ApiTokens({ directory, client, clock, log });
  const file = options.sessions && sealedFile(options.sessions.file, { keys: options.sessions.keys, log });
  const sessions = new SessionStore({ clock, log, ...(file ? { file } : {}) });
  const tickets = new Tickets(clock);
  const access = new PeopleAccess({ connections, directory, clock });
  const audit = new AuditLog({ path: options.auditFile, clock, log });
  const accessKeeper = new AccessKeeper({ ...options, directory });
  const settle = async (user: string, groups: readonly string[]) => {
    await directory.waitFor(() => {
      const known = directory.user(user)?.status?.groups ?? [];
      return groups.every((group) => known.includes(group));
    });
    await Promise.race([accessKeeper.reconcile(), sleep(clock, settleMsMax)]);
  };
  return {
    gate: createGate({ sessions, tickets, tokens, access }),
    audit,
    access,
    users,
    routes: [
      ...sessionRoutes({ sessions, tickets, directory, users, passwords, clock }),
      ...(options.outgoing
        ? oidcRoutes({ client, directory, users, sessions, settle, clock, log, ...options.outgoing })
        : []),
      ...peopleRoutes({ client, tokens }),
      ...userRoutes({ users, access }),
      ...canIRoutes(access),
      ...proxyRoutes(access),
      ...kubeconfigRoutes({ access, clock }),
      ...joinRoutes({ access, directory, clock }),
      ...auditRoutes({ log: audit, access }),
    ],
    services: [
      { name: 'people directory', run: (signal) => directory.run(signal) },
      { name: 'sessions', run: (signal) => sessions.run(signal) },
      new Leftovers({ directory, client, clock, log }),
      new SessionKeeper({ sessions, directory, tokens, clock }),
      accessKeeper,
    ],
    restore: () => sessions.restore(),
    reconcileAccess: () => accessKeeper.reconcile(),
    ready: (signal) => directory.waitForSync(signal),
  };
}
