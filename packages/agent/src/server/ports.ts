import type { ContainerRuntime } from '#runtime.ts';

/** Finds what runs here. Names are those of the API; ids are the runtime's. */
export interface PodLookup {
  /** Undefined when no pod of that name was ever started on this node. */
  find(namespace: string, name: string): Promise<FoundPod | undefined>;
}

export interface FoundPod {
  readonly uid: string;
  /** The sandbox that is ready; undefined when the pod has none now. */
  readonly sandboxId: string | undefined;
  /** One entry per container name, init and ephemeral containers included, that was created at least once. */
  readonly containers: readonly FoundContainer[];
}

export interface FoundContainer {
  readonly name: string;
  /** The newest attempt. */
  readonly id: string;
  readonly running: boolean;
  readonly logPath: string;
  /** The attempt before it, while its log still exists. */
  readonly previous?: { readonly id: string; readonly logPath: string };
}

/** The calls of the runtime that streaming needs. */
export type StreamingRuntime = Pick<
  ContainerRuntime,
  'execUrl' | 'attachUrl' | 'portForwardUrl' | 'containerStatus'
>;

/** Usage of the node and its pods. */
export interface StatsSource {
  /** The document of `/stats/summary`. */
  summary(): Promise<object>;
  /** `/metrics/resource`, in Prometheus' text format. */
  resourceMetrics(): Promise<string>;
}

/** What a node asks of itself while its link is cut by a drill. */
export interface DrillKeeper {
  /** Resolves when the node is ready for the cut. @throws NodeRequestError when that is no plan. */
  begin(plan: unknown): Promise<void>;
  report(): object;
}

/** What a request can't be answered with: the status and a text for people, as a kubelet sends them. */
export class NodeRequestError extends Error {
  override readonly name = 'NodeRequestError';
  readonly status: number;

  constructor(status: number, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.status = status;
  }
}
