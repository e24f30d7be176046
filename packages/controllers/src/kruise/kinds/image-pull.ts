/**
 * Images brought onto nodes before anything runs them: an ImagePullJob says which nodes are to have an image, an
 * ImageListPullJob makes one such job per image, and a NodeImage is what one node is told and says of it.
 * https://openkruise.io/docs/user-manuals/imagepulljob
 */
import type { LabelSelectorObject, ObjectMeta } from '@skerry/api';
import type { CompletionPolicy } from '#kruise/kinds/broadcast-job.ts';

export interface ImagePullTemplate {
  pullSecrets?: string[];
  selector?: LabelSelectorObject & { names?: string[] };
  podSelector?: LabelSelectorObject;
  parallelism?: number | string;
  pullPolicy?: { timeoutSeconds?: number; backoffLimit?: number };
  completionPolicy?: CompletionPolicy;
  sandboxConfig?: SandboxMetadata;
  imagePullPolicy?: string;
}

export interface SandboxMetadata {
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

export interface ImagePullJob {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
  spec?: ImagePullTemplate & { image: string };
  status?: ImagePullJobStatus;
}

export interface ImagePullJobStatus {
  startTime?: string;
  completionTime?: string;
  desired?: number;
  active?: number;
  succeeded?: number;
  failed?: number;
  message?: string;
  failedNodes?: string[];
}

export interface ImageListPullJob {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
  spec?: ImagePullTemplate & { images: string[] };
  status?: ImageListPullJobStatus;
}

export interface ImageListPullJobStatus {
  startTime?: string;
  completionTime?: string;
  desired?: number;
  active?: number;
  completed?: number;
  succeeded?: number;
  failedImageStatuses?: { imagePullJob?: string; name?: string; message?: string }[];
}

export interface NodeImage {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
  spec?: { images?: Record<string, NodeImageSpec> };
  status?: NodeImageStatus;
}

export interface NodeImageSpec {
  pullSecrets?: { namespace?: string; name?: string; mode?: string }[];
  tags: NodeImageTag[];
  sandboxConfig?: SandboxMetadata;
}

export interface NodeImageTag {
  tag: string;
  createdAt?: string;
  pullPolicy?: {
    timeoutSeconds?: number;
    backoffLimit?: number;
    ttlSecondsAfterFinished?: number;
    activeDeadlineSeconds?: number;
  };
  ownerReferences?: { apiVersion?: string; kind?: string; namespace?: string; name?: string; uid?: string }[];
  /** Raised with each new order to pull the same tag. */
  version?: number;
  imagePullPolicy?: string;
}

export interface NodeImageStatus {
  desired?: number;
  succeeded?: number;
  failed?: number;
  pulling?: number;
  waiting?: number;
  imageStatuses?: Record<string, { tags: NodeImageTagStatus[] }>;
  firstSyncStatus?: { syncAt?: string; status?: string; message?: string };
}

export type ImagePullPhase = 'Waiting' | 'Pulling' | 'Succeeded' | 'Failed';

export interface NodeImageTagStatus {
  tag: string;
  phase: ImagePullPhase;
  progress?: number;
  startTime?: string;
  completionTime?: string;
  version?: number;
  imageID?: string;
  message?: string;
}
