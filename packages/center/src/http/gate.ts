import type { AccessQuestion } from '#access/cluster-access.ts';
import type { Caller } from '#http/caller.ts';
import type { AuditNote, Method } from '#http/route.ts';

/** What a request shows of who sent it. */
export interface Credentials {
  readonly method: Method;
  /** By lower-case name. */
  readonly header: (name: string) => string | undefined;
  /** Of the server, as the client asked it. */
  readonly origin: string;
  readonly remoteAddress: string;
}

/** Decides who asks and whether the request is theirs; the server asks it before any route is called. */
export interface Gate {
  /** Undefined: nobody signed in. Throws where there is a credential that is wrong (401) or a request that is forged (403). */
  caller(request: Credentials): Promise<Caller | undefined>;
  /** Throws 403 where a request that changes something comes from elsewhere. */
  checkOrigin(request: Credentials, options?: { readonly socket?: boolean }): void;
  /** Throws 403 where the caller has to do something first: prove again who they are, or change their password. */
  checkReady(
    caller: Caller,
    route: {
      readonly method: Method;
      readonly cluster?: string | undefined;
      readonly stepUp?: boolean;
      readonly beforePasswordChange?: boolean;
    },
  ): void;
  /** Whether the caller still may, by the cluster's word; a cluster that does not answer takes nothing away. */
  stillMay(caller: Caller, cluster: string, question: AccessQuestion): Promise<boolean>;
  /** Something came over the caller's WebSocket: the session is in use. */
  touch(caller: Caller): void;
  /** Takes the ticket that opens one WebSocket once. Throws 401, 403. */
  redeem(request: Credentials, socket: { readonly ticket: string; readonly target: string }): Promise<Caller>;
}

/** One line of the audit log. */
export interface AuditRecord extends Omit<AuditNote, 'keep' | 'user' | 'code'> {
  readonly user: string;
  /** Nobody that the center knows: `user` is what they call themselves, or empty. */
  readonly stranger?: boolean;
  readonly sourceAddress: string;
  readonly code: number;
}

export interface AuditSink {
  record(entry: AuditRecord): void;
}
