/**
 * What tasks are called by: their steps, and what is said of them on the way. English is what the API and `skerry` show;
 * the console says the same by these ids in each of its languages, and does not build where one is missing.
 */

export const taskSteps = [
  'ranges and port',
  'keys and certificates',
  'processes',
  'API server answers',
  'unpacked',
  'processes stopped',
  'folder removed',
  'forgotten',
  'kubeconfig checked',
  'reached',
  'permissions',
  'requirements',
  'objects applied',
  'what is no longer part of it removed',
  'healthy',
  'nothing needs it',
  'objects removed',
  'copied',
] as const;
export type TaskStepTitle = (typeof taskSteps)[number];

export const taskSayings = {
  text: '{{text}}',
  placed: 'pods {{pods}}, Services {{services}}, port {{port}}',
  asOf: 'as it was at {{instant}}',
  permitted: 'enough for people and views',
  notPermitted: "the kubeconfig's user may not {{rights}}",
  noCluster: 'what answers there is no Kubernetes API server',
  objects: '{{count}} objects',
  removing: 'removing {{object}}',
  stillThere: '{{object}} is still there',
  moreStillThere: 'and more {{resource}}',
  requiredBy: '{{component}} requires it',
  requires: '{{component}} requires {{others}}; install it first',
  notOfThis: '{{object}} is there already and not of this component',
  ofAnother: '{{object}} is there already and of {{component}}',
  changedAgain: 'it was changed again meanwhile; the later change has a task of its own',
  componentGone: 'the Component {{name}} was deleted',
  clusterGone: 'cluster {{cluster}} was deleted',
  notStarted: 'API server has not started',
  processesRun: 'processes still run',
  notAfter: 'not after {{seconds}} s',
  notThere: '{{object}} is not there',
  nodesAvailable: '{{object}} is available on {{done}} of {{wanted}} nodes',
  replicas: '{{object}} has {{done}} of {{wanted}} replicas',
  notEstablished: '{{object}} is not established',
  notAvailable: '{{object}} is not available',
  field: '{{object}}: {{field}} is {{value}}',
  fieldNotSet: '{{object}}: {{field}} is not set',
  cancelled: 'cancelled by {{user}}',
} as const;
export type TaskSayingCode = keyof typeof taskSayings;

/** What a component's task does. */
export const taskTitles = {
  install: 'Install {{component}} {{version}}',
  configure: 'Configure {{component}}',
  upgrade: 'Upgrade {{component}} from {{before}} to {{version}}',
  remove: 'Remove {{component}}',
} as const;
export type TaskTitleCode = keyof typeof taskTitles;

export interface TaskTitle {
  readonly code: TaskTitleCode;
  readonly values: Values;
}

type Values = Readonly<Record<string, string | number>>;

/** One of {@link taskSayings}, with what stands in its places. `text` is for words of elsewhere, in their own language. */
export interface TaskSaying {
  readonly code: TaskSayingCode;
  readonly values?: Values;
}

/** In English. */
export function sayingText(says: readonly TaskSaying[]): string {
  return says.map(({ code, values }) => filled(taskSayings[code], values)).join('; ');
}

/** In English. */
export function titleText({ code, values }: TaskTitle): string {
  return filled(taskTitles[code], values);
}

function filled(text: string, values: Values = {}): string {
  return text.replaceAll(/{{(\w+)}}/g, (_, name: string) => String(values[name] ?? ''));
}
