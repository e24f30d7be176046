/**
 * What one try to place a pod tells of its steps: extension points always, single plug-ins in one cycle of ten, as in
 * kube-scheduler. Nobody watches unless metrics are asked for. Times are milliseconds.
 */
export type ExtensionPoint =
  | 'PreFilter'
  | 'Filter'
  | 'PostFilter'
  | 'PreScore'
  | 'Score'
  | 'Reserve'
  | 'Unreserve'
  | 'PreBind'
  | 'Bind';

export type PluginStatus = 'Success' | 'Skip' | 'Unschedulable' | 'UnschedulableAndUnresolvable' | 'Error';

export interface CycleWatch {
  readonly startedMs: number;
  /** Whether the time of each plug-in is asked for. */
  readonly isDetailed: boolean;
  now(): number;
  /** All plug-ins of a point took so long. */
  point(point: ExtensionPoint, status: PluginStatus, tookMs: number): void;
  /** One plug-in took so long; only in detailed cycles. */
  plugin(plugin: string, point: ExtensionPoint, status: PluginStatus, tookMs: number): void;
  /** A plug-in was asked so many times. */
  evaluated(plugin: string, point: ExtensionPoint, times: number): void;
}

export const noWatch: CycleWatch = {
  startedMs: 0,
  isDetailed: false,
  now: () => 0,
  point: () => undefined,
  plugin: () => undefined,
  evaluated: () => undefined,
};
