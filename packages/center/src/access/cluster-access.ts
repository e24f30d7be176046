/**
 * How parts of the center reach clusters: always as the person who asks, or, for caches, as the center's own reader, whose
 * answers are never shown without asking what the person may see.
 */
import type { Duplex } from 'node:stream';
import type { ApiClient, Transport } from '@skerry/client';
import type { Caller } from '#http/caller.ts';

/** What the management API is called where a cluster is asked for. Not a valid name of a cluster. */
export const managementCluster = '@management';

/** How one cluster is reached, each way with credentials of its own. Given by whoever hosts or imports clusters. */
export interface ClusterConnection {
  /** May impersonate the center's people, and nothing else. */
  readonly people: Transport;
  /** May read what caches hold. */
  readonly reader: Transport;
  /** May keep roles, bindings, join tokens and certificate requests of people. */
  readonly keeper: Transport;
  /**
   * May ask machines what they count. None where that right (`get nodes/proxy`) is more than reading: the kubelets of other
   * clusters take commands by the same way.
   */
  readonly meter?: Transport;
  /** A connection to the API server, TLS done, for protocols that take it over; `headers` say that `people` asks. */
  dial(signal: AbortSignal): Promise<{
    readonly socket: Duplex;
    readonly host: string;
    /** Before every path, where the server is not at the root of its address. */
    readonly prefix: string;
    readonly headers: Readonly<Record<string, string>>;
  }>;
  /** What a kubeconfig needs. */
  readonly address: { readonly server: string; readonly ca?: string; readonly pin?: string };
  /** Machines can join: it is a cluster of ours. */
  readonly hosted: boolean;
}

export interface ClusterConnections {
  names(): readonly string[];
  /** Undefined: there is none of that name. */
  get(cluster: string): ClusterConnection | undefined;
  /** Calls back after clusters came, went or changed. Returns what ends it. */
  onChange(listener: () => void): () => void;
}

export interface ClusterAccess {
  /** Clusters in which the caller was granted anything; all without a caller. */
  list(caller?: Caller): readonly string[];
  /** A client that acts as the caller. Throws 404 where there is no such cluster, or none that the caller may know of. */
  as(caller: Caller, cluster: string): ApiClient;
  /** The same, a layer deeper: answers as they come, for passing on. */
  transport(caller: Caller, cluster: string): Transport;
  /** A connection for protocols that take it over; `headers` hold who acts. */
  dial(
    caller: Caller,
    cluster: string,
    signal: AbortSignal,
  ): Promise<{
    readonly socket: Duplex;
    readonly host: string;
    readonly prefix: string;
    readonly headers: Readonly<Record<string, string | readonly string[]>>;
  }>;
  /** The center's own reader, for caches only. Throws 404. */
  own(cluster: string): ApiClient;
  /** The center's own, for what machines count; undefined where the center asks no machines. Throws 404. */
  meter(cluster: string): ApiClient | undefined;
  /** Whether the caller may, by the cluster's own word (SubjectAccessReview), kept for at most 10 s. */
  may(caller: Caller, cluster: string, question: AccessQuestion): Promise<boolean>;
  /** Nodes that the caller may see by grants that are limited to pools or owners; undefined: the cluster's own word on `nodes` counts. */
  nodeLimits(caller: Caller, cluster: string): NodeLimits | undefined;
}

export interface AccessQuestion {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** A node is within when it is in one of the pools or came by a token of one of the owners. */
export interface NodeLimits {
  readonly pools: readonly string[];
  readonly owners: readonly string[];
}
