/**
 * How requests reach an API server. A kubeconfig gives TLS over TCP, `skerry server` gives its children a Unix socket, a
 * node uses the link's `up` session; rest, watch and informers work over any of them.
 */
export interface TransportRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query: `/api/v1/pods?watch=true`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Ends the request, also while the body is read. */
  readonly signal?: AbortSignal;
}

export interface TransportResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Must be read to its end or returned from (`break`), which ends the stream. */
  readonly body: AsyncIterable<Uint8Array>;
}

export interface Transport {
  request(request: TransportRequest): Promise<TransportResponse>;
  close(): void;
}
