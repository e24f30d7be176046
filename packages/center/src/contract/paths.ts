/** Paths of the backend; `cluster` is the name of a Cluster object. */
export const paths = {
  /** GET who is signed in; POST signs in; DELETE signs out. */
  session: '/api/session',
  /** POST {@link ChangePassword} → {@link Session}. */
  password: '/api/session/password',
  /** POST {@link StepUp} → {@link Session}: proves again who sits there, for five minutes. Those of OpenID go by `oidc`. */
  stepUp: '/api/session/step-up',
  /** GET the {@link SessionEntry}s of the one who asks; DELETE `…/<id>` ends one, `…/others` all but this. */
  sessions: '/api/sessions',
  /** POST {@link NewUser} → {@link GivenPassword}; POST to `…/<name>/reset-password` → {@link GivenPassword}. Rights: those to `users` of the management API. */
  users: '/api/users',
  /** GET the caller's {@link ApiTokenEntry}s; POST {@link ApiTokenRequest} makes one; DELETE `…/<id>` revokes. */
  apiTokens: '/api/api-tokens',
  /**
   * GET, followed by the browser: starts a sign-in at the OpenID provider `provider`, or with `stepUp=true` a fresh proof, and
   * comes back to the page `returnTo` (a path of the console), which has `signInError` in its query where it failed.
   */
  oidc: '/api/oidc/start',
  /** POST {@link TicketRequest} → {@link Ticket}: what opens one WebSocket, once, within 30 s. */
  tickets: '/api/tickets',
  /** GET the caller's settings, PUT them whole: {@link Preferences}. */
  preferences: '/api/preferences',
  /** GET {@link AuditPage}. */
  audit: '/api/audit',
  /** GET {@link Task}s the caller may see; GET `…/<id>` one. */
  tasks: '/api/tasks',
  /** The management API as the caller: `apis/center.skerry.io/v1/…`. */
  management: (path: string) => `/api/management/${path}`,
  /** The cluster's own API as the caller; no watches, lists of at most 500, bodies of at most 3 MiB. */
  kubernetes: (cluster: string, path: string) => `/api/clusters/${cluster}/kubernetes/${path}`,
  /** GET {@link Page}: rows of one resource, filtered, sorted, cut and counted by the backend. */
  view: (cluster: string, resource: string) => `/api/clusters/${cluster}/views/${resource}`,
  /** GET {@link Overview}. */
  overview: (cluster: string) => `/api/clusters/${cluster}/overview`,
  /** GET {@link Home}. */
  home: '/api/home',
  /** GET {@link SearchHit}s over all clusters. */
  search: '/api/search',
  /** GET {@link Series}: how much of what was used, over time. */
  metrics: (cluster: string) => `/api/clusters/${cluster}/metrics`,
  /** GET {@link GpuView}. */
  gpu: (cluster: string) => `/api/clusters/${cluster}/gpu`,
  /** POST {@link PlacementQuestion} → {@link PlacementAnswer}: which nodes a pod template would fit. */
  placement: (cluster: string) => `/api/clusters/${cluster}/placement`,
  /** POST {@link CanIQuestion} → {@link CanIAnswer}. */
  canI: (cluster: string) => `/api/clusters/${cluster}/can-i`,
  /** POST {@link JoinScriptRequest} → {@link JoinScript}; GET lists those that live; DELETE `…/<id>` revokes. */
  joinScripts: (cluster: string) => `/api/clusters/${cluster}/join-scripts`,
  /** POST → the caller's kubeconfig, as a file. */
  kubeconfig: (cluster: string) => `/api/clusters/${cluster}/kubeconfig`,
  /** GET the catalogue with what is installed: {@link ComponentEntry}s; POST to `…/<name>` {@link ComponentAction} → {@link Task}. */
  components: (cluster: string) => `/api/clusters/${cluster}/components`,
  /** WebSocket: {@link LiveRequest}s up, {@link LiveMessage}s down; one per tab. */
  live: '/api/live',
  /**
   * WebSocket: {@link LogsQuery} in the query string; {@link LogFrame}s down. A plain GET of the same: the logs as a file, one
   * container after the other, without following.
   */
  logs: (cluster: string) => `/api/clusters/${cluster}/logs`,
  /** WebSocket with Kubernetes' own `v5.channel.k8s.io` framing: {@link ExecQuery} in the query string. */
  exec: (cluster: string) => `/api/clusters/${cluster}/exec`,
} as const;

/** The header that carries the session's token against forged requests. */
export const csrfHeader = 'x-csrf-token';
