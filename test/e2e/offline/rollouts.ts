/** DaemonSets of several rounds. */
import { image } from './objects.ts';

/** A set whose rollout leaves out machines that are out of reach. */
export const rolling = (round: string) => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: {
    name: 'rolls',
    annotations: {
      'apps.openyurt.io/update-strategy': 'AdvancedRollingUpdate',
      'apps.openyurt.io/max-unavailable': '2',
    },
  },
  spec: {
    updateStrategy: { type: 'OnDelete' },
    selector: { matchLabels: { app: 'rolls' } },
    template: {
      metadata: { labels: { app: 'rolls' } },
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [
          {
            name: 'main',
            image,
            command: ['sh', '-c', 'trap "exit 0" TERM; while true; do sleep 1000 & wait; done'],
            env: [{ name: 'ROUND', value: round }],
          },
        ],
      },
    },
  },
});

/** A set whose pods are replaced at the word of their machine's owner. */
export const owned = (round: string, { from = image } = {}) => {
  const set = rolling(round);
  const { template } = set.spec;
  const labels = { app: 'owned' };
  const containers = template.spec.containers.map((container) => ({ ...container, image: from }));
  return {
    ...set,
    metadata: { name: 'owned', annotations: { 'apps.openyurt.io/update-strategy': 'OTA' } },
    spec: {
      ...set.spec,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { ...template.spec, containers } },
    },
  };
};
