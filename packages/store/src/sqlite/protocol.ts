/**
 * What the main thread and the writer thread say to each other. Values of a request travel packed into one transferred
 * buffer: cloning a small `Buffer` would copy the whole pool it lies in.
 */
export interface WriterData {
  readonly path: string;
}

export type WriteOperation =
  | {
      readonly type: 'create';
      readonly key: string;
      readonly start: number;
      readonly end: number;
      readonly expiresMs?: number;
    }
  | {
      readonly type: 'update';
      readonly key: string;
      readonly start: number;
      readonly end: number;
      readonly expected: number;
      readonly expiresMs?: number;
    }
  | { readonly type: 'delete'; readonly key: string; readonly expected: number };

export type WriterRequest =
  | {
      readonly type: 'write';
      readonly id: number;
      readonly operations: WriteOperation[];
      readonly values: Uint8Array;
    }
  /** Deletes what has expired at `nowMs`. */
  | { readonly type: 'expire'; readonly id: number; readonly nowMs: number }
  | { readonly type: 'compact'; readonly id: number; readonly revision: number }
  | { readonly type: 'scrub'; readonly id: number }
  | { readonly type: 'close'; readonly id: number };

export interface CurrentEntry {
  readonly value: Uint8Array;
  readonly createRevision: number;
  readonly modRevision: number;
}

export type WriteOutcome =
  | {
      readonly type: 'written';
      readonly revision: number;
      readonly createRevision: number;
      /** 0: the key was absent. */
      readonly previousRevision: number;
      /** Of a delete: the last value. */
      readonly last?: Uint8Array;
    }
  | { readonly type: 'conflict'; readonly current?: CurrentEntry };

export interface Expired {
  readonly key: string;
  readonly outcome: WriteOutcome;
}

export interface WriterFailure {
  readonly code: string;
  readonly message: string;
}

/** Replies come in the order in which transactions committed. */
export type WriterReply =
  | { readonly type: 'ready' }
  | { readonly type: 'written'; readonly id: number; readonly outcomes: WriteOutcome[] }
  | { readonly type: 'expired'; readonly id: number; readonly entries: Expired[]; readonly nextMs?: number }
  | { readonly type: 'compacted'; readonly id: number }
  | { readonly type: 'scrubbed'; readonly id: number }
  | { readonly type: 'closed'; readonly id: number }
  | { readonly type: 'failed'; readonly id: number; readonly failure: WriterFailure };
