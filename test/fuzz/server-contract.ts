/** What the server and those who send to it have in common; the server itself runs as a process of its own, and is imported by nobody. */

/** What the parent is told once requests are answered. */
export interface ServerReady {
  readonly type: 'ready';
  readonly plainPort: number;
  readonly tlsPort: number;
  /** The authority whose client certificates the server trusts: whoever tests may make some. */
  readonly authority: { readonly certificatePem: string; readonly keyPem: string };
}

/** The state of the process when it was asked. */
export interface ServerReport {
  readonly type: 'report';
  /** Time that the thread of the event loop has computed. */
  readonly cpuMs: number;
  readonly heapBytes: number;
  readonly connections: number;
  /** Connections to the node, its runtime and its pods, and logs of the node that are open. */
  readonly nodeConnections: number;
  readonly nodeFiles: number;
  /** Messages logged as errors: bugs. */
  readonly bugs: readonly string[];
  /** Names that stand on a shared prototype and did not at the start. */
  readonly polluted: readonly string[];
}

export const adminToken = 'fuzz-admin';
