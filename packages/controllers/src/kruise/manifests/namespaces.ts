import type { Namespace } from '@skerry/api';
import { componentLabels } from '#kruise/manifests/labels.ts';

/** Where the component's settings are. */
export const kruiseNamespace = 'kruise-system';
/** Where copies of image pull secrets are, for nodes to read. */
export const daemonConfigNamespace = 'kruise-daemon-config';

export const kruiseNamespaces: readonly Namespace[] = [kruiseNamespace, daemonConfigNamespace].map(
  (name) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { ...componentLabels } },
  }),
);
