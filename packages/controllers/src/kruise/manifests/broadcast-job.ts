import { ageColumn, countColumn, kruiseDefinition } from '#kruise/manifests/definition.ts';
import {
  count,
  fields,
  flag,
  intOrString,
  list,
  longCount,
  podTemplate,
  text,
  time,
} from '#kruise/manifests/schema.ts';

export const completionPolicy = fields('When the job has ended.', {
  type: text(
    'Always ends when every node has been served. Never stays for nodes that come later. Defaults to Always.',
  ),
  activeDeadlineSeconds: longCount('The longest the job may take, with Always.'),
  ttlSecondsAfterFinished: count('How long the job is kept after its end, with Always.'),
});

const schema = {
  spec: fields(
    'What should be done.',
    {
      completionPolicy,
      failurePolicy: fields('What a failed pod means.', {
        type: text('FailFast ends the job, Continue goes on, Pause pauses the job. Defaults to FailFast.'),
        restartLimit: count('How often the containers of a pod may restart before it counts as failed.'),
      }),
      parallelism: intOrString(
        'How many pods run at a time, as a number or a share of all. Unlimited unless set.',
      ),
      paused: flag('Makes no more pods.'),
      template: podTemplate('The pod of each node that it may run on.'),
    },
    { required: ['template'] },
  ),
  status: fields('How far it is.', {
    active: count('Pods that run.'),
    completionTime: time('When the job ended.'),
    conditions: list(
      'What is known about the job.',
      fields(
        'What is so, since when and why.',
        {
          type: text('Complete or Failed.'),
          status: text('True, False or Unknown.'),
          reason: text('Why, in one word.'),
          message: text('Why, in a sentence.'),
          lastProbeTime: time('When it was looked at last.'),
          lastTransitionTime: time('When the status changed last.'),
        },
        { required: ['status', 'type'] },
      ),
    ),
    desired: count('Nodes that should run a pod.'),
    failed: count('Pods that failed.'),
    phase: text('running, paused, completed or failed.'),
    startTime: time('When the job began.'),
    succeeded: count('Pods that succeeded.'),
  }),
};

export const broadcastJobDefinition = kruiseDefinition({
  kind: 'BroadcastJob',
  plural: 'broadcastjobs',
  shortNames: ['bcj'],
  description: 'A pod that runs to its end, once on every node that it may run on.',
  schemas: { v1alpha1: schema, v1beta1: schema },
  columns: [
    countColumn('Desired', 'desired', 'Nodes that should run a pod.'),
    countColumn('Active', 'active', 'Pods that run.'),
    countColumn('Succeeded', 'succeeded', 'Pods that succeeded.'),
    countColumn('Failed', 'failed', 'Pods that failed.'),
    ageColumn,
  ],
});
