/** Logs of one pod, or of all that a selector finds (at most 20 at once). */
export interface LogsQuery {
  readonly namespace: string;
  readonly pod?: string;
  readonly selector?: string;
  readonly container?: string;
  readonly previous?: boolean;
  readonly follow?: boolean;
  readonly tailLines?: number;
  readonly sinceSeconds?: number;
  /** RFC 3339; instead of `sinceSeconds`. */
  readonly sinceTime?: string;
  /** Ends after so many bytes of each container. */
  readonly limitBytes?: number;
  readonly timestamps?: boolean;
  readonly ticket: string;
}

export type LogFrame =
  | { readonly type: 'lines'; readonly source: string; readonly lines: readonly string[] }
  /** The pod's log ended, or can't be read: why. */
  | { readonly type: 'end'; readonly source: string; readonly why?: string }
  /** Lines that were left out since the reader was too slow. The backend slows down the node instead, so none are for now. */
  | { readonly type: 'skipped'; readonly source: string; readonly lines: number };

export interface ExecQuery {
  readonly namespace: string;
  readonly pod: string;
  readonly container?: string;
  /** Absent: the first shell that the container has. */
  readonly command?: readonly string[];
  readonly ticket: string;
}

export interface JoinScriptRequest {
  readonly pool: string;
  /** Seconds until it can no longer be used; at most 7 days. */
  readonly ttl: number;
  /** How many machines may use it. */
  readonly uses: number;
  readonly owner?: string;
}

export interface JoinScript {
  readonly id: string;
  readonly pool: string;
  readonly owner?: string;
  readonly expires: string;
  readonly usesLeft: number;
  /** The line to paste; shown once, when it is made. */
  readonly script?: string;
  /** Machines that came by it. */
  readonly nodes: readonly { readonly name: string; readonly joined: string }[];
}
