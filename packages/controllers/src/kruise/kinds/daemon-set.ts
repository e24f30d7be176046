/**
 * OpenKruise's Advanced DaemonSet, version v1beta1.
 * https://openkruise.io/docs/user-manuals/advanceddaemonset
 */
import type { LabelSelectorObject, ObjectMeta, PodTemplateSpec } from '@skerry/api';

export type IntOrPercent = number | string;

export interface AdvancedDaemonSet {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
  spec?: AdvancedDaemonSetSpec;
  status?: AdvancedDaemonSetStatus;
}

export interface AdvancedDaemonSetSpec {
  selector: LabelSelectorObject;
  template: PodTemplateSpec;
  updateStrategy?: { type?: string; rollingUpdate?: AdvancedRollingUpdate };
  minReadySeconds?: number;
  burstReplicas?: IntOrPercent;
  revisionHistoryLimit?: number;
  lifecycle?: Lifecycle;
  scaleStrategy?: { partitionedScaling?: boolean };
}

export interface AdvancedRollingUpdate {
  rollingUpdateType?: string;
  maxUnavailable?: IntOrPercent;
  maxSurge?: IntOrPercent;
  /** Over the labels of nodes. */
  selector?: LabelSelectorObject;
  partition?: IntOrPercent;
  paused?: boolean;
}

export interface Lifecycle {
  preDelete?: LifecycleHook;
  inPlaceUpdate?: LifecycleHook;
  preNormal?: LifecycleHook;
}

export interface LifecycleHook {
  labelsHandler?: Record<string, string>;
  finalizersHandler?: string[];
  markPodNotReady?: boolean;
}

export interface AdvancedDaemonSetStatus {
  currentNumberScheduled?: number;
  numberMisscheduled?: number;
  desiredNumberScheduled?: number;
  numberReady?: number;
  observedGeneration?: number;
  updatedNumberScheduled?: number;
  numberAvailable?: number;
  numberUnavailable?: number;
  collisionCount?: number;
  conditions?: {
    type: string;
    status: string;
    reason?: string;
    message?: string;
    lastTransitionTime?: string;
  }[];
  updateRevision?: string;
}

/** The twin of `scaleStrategy.partitionedScaling` in v1alpha1. */
export const progressiveCreationAnnotation = 'daemonset.kruise.io/progressive-create-pod';
