import type { UserName } from './users.ts';

/**
 * One request. In `path`, `headers` and `body`, `{{ns}}` stands for a name that only this run of the case has (it is also
 * the name of the case's namespace), and `{{2.metadata.uid}}` for what the answer to step 2 had there (steps count from 0).
 */
export interface Step {
  /** GET unless told. */
  readonly method?: string;
  readonly path: string;
  /** `admin` unless told. */
  readonly as?: UserName;
  /** Text goes out as it is, anything else as JSON; `protobuf` sends it in that form. */
  readonly body?: unknown;
  readonly protobuf?: boolean;
  /** Media type of the body; `application/json` unless told. */
  readonly type?: string;
  readonly accept?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Headers of the answer that are compared besides Content-Type, Warning, Allow, Location and Retry-After. */
  readonly alsoHeaders?: readonly string[];
  /** Of big documents, what is compared: see `view.ts`. */
  readonly view?: View;
  /** Asked again until it is answered with this code: what the server does in the background. */
  readonly until?: number;
  /** Needed by the next steps, and compared elsewhere: only the status code counts. */
  readonly onlyCode?: boolean;
}

export type View = 'openapi-v3' | 'openapi-v2' | 'openapi-root' | 'digest';

/** What is asked of a server that was started in another way than the others. */
export type Cluster = 'dual-stack';

export interface Case {
  readonly area: string;
  /** Unique in its area. */
  readonly name: string;
  readonly steps: readonly Step[];
  /** Whether a namespace `{{ns}}` with its ServiceAccount `default` is made first. */
  readonly namespace?: boolean;
  /** Sees what other cases leave behind, so that it runs before them. */
  readonly first?: boolean;
  readonly cluster?: Cluster;
}

/** What a server answered, ready to be compared. */
export interface Answer {
  readonly code: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: unknown;
}
