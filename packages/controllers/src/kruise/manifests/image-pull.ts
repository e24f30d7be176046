import type { JSONSchemaProps } from '@skerry/api';
import { completionPolicy } from '#kruise/manifests/broadcast-job.ts';
import { ageColumn, countColumn, kruiseDefinition } from '#kruise/manifests/definition.ts';
import {
  count,
  fields,
  intOrString,
  labelSelector,
  list,
  longCount,
  mapOf,
  text,
  textMap,
  texts,
  time,
} from '#kruise/manifests/schema.ts';

const sandboxConfig = fields('What the runtime is told of the pod for whom it pulls.', {
  annotations: textMap('Annotations.'),
  labels: textMap('Labels.'),
});

const template: Readonly<Record<string, JSONSchemaProps>> = {
  completionPolicy,
  imagePullPolicy: text('IfNotPresent, or Always to ask the registry again. Defaults to IfNotPresent.'),
  parallelism: intOrString('How many nodes pull at a time; 0 pauses. Defaults to 1.'),
  podSelector: labelSelector('Nodes on which such pods of the namespace run. Excludes selector.'),
  pullPolicy: fields('How often and how long each node tries.', {
    backoffLimit: count('How often a node tries again. Defaults to 3.'),
    timeoutSeconds: count('How long one try may take. Defaults to 600.'),
  }),
  pullSecrets: texts('Secrets of the namespace with credentials of registries. They cannot be changed.'),
  sandboxConfig,
  selector: labelSelector('Nodes by label or by name; all unless given.', {
    names: texts('Names of nodes. Excludes labels.'),
  }),
};

const times = {
  completionTime: time('When the job ended.'),
  startTime: time('When the job began.'),
};

const pullJob = {
  spec: fields(
    'What should be pulled where.',
    { ...template, image: text('The image.') },
    { required: ['completionPolicy', 'image'] },
  ),
  status: fields(
    'How far it is.',
    {
      ...times,
      active: count('Nodes that pull.'),
      desired: count('Nodes that should have the image.'),
      failed: count('Nodes that could not pull it.'),
      failedNodes: texts('Names of the nodes that could not pull it.'),
      message: text('How far it is, in a sentence.'),
      succeeded: count('Nodes that have it.'),
    },
    { required: ['desired'] },
  ),
};

export const imagePullJobDefinition = kruiseDefinition({
  kind: 'ImagePullJob',
  plural: 'imagepulljobs',
  description: 'An image that nodes are to have before anything runs it.',
  schemas: { v1alpha1: pullJob, v1beta1: pullJob },
  columns: [
    countColumn('TOTAL', 'desired', 'Nodes that should have the image.'),
    countColumn('ACTIVE', 'active', 'Nodes that pull.'),
    countColumn('SUCCEED', 'succeeded', 'Nodes that have it.'),
    countColumn('FAILED', 'failed', 'Nodes that could not pull it.'),
    ageColumn,
    { name: 'MESSAGE', type: 'string', jsonPath: '.status.message', description: 'How far it is.' },
  ],
});

const listJob = {
  spec: fields(
    'What should be pulled where.',
    { ...template, images: texts('The images, at most 255.') },
    { required: ['completionPolicy', 'images'] },
  ),
  status: fields(
    'How far it is.',
    {
      ...times,
      active: count('Jobs under way.'),
      completed: count('Jobs that ended.'),
      desired: count('Images, each of which has a job.'),
      failedImageStatuses: list(
        'Images that some node could not pull.',
        fields('One image.', {
          imagePullJob: text('Name of its job.'),
          message: text('Where to look further.'),
          name: text('The image.'),
        }),
      ),
      succeeded: count('Jobs that succeeded on every node.'),
    },
    { required: ['desired'] },
  ),
};

