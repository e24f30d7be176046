import type { CustomResourceDefinition, KubeObject } from '@skerry/api';
import { broadcastJobDefinition } from '#kruise/manifests/broadcast-job.ts';
import { daemonSetDefinition } from '#kruise/manifests/daemon-set.ts';
import {
  imageListPullJobDefinition,
  imagePullJobDefinition,
  nodeImageDefinition,
} from '#kruise/manifests/image-pull.ts';
import { kruiseNamespaces } from '#kruise/manifests/namespaces.ts';
import { userRoles } from '#kruise/manifests/user-roles.ts';
import { settingsConfigMap } from '#kruise/manifests/values.ts';
import type { OpenKruiseValues } from '#kruise/manifests/values.ts';
import { mutatingWebhooks, validatingWebhooks } from '#kruise/manifests/webhooks.ts';

export const kruiseDefinitions: readonly CustomResourceDefinition[] = [
  broadcastJobDefinition,
  imagePullJobDefinition,
  imageListPullJobDefinition,
  nodeImageDefinition,
  // Last: it is the switch of the component, which then finds the others there.
  daemonSetDefinition,
];

/** Everything that is the component, in the order in which it is made; the other way round it goes. */
export function openKruiseManifests(values: OpenKruiseValues = {}): KubeObject[] {
  return [
    ...kruiseNamespaces,
    settingsConfigMap(values),
    ...userRoles,
    ...kruiseDefinitions,
    mutatingWebhooks,
    validatingWebhooks,
  ].map((object) => structuredClone(object) as KubeObject);
}
