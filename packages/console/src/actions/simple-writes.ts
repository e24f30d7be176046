/** Actions that are one write each. What is written is what kubectl writes. */
import { createObject, getObject, patchObject, type Place } from '#api/objects.ts';
import { kindOf } from '#kinds/built-in.ts';
import type { KindEntry } from '#kinds/kind.ts';
import { valueAt } from '#kinds/values.ts';

type Write = (cluster: string, kind: KindEntry, place: Place) => Promise<unknown>;

export const restart: Write = (cluster, kind, place) =>
  patchObject(cluster, kind, place, {
    spec: {
      template: {
        metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': new Date().toISOString() } },
      },
    },
  });

function setSpec(field: string, value: unknown): Write {
  return (cluster, kind, place) => patchObject(cluster, kind, place, { spec: { [field]: value } });
}

/** By what the person chose; `cordon` and the like are their own. */
export const simpleWrites = {
  restart,
  cordon: setSpec('unschedulable', true),
  uncordon: setSpec('unschedulable', null),
  pause: setSpec('paused', true),
  resume: setSpec('paused', null),
  suspend: setSpec('suspend', true),
  unsuspend: setSpec('suspend', false),
  runNow: async (cluster, kind, place) => {
    const cronJob = await getObject(cluster, kind, place);
    const template = valueAt(cronJob, 'spec', 'jobTemplate') as {
      metadata?: { labels?: object; annotations?: object };
      spec: object;
    };
    const suffix = Date.now().toString(36);
    return createObject(
      cluster,
      kindOf('jobs.batch'),
      {
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: {
          name: `${place.name.slice(0, 52)}-${suffix}`,
          labels: template.metadata?.labels ?? {},
          annotations: { ...template.metadata?.annotations, 'cronjob.kubernetes.io/instantiate': 'manual' },
          ownerReferences: [
            {
              apiVersion: 'batch/v1',
              kind: 'CronJob',
              name: place.name,
              uid: cronJob.metadata.uid,
              controller: true,
            },
          ],
        },
        spec: template.spec,
      },
      { namespace: place.namespace },
    );
  },
} as const satisfies Readonly<Record<string, Write>>;
