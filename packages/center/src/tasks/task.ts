import type { CustomResourceDefinition, KubeObject } from '@skerry/api';
import type { Task as TaskView, TaskSaying, TaskTitle } from '#contract/index.ts';
import { definition, fixed, instant, type Schema, text } from '#management/definition.ts';
import { centerResources } from '#management/resources.ts';

/**
 * Something long, as an object of the management API: who asked for what, and how far it has come. It belongs to nobody's
 * process: a center that is started again goes on where the object says.
 */
export interface Task extends KubeObject {
  spec: {
    kind: TaskView['kind'];
    title: string;
    titled?: TaskTitle;
    cluster?: string;
    user: string;
    /** What the kind needs to know. Never a secret. */
    input?: Record<string, unknown>;
  };
  status?: TaskStatus;
}

export interface TaskStatus {
  state: TaskView['state'];
  started?: string;
  ended?: string;
  steps?: {
    title: string;
    state: 'waiting' | 'running' | 'done' | 'failed';
    message?: string;
    /** The message by its ids, for whoever reads it in another language. */
    says?: readonly TaskSaying[];
  }[];
  message?: string;
  /** What a step leaves to later ones, and to itself after a restart. */
  memo?: Record<string, unknown>;
}

/** On a task that is to end before it is done: who said so. */
export const cancelledBy = 'center.skerry.io/cancelled-by';

/** What is being removed is removed to its end: half of it would be of no use to anybody. */
export function isCancellable({ spec, status }: Task): boolean {
  return status?.ended === undefined && spec.kind !== 'delete-cluster';
}

const words: Schema = {
  type: 'object',
  required: ['code'],
  properties: {
    code: { type: 'string', maxLength: 63 },
    values: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  },
};

export const taskDefinition: CustomResourceDefinition = definition({
  ref: centerResources.tasks,
  description: 'Something long that the center does, with its steps.',
  spec: {
    type: 'object',
    required: ['kind', 'title', 'user'],
    properties: {
      kind: fixed('kind', { type: 'string', maxLength: 63 }),
      title: { type: 'string', maxLength: 253 },
      titled: words,
      cluster: { type: 'string', maxLength: 253 },
      user: fixed('user', { type: 'string', maxLength: 253 }),
      input: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    },
  },
  status: {
    type: 'object',
    properties: {
      state: { type: 'string', enum: ['running', 'succeeded', 'failed', 'rolled-back', 'cancelled'] },
      started: instant,
      ended: instant,
      steps: {
        type: 'array',
        maxItems: 200,
        items: {
          type: 'object',
          required: ['title', 'state'],
          properties: {
            title: text,
            state: { type: 'string', enum: ['waiting', 'running', 'done', 'failed'] },
            message: text,
            says: {
              type: 'array',
              maxItems: 50,
              items: words,
            },
          },
        },
      },
      message: text,
      memo: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    },
  },
  columns: [
    { name: 'Kind', type: 'string', jsonPath: '.spec.kind' },
    { name: 'Cluster', type: 'string', jsonPath: '.spec.cluster' },
    { name: 'User', type: 'string', jsonPath: '.spec.user' },
    { name: 'State', type: 'string', jsonPath: '.status.state' },
  ],
});

/** As the console is told it. */
export function taskView(task: Task): TaskView {
  const { metadata, spec, status } = task;
  const by = metadata?.annotations?.[cancelledBy];
  return {
    id: metadata?.name ?? '',
    kind: spec.kind,
    title: spec.title,
    ...(spec.titled ? { titled: spec.titled } : {}),
    ...(spec.cluster ? { cluster: spec.cluster } : {}),
    user: spec.user,
    state: status?.state ?? 'running',
    started: status?.started ?? metadata?.creationTimestamp ?? '',
    ...(status?.ended ? { ended: status.ended } : {}),
    steps: status?.steps ?? [],
    ...(by && !status?.ended ? { cancelledBy: by } : {}),
    cancellable: isCancellable(task) && !by,
    ...(status?.message ? { message: status.message } : {}),
  };
}
