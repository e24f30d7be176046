/**
 * How the parts of a hub meet, and what it needs of others.
 *
 *   pods ──HTTPS──▶ HubServer ─┐            ┌─▶ Coverage ──▶ list, watch of `serving` ──▶ answers
 *                              ├─▶ Hub ─────┤      │  ▲
 *   agent ──in process─────────┘            │      ▼  │
 *                                           │   CacheFile
 *                                           └─▶ Upstream (the link, or any API server)
 */
import type { Transport } from '@skerry/client';

/** The way to the center. */
export interface Upstream {
  /**
   * A request without an `authorization` header is the node's own; one with it is judged by that alone. Fails at once while
   * there is no link.
   */
  readonly transport: Transport;
  /** Whether requests can get through, as far as is known. */
  isLinked(): boolean;
  /** Resolves as soon as they can; rejects with the signal's reason. */
  whenLinked(signal: AbortSignal): Promise<void>;
}

/** Who asks. What is read for one is answered to another only if that one was allowed to read it too. */
export type Caller =
  /** The node's own agent, in this process. */
  | { readonly type: 'node'; readonly user: string }
  | {
      readonly type: 'bearer';
      readonly user: string;
      readonly token: string;
      readonly pod?: { readonly name: string; readonly uid: string };
    };

/** The pods that run here now. */
export interface LocalPods {
  has(uid: string): boolean;
  /** Whether it is known at all which they are. */
  areKnown(): boolean;
}

/** By which the center knows the caller. */
export function credentialsOf(caller: Caller): Record<string, string> {
  return caller.type === 'node' ? {} : { authorization: `Bearer ${caller.token}` };
}
