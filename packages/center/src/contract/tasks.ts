import type { TaskSaying, TaskTitle } from './task-words.ts';

/** Something long that goes on whether anyone looks or not, and through a restart of the center. */
export interface Task {
  readonly id: string;
  readonly kind:
    | 'create-cluster'
    | 'delete-cluster'
    | 'import-cluster'
    | 'backup'
    | 'restore'
    | 'component'
    | 'bulk';
  readonly title: string;
  /** The title once more, for another language than English. */
  readonly titled?: TaskTitle;
  readonly cluster?: string;
  readonly user: string;
  readonly state: 'running' | 'succeeded' | 'failed' | 'rolled-back' | 'cancelled';
  /** Who has asked that it ends, where it still runs. */
  readonly cancelledBy?: string;
  /** Whether it can be asked to end. */
  readonly cancellable: boolean;
  readonly started: string;
  readonly ended?: string;
  readonly steps: readonly {
    readonly title: string;
    readonly state: 'waiting' | 'running' | 'done' | 'failed';
    readonly message?: string;
    /** The message once more, for another language than English. */
    readonly says?: readonly TaskSaying[];
  }[];
  readonly message?: string;
}

export interface ComponentEntry {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Newest first. */
  readonly versions: readonly string[];
  readonly requires: readonly string[];
  /** JSON schema of its values. */
  readonly values: object;
  readonly installed?: {
    readonly version: string;
    readonly values: object;
    readonly state: {
      readonly state: string;
      readonly tone: 'ok' | 'progressing' | 'warning' | 'error' | 'unknown';
      readonly why?: string;
    };
  };
}

export interface ComponentAction {
  readonly action: 'install' | 'upgrade' | 'configure' | 'remove';
  readonly version?: string;
  readonly values?: object;
  /** Only say what would change. */
  readonly dryRun?: boolean;
}

/** Answer to a dry run. */
export interface ComponentPlan {
  readonly changes: readonly {
    readonly object: string;
    readonly change: 'create' | 'update' | 'delete';
    readonly diff: string;
  }[];
  /** Why it can't be done: objects that still exist, components that need it. */
  readonly refused: readonly TaskSaying[];
}
