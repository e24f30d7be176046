/**
 * Images brought onto nodes before anything runs them: an ImagePullJob says which nodes are to have an image, an
 * ImageListPullJob makes one such job per image.
 * https://openkruise.io/docs/user-manuals/imagepulljob
 */
import type { LabelSelectorObject, ObjectMeta, SandboxMetadata } from '@skerry/api';
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
