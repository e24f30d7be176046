/**
 * NodeImages of OpenKruise: what one node is told to pull, and what it says of it. The name is that of the node. Controllers
 * write the orders, the node the answers.
 * https://openkruise.io/docs/user-manuals/imagepulljob
 */
import type { ObjectMeta } from '#object.ts';

/** On a Node: uid of its NodeImage, so that a node knows whether there is one to watch. */
export const nodeImageAnnotation = 'node.skerry.io/node-image';

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

export interface SandboxMetadata {
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}
