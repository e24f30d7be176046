/** https://openkruise.io/docs/user-manuals/broadcastjob */
import type { ObjectMeta, PodTemplateSpec } from '@skerry/api';
import type { IntOrPercent } from '#kruise/kinds/daemon-set.ts';

export interface BroadcastJob {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
  spec?: BroadcastJobSpec;
  status?: BroadcastJobStatus;
}

export interface BroadcastJobSpec {
  parallelism?: IntOrPercent;
  template: PodTemplateSpec;
  completionPolicy?: CompletionPolicy;
  paused?: boolean;
  failurePolicy?: { type?: string; restartLimit?: number };
}

export interface CompletionPolicy {
  type?: string;
  activeDeadlineSeconds?: number;
  ttlSecondsAfterFinished?: number;
}

export interface BroadcastJobStatus {
  conditions?: BroadcastJobCondition[];
  startTime?: string;
  completionTime?: string;
  active?: number;
  succeeded?: number;
  failed?: number;
  desired?: number;
  phase?: string;
}

export interface BroadcastJobCondition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastProbeTime?: string;
  lastTransitionTime?: string;
}

/** Labels of a BroadcastJob's pods, which its template must not carry. */
export const broadcastJobNameLabel = 'broadcastjob-name';
export const broadcastJobUidLabel = 'broadcastjob-controller-uid';