export const imageListPullJobDefinition = kruiseDefinition({
  kind: 'ImageListPullJob',
  plural: 'imagelistpulljobs',
  description: 'Images that nodes are to have before anything runs them; each gets an ImagePullJob.',
  schemas: { v1alpha1: listJob, v1beta1: listJob },
  columns: [
    countColumn('TOTAL', 'desired', 'Images.'),
    countColumn('SUCCEEDED', 'succeeded', 'Jobs that succeeded on every node.'),
    countColumn('COMPLETED', 'completed', 'Jobs that ended.'),
    ageColumn,
  ],
});

const tag = fields(
  'One tag to pull.',
  {
    createdAt: time('When it was ordered.'),
    imagePullPolicy: text('IfNotPresent or Always.'),
    ownerReferences: list('The jobs that want it.', {
      ...fields('One job.', {
        apiVersion: text('Its group and version.'),
        fieldPath: text('A part of it.'),
        kind: text('Its kind.'),
        name: text('Its name.'),
        namespace: text('Its namespace.'),
        resourceVersion: text('A version of it.'),
        uid: text('Its uid.'),
      }),
      'x-kubernetes-map-type': 'atomic',
    }),
    pullPolicy: fields('How often and how long to try.', {
      activeDeadlineSeconds: longCount('The longest it may take from its order on.'),
      backoffLimit: count('How often to try again. Defaults to 3.'),
      timeoutSeconds: count('How long one try may take. Defaults to 600.'),
      ttlSecondsAfterFinished: count('How long the order is kept after its end.'),
    }),
    tag: text('The tag, or the digest.'),
    version: longCount('Raised with each new order.'),
  },
  { required: ['tag'] },
);

const tagStatus = fields(
  'How one tag fares.',
  {
    completionTime: time('When it ended.'),
    imageID: text('The image that was pulled.'),
    message: text('What went wrong.'),
    phase: text('Waiting, Pulling, Succeeded or Failed.'),
    progress: count('0 to 100.'),
    startTime: time('When the node began.'),
    tag: text('The tag.'),
    version: longCount('The order that this is about.'),
  },
  { required: ['phase', 'tag'] },
);

const nodeImage = {
  spec: fields('What the node is to pull.', {
    images: mapOf(
      'By the name of the image, without its tag; at most 256.',
      fields(
        'Tags of one image.',
        {
          pullSecrets: list(
            'Secrets with credentials of registries.',
            fields('One Secret.', {
              mode: text('batch where it is kept as long as the image is.'),
              name: text('Its name.'),
              namespace: text('Its namespace.'),
            }),
          ),
          sandboxConfig,
          tags: list('The tags.', tag),
        },
        { required: ['tags'] },
      ),
    ),
  }),
  status: fields(
    'What the node has done.',
    {
      desired: count('Tags to pull.'),
      failed: count('Tags that could not be pulled.'),
      firstSyncStatus: fields('When the node had first done all it was told.', {
        message: text('What went wrong.'),
        status: text('Succeeded or Failed.'),
        syncAt: time('When.'),
      }),
      imageStatuses: mapOf(
        'By the name of the image.',
        fields('Tags of one image.', { tags: list('The tags.', tagStatus) }, { required: ['tags'] }),
      ),
      pulling: count('Tags that are being pulled.'),
      succeeded: count('Tags that are there.'),
      waiting: count('Tags that wait for their turn.'),
    },
    { required: ['desired'] },
  ),
};

export const nodeImageDefinition = kruiseDefinition({
  kind: 'NodeImage',
  plural: 'nodeimages',
  scope: 'Cluster',
  description: 'The images that one node is to pull, and how that goes. Its name is that of the node.',
  schemas: { v1alpha1: nodeImage, v1beta1: nodeImage },
  columns: [
    countColumn('DESIRED', 'desired', 'Tags to pull.'),
    countColumn('PULLING', 'pulling', 'Tags that are being pulled.'),
    countColumn('SUCCEED', 'succeeded', 'Tags that are there.'),
    countColumn('FAILED', 'failed', 'Tags that could not be pulled.'),
    ageColumn,
  ],
});
