import { resources } from '@skerry/client';
import type { ResourceRef } from '@skerry/client';

export const kruiseGroup = 'apps.kruise.io';
/** The version that is stored, and that the controllers speak. */
export const kruiseVersion = 'v1beta1';

function ref(kind: string, resource: string): ResourceRef {
  return { group: kruiseGroup, version: kruiseVersion, kind, resource, namespaced: true };
}

/** Where OpenKruise's resources live. */
export const kruiseResources = {
  daemonSets: ref('DaemonSet', 'daemonsets'),
  broadcastJobs: ref('BroadcastJob', 'broadcastjobs'),
  imagePullJobs: ref('ImagePullJob', 'imagepulljobs'),
  imageListPullJobs: ref('ImageListPullJob', 'imagelistpulljobs'),
  nodeImages: resources.nodeImages,
} as const satisfies Record<string, ResourceRef>;

export type KruiseResource = keyof typeof kruiseResources;
