/** Current use of CPU (billionths of a core) and memory (working set). */
export interface Usage {
  readonly cpuNanoCores: number;
  readonly memoryBytes: number;
}

export interface NodeUsage extends Usage {
  readonly node: string;
  readonly measuredMs: number;
}

export interface PodUsage {
  readonly namespace: string;
  readonly name: string;
  readonly measuredMs: number;
  readonly containers: readonly (Usage & { readonly name: string })[];
}

/** Where metrics.k8s.io has its numbers from. Nodes that can't be asked are left out. */
export interface MetricsSource {
  /** Of the nodes named, or of all. */
  read(
    nodes?: readonly string[],
  ): Promise<{ readonly nodes: readonly NodeUsage[]; readonly pods: readonly PodUsage[] }>;
}
