/** How somebody proved who they are. */
export type SignInMethod = 'password' | 'oidc' | 'token';

/** Who asks, already authenticated. */
export interface Caller {
  /** Name of the User object. Clusters know it with a prefix of the center: see `access/subject.ts`. */
  readonly user: string;
  readonly groups: readonly string[];
  /** Names the session or API token in lists and logs; proves nothing. */
  readonly sessionId: string;
  readonly method: SignInMethod;
  /** Milliseconds since the epoch until which a fresh proof counts; 0 when none was given. */
  readonly steppedUpUntilMs: number;
  /** Aborted when the session ends, whoever ends it; the reason is a {@link SessionEnd}. */
  readonly ended: AbortSignal;
}

/** Why a session is no more; goes to WebSockets as the reason of code 4401, or 4403 where a right was taken. */
export interface SessionEnd {
  readonly code: 4401 | 4403;
  readonly reason: string;
}
