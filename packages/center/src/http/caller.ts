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
  /** Whether a fresh proof of who sits there was given within the last minutes. */
  readonly steppedUp: () => boolean;
  /** The password was given by somebody else: nothing but changing it is allowed. */
  readonly mustChangePassword: boolean;
  /** Of an API token. */
  readonly scope?: { readonly readOnly: boolean; readonly clusters?: readonly string[] };
  /**
   * Aborted when the session ends, whoever ends it; for a WebSocket also when what the caller may do has changed, so that it has
   * to be asked for again. The reason is a {@link SessionEnd}.
   */
  readonly ended: AbortSignal;
}

/** Why a session is no more; goes to WebSockets as the reason of code 4401, or 4403 where a right was taken. */
export interface SessionEnd {
  readonly code: 4401 | 4403;
  readonly reason: string;
}
