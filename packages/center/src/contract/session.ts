export interface SignIn {
  readonly user: string;
  readonly password: string;
}

export interface Session {
  readonly user: string;
  /** What to show: a full name if one is known. */
  readonly displayName: string;
  readonly groups: readonly string[];
  /** The first password was given by the system: nothing else is allowed until it is changed. */
  readonly mustChangePassword: boolean;
  readonly csrfToken: string;
  /** RFC 3339. */
  readonly expires: string;
  /** Until when what needs a fresh proof is allowed; absent, it has to be given. */
  readonly steppedUpUntil?: string;
  /** Ways to sign in other than by password, shown before anyone is. */
  readonly providers: readonly { readonly id: string; readonly title: string }[];
}

/** Answer to GET session when nobody is signed in (401): what the sign-in page needs. */
export interface SignedOut {
  readonly providers: readonly { readonly id: string; readonly title: string }[];
}

export interface ChangePassword {
  readonly current: string;
  readonly next: string;
}

export interface StepUp {
  readonly password: string;
}

/** The `reason` of the 403 that asks for a fresh proof first. */
export type StepUpReason = 'StepUpRequired';

/** One of the caller's sessions. */
export interface SessionEntry {
  readonly id: string;
  readonly current: boolean;
  readonly method: 'password' | 'oidc';
  /** RFC 3339. */
  readonly created: string;
  readonly lastSeen: string;
  readonly address: string;
  readonly userAgent: string;
}

export interface NewUser {
  readonly name: string;
  readonly displayName?: string;
  readonly groups?: readonly string[];
}

/** To be told to the user, who has to change it at the first sign-in; shown once. */
export interface GivenPassword {
  readonly user: string;
  readonly password: string;
}

/** A credential for scripts, of the caller. */
export interface ApiTokenEntry {
  readonly id: string;
  readonly description: string;
  readonly created: string;
  readonly expires: string;
  readonly lastUsed?: string;
  readonly readOnly: boolean;
  /** Only these clusters; all that the caller may use unless given. */
  readonly clusters?: readonly string[];
  /** Shown once, when it is made: goes into `Authorization: Bearer …`. */
  readonly token?: string;
}

export interface ApiTokenRequest {
  readonly description?: string;
  /** 1 to 366. */
  readonly days: number;
  readonly readOnly?: boolean;
  readonly clusters?: readonly string[];
}

export interface TicketRequest {
  readonly purpose: 'live' | 'logs' | 'exec';
  /** The path and query that the ticket is good for. */
  readonly target: string;
}

export interface Ticket {
  /** Goes into the WebSocket's address as `ticket`. */
  readonly ticket: string;
}

export interface Preferences {
  readonly language?: 'en' | 'ja' | 'zh';
  readonly theme?: 'system' | 'light' | 'dark';
  readonly shortcuts?: boolean;
  /** Columns shown, by view, in order. */
  readonly columns?: Readonly<Record<string, readonly string[]>>;
  readonly pinned?: readonly string[];
  /** Columns of one's own, by view, as a view's query names them. */
  readonly ownColumns?: Readonly<Record<string, readonly string[]>>;
  /** Columns that stay in sight, and rows (`namespace/name`) that come first, by view. */
  readonly pinnedColumns?: Readonly<Record<string, readonly string[]>>;
  readonly pinnedRows?: Readonly<Record<string, readonly string[]>>;
  /** Nothing is changed from the console: everywhere, or in these clusters. */
  readonly readOnly?: boolean;
  readonly readOnlyClusters?: readonly string[];
  /** The caller's own templates of the YAML editor. */
  readonly templates?: readonly { readonly name: string; readonly yaml: string }[];
}

export interface AuditEntry {
  readonly id: string;
  readonly time: string;
  readonly user: string;
  readonly sourceAddress: string;
  readonly action: string;
  readonly cluster?: string;
  readonly object?: string;
  readonly result: 'allowed' | 'refused' | 'failed';
  readonly code: number;
  readonly message?: string;
}

export interface AuditPage {
  readonly entries: readonly AuditEntry[];
  readonly next?: string;
}

export interface CanIQuestion {
  /** Whom it is asked about; the caller's own, unless told. Others need the right to impersonate them. */
  readonly user?: string;
  readonly questions: readonly {
    readonly verb: string;
    readonly group: string;
    readonly resource: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  }[];
}

export interface CanIAnswer {
  /** In the order of the questions. */
  readonly answers: readonly { readonly allowed: boolean; readonly why: string }[];
}
