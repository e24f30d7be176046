/**
 * The switches that OpenKruise has for its features, written as `Name=true,Other=false`. A gate that is not ours to know is
 * ignored, since values written for OpenKruise itself name many.
 */
export const featureGateDefaults = {
  /** ImagePullJobs and NodeImages. On here; off in OpenKruise, whose own agent may be absent. */
  ImagePullJobGate: true,
  /**
   * Nodes pull the images of an update in place before it reaches them. A DaemonSet with one of the annotations
   * `apps.kruise.io/image-predownload-…` has it in any case.
   */
  PreDownloadImageForDaemonSetUpdate: false,
  /** Pods on nodes that a DaemonSet has left don't count against `maxUnavailable`. */
  DaemonSetPruneIneligibleNodes: false,
};

export type FeatureGates = Readonly<Record<keyof typeof featureGateDefaults, boolean>>;

export function parseFeatureGates(text: string): FeatureGates {
  const gates: Record<string, boolean> = { ...featureGateDefaults };
  for (const part of text.split(',')) {
    const [name = '', value] = part.split('=').map((word) => word.trim());
    if (Object.hasOwn(gates, name) && (value === 'true' || value === 'false')) gates[name] = value === 'true';
  }
  return gates as FeatureGates;
}
