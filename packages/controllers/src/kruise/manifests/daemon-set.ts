import type { JSONSchemaProps } from '@skerry/api';
import { ageColumn, countColumn, kruiseDefinition } from '#kruise/manifests/definition.ts';
import {
  count,
  fields,
  flag,
  intOrString,
  labelSelector,
  list,
  longCount,
  podTemplate,
  text,
  textMap,
  texts,
  time,
} from '#kruise/manifests/schema.ts';
import { conversionByWebhook } from '#kruise/manifests/webhook-endpoint.ts';

const hook = (description: string) =>
  fields(description, {
    finalizersHandler: texts('Finalizers; the pod is held while it has one of them.'),
    labelsHandler: textMap('Labels; the pod is held while it has one of them.'),
    markPodNotReady: flag('Makes the pod not ready while it is held. Defaults to false.'),
  });

const rollingUpdate = fields('How pods are replaced, with type RollingUpdate.', {
  rollingUpdateType: text(
    'Standard deletes a pod and makes another. InPlaceIfPossible changes the images of a pod that stays, where nothing else of its spec changed. Defaults to Standard.',
  ),
  maxUnavailable: intOrString(
    'How many nodes may be without an available pod, as a number or a share of those that should have one, rounded up. Cannot be 0 while maxSurge is 0. Defaults to 1.',
  ),
  maxSurge: intOrString(
    'How many nodes may have a new pod beside the old one, as a number or a share, rounded up. Cannot be 0 while maxUnavailable is 0. Defaults to 0.',
  ),
  selector: labelSelector('Only nodes with these labels get the new template.'),
  partition: intOrString(
    'How many nodes keep the old template, as a number or a share, rounded down. Defaults to 0.',
  ),
  paused: flag('Stops replacing pods. New nodes still get theirs.'),
});

const commonSpec: Readonly<Record<string, JSONSchemaProps>> = {
  burstReplicas: intOrString(
    'The most pods that are made or deleted at a time, as a number or a share. Defaults to 250.',
  ),
  lifecycle: fields('What holds pods at points of their life. Only preDelete works for DaemonSets.', {
    inPlaceUpdate: hook('Holds a pod before and after its update in place.'),
    preDelete: hook('Holds a pod before it is deleted.'),
    preNormal: hook('Holds a new pod before it counts as normal.'),
  }),
  minReadySeconds: count('How long a new pod has to be ready before it counts as available. Defaults to 0.'),
  revisionHistoryLimit: count('How many old templates are kept to go back to. Defaults to 10.'),
  selector: labelSelector('Which pods belong to the set. It has to match the labels of the template.'),
  template: podTemplate('The pod of each node that its node selector, affinity and tolerations allow.'),
  updateStrategy: fields('How pods get a new template.', {
    type: text('RollingUpdate, or OnDelete for pods that somebody deletes. Defaults to RollingUpdate.'),
    rollingUpdate,
  }),
};

const condition = fields(
  'What is so, since when and why.',
  {
    type: text('What it is about.'),
    status: text('True, False or Unknown.'),
    reason: text('Why, in one word.'),
    message: text('Why, in a sentence.'),
    lastTransitionTime: time('When the status changed last.'),
  },
  { required: ['status', 'type'] },
);

const status = (revision: Readonly<Record<string, JSONSchemaProps>>) =>
  fields(
    'What is there.',
    {
      collisionCount: count('How many names of revisions were taken already.'),
      conditions: list('What is known about the set.', condition),
      currentNumberScheduled: count('Nodes that have a pod and should.'),
      desiredNumberScheduled: count('Nodes that should have a pod.'),
      numberAvailable: count('Nodes whose pod is available.'),
      numberMisscheduled: count('Nodes that have a pod and should not.'),
      numberReady: count('Nodes whose pod is ready.'),
      numberUnavailable: count('Nodes that should have an available pod and have none.'),
      observedGeneration: longCount('The generation that this is about.'),
      updatedNumberScheduled: count('Nodes whose pod has the newest template.'),
      ...revision,
    },
    {
      required: [
        'currentNumberScheduled',
        'desiredNumberScheduled',
        'numberMisscheduled',
        'numberReady',
        'updatedNumberScheduled',
      ],
    },
  );

const required = { required: ['selector', 'template'] };
const newest = 'The controller-revision-hash of the newest template.';

export const daemonSetDefinition = kruiseDefinition({
  kind: 'DaemonSet',
  plural: 'daemonsets',
  shortNames: ['daemon', 'ads'],
  description: 'A pod on every node that it may run on, with more ways to roll out a new template.',
  schemas: {
    v1alpha1: {
      spec: fields('What should be there.', commonSpec, required),
      status: status({ daemonSetHash: text(newest) }),
    },
    v1beta1: {
      spec: fields(
        'What should be there.',
        {
          ...commonSpec,
          scaleStrategy: fields('How pods of new nodes are made.', {
            partitionedScaling: flag(
              'New nodes get pods only as far as the partition allows new templates. Defaults to false.',
            ),
          }),
        },
        required,
      ),
      status: status({ updateRevision: text(newest) }),
    },
  },
  columns: [
    countColumn('DESIRED', 'desiredNumberScheduled', 'Nodes that should have a pod.'),
    countColumn('CURRENT', 'currentNumberScheduled', 'Nodes that have one.'),
    countColumn('READY', 'numberReady', 'Nodes whose pod is ready.'),
    countColumn('UP-TO-DATE', 'updatedNumberScheduled', 'Nodes whose pod has the newest template.'),
    countColumn('AVAILABLE', 'numberAvailable', 'Nodes whose pod is available.'),
    ageColumn,
    {
      name: 'CONTAINERS',
      type: 'string',
      priority: 1,
      jsonPath: '.spec.template.spec.containers[*].name',
      description: 'Containers of the template.',
    },
    {
      name: 'IMAGES',
      type: 'string',
      priority: 1,
      jsonPath: '.spec.template.spec.containers[*].image',
      description: 'Images of the template.',
    },
  ],
  conversion: conversionByWebhook,
});
