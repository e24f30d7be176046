import type { AnyObject, KindInfo, KubeObject } from '@skerry/api';
import type { AuditSink } from '#audit/audit-event.ts';
import type { AuditAnnotations } from '#audit/audit-notes.ts';
import { createAdmissionChain } from '#admission/chain.ts';
import type { AdmissionPlugin } from '#admission/plugin.ts';
import type { AuditPolicy } from '#audit/policy.ts';
import type { PeerIdentity } from '#ports.ts';

/**
 * What the API server asks of authentication, authorization, admission and audit. The core calls these ports and knows no
 * rule behind them; `SecurityParts` is what it is built with.
 *
 * Order of one request: authenticate, impersonate (authorized as verb `impersonate`), authorize, then for a write
 * `mutate`, schema and strategy validation, `validate`, and the store.
 */
export interface UserInfo {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

export interface AuthenticationRequest {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** From the connection's verified client certificate. */
  readonly peer?: PeerIdentity;
  readonly remoteAddress?: string;
  /** Path without query. */
  readonly path: string;
}

export type ReviewedToken =
  | { readonly user: UserInfo; readonly audiences: readonly string[] }
  /** For who asks; may be empty. */
  | { readonly fault: string };

export interface Authenticator {
  /**
   * Who asks; undefined when the request carries no identity at all (the core then answers as `system:anonymous`, or 401
   * where anonymous access is off). Throws an `Unauthorized` ApiError for a credential that is present and bad. A request
   * with an Authorization header is judged by it alone.
   */
  authenticate(request: AuthenticationRequest): Promise<UserInfo | undefined>;
  /** For TokenReview: the token's user and the audiences it is good for among those asked, or why it is bad. */
  reviewToken?(token: string, audiences: readonly string[]): Promise<ReviewedToken>;
}

/** One question to the authorizer: a resource request, or a path (`nonResource`). */
export interface AuthorizationAttributes {
  readonly user: UserInfo;
  /** get list watch create update patch delete deletecollection, impersonate, …; lower-case HTTP method for a path. */
  readonly verb: string;
  /** '' for core, '*' for any; unset with `path`. */
  readonly group?: string;
  readonly version?: string;
  readonly resource?: string;
  readonly subresource?: string;
  /** Empty for cluster scope and all namespaces. */
  readonly namespace?: string;
  readonly name?: string;
  /** Raw selectors of a list, watch or deletecollection; node authorization reads them. */
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
  /** Set for a request that is about no resource: `/version`. */
  readonly path?: string;
}

export interface AuthorizationDecision {
  readonly allowed: boolean;
  /** For people: why, or which part refused. May be empty. */
  readonly reason: string;
}

export interface ResourceRule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
}

export interface NonResourceRule {
  readonly verbs: readonly string[];
  readonly nonResourceURLs: readonly string[];
}

export interface Authorizer {
  authorize(attributes: AuthorizationAttributes): Promise<AuthorizationDecision>;
  /** For SelfSubjectRulesReview: what the user may do in a namespace, as far as it can be enumerated. */
  rulesFor?(
    user: UserInfo,
    namespace: string,
  ): Promise<{
    readonly resourceRules: readonly ResourceRule[];
    readonly nonResourceRules: readonly NonResourceRule[];
    readonly incomplete: boolean;
  }>;
}

/** One write on its way to the store. */
export interface AdmissionContext {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  readonly kind: KindInfo;
  /** Plural, and '' or the subresource: `status`, `binding`, `exec`. */
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** Whether the server made the name, from `generateName`; those who may change the object are not shown it yet. */
  readonly nameGenerated?: boolean;
  /** The new object; `mutate` changes it in place. Undefined for DELETE. For `pods/binding` and `pods/eviction`: that body. */
  readonly object: AnyObject | undefined;
  /** The object as it stands; undefined for CREATE. Never change it. */
  readonly oldObject: AnyObject | undefined;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  /** Options of the write: CreateOptions, UpdateOptions, PatchOptions or DeleteOptions. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Push texts for the `Warning:` header. */
  readonly warnings: string[];
  /** Notes for the audit log. */
  readonly auditAnnotations: AuditAnnotations;
  readonly signal?: AbortSignal;
}

export interface AdmissionChain {
  /** Changes `ctx.object` in place; throws an ApiError to refuse. */
  mutate(ctx: AdmissionContext): Promise<void>;
  /** Throws an ApiError to refuse; changes nothing. Called last before the write. */
  validate(ctx: AdmissionContext): Promise<void>;
}

/** What `serviceaccounts/token` and the OIDC documents need. */
export interface TokenIssuer {
  /**
   * Signs a token for a service account. `bound` has been looked up and its uid checked. Throws ApiError for a bad duration.
   */
  issue(request: {
    readonly namespace: string;
    readonly serviceAccount: { readonly name: string; readonly uid: string };
    readonly audiences: readonly string[] | undefined;
    readonly expirationSeconds: number | undefined;
    readonly bound?: {
      readonly kind: 'Pod' | 'Secret' | 'Node';
      readonly name: string;
      readonly uid: string;
    };
    /** The node that a bound pod runs on. */
    readonly node?: { readonly name: string; readonly uid: string };
  }): Promise<{
    readonly token: string;
    /** RFC 3339. */
    readonly expirationTimestamp: string;
    readonly audiences: readonly string[];
    readonly expirationSeconds: number;
  }>;
  /** `/.well-known/openid-configuration` */
  openIdConfiguration(): object;
  /** `/openid/v1/jwks` */
  keySet(): object;
}

/** Names a kind without its version; both are enough to find what is stored. */
export interface ObjectRef {
  readonly group: string;
  /** Plural. */
  readonly resource: string;
}

export interface ObjectChange {
  readonly type: 'put' | 'delete';
  /** Empty for cluster scope. */
  readonly namespace: string;
  readonly name: string;
  /** The last state for a delete. Decoded when asked for, so who needs only the place asks for that. */
  readonly object: AnyObject;
}

/**
 * Objects as the server's own watch caches hold them, decoded, shared and never to be changed. Reads are synchronous and
 * at most a few milliseconds behind the newest acknowledged write.
 */
export interface ObjectReader {
  // Callers name the kind's own type; the reader hands out what was stored as that kind.
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters
  get<T extends KubeObject = AnyObject>(ref: ObjectRef, name: string, namespace?: string): T | undefined;
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters
  list<T extends KubeObject = AnyObject>(ref: ObjectRef, namespace?: string): readonly T[];
  /** Those with `value` in an indexed field: pods by `spec.nodeName`. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters
  listByField<T extends KubeObject = AnyObject>(ref: ObjectRef, field: string, value: string): readonly T[];
  /** Calls `onChange` for every later change of a kind. Returns the end of it. */
  onChange(ref: ObjectRef, onChange: (change: ObjectChange) => void): () => void;
}

/** To whom the fields belong that the server writes by itself. */
export interface FieldOwner {
  /** The name that a stock server has for its part; `kube-apiserver` unless told, null for nobody. */
  readonly manager?: string | null;
  readonly subresource?: 'status';
  /** Whether the part owns what it says by applying it; only with a subresource. */
  readonly applies?: boolean;
}

/** Writes by the server itself (bootstrap roles, allocations): validated and stored as any other, but not authorized or admitted. */
export interface ObjectWriter {
  create(ref: ObjectRef, object: AnyObject, owner?: FieldOwner): Promise<AnyObject>;
  update(ref: ObjectRef, object: AnyObject, owner?: FieldOwner): Promise<AnyObject>;
  /** Also when it is gone already. */
  delete(ref: ObjectRef, name: string, namespace?: string): Promise<void>;
}

/** Handed to the makers of the parts below: the server they work for. */
export interface ServerAccess {
  readonly read: ObjectReader;
  readonly write: ObjectWriter;
  /** All kinds served now, CRDs included. */
  kinds(): readonly KindInfo[];
  /** Webhooks and policies that objects configure. A chain of admission puts it behind its own plugins and before quota. */
  readonly dynamicAdmission: AdmissionPlugin;
}

export interface SecurityParts {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly admission: AdmissionChain;
  readonly tokenIssuer?: TokenIssuer;
  /** What is written to the audit log, and where; nothing unless set. */
  readonly audit?: { readonly policy: AuditPolicy; readonly sink: AuditSink };
  /** Why a verified client certificate counts no longer; undefined when it does. */
  refusesPeer?(peer: PeerIdentity): string | undefined;
  /** Whether a request without identity goes on as `system:anonymous`; true unless told. By path where it is a function. */
  readonly anonymous?: boolean | ((path: string) => boolean);
  /** Runs once when the caches are filled and before the server is ready: bootstrap policy and the like. */
  bootstrap?(): Promise<void>;
}

/** The parts are made when the server is, since they read through it. */
export type SecurityFactory = (access: ServerAccess) => SecurityParts;

export const anonymousUser: UserInfo = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

/** Lets everyone do everything as a cluster admin; for tests and for a server that only its owner can reach. */
export const allowAll: SecurityFactory = ({ dynamicAdmission }) => ({
  authenticator: {
    authenticate: () =>
      Promise.resolve({ name: 'admin', groups: ['system:masters', 'system:authenticated'] }),
  },
  authorizer: { authorize: () => Promise.resolve({ allowed: true, reason: '' }) },
  admission: createAdmissionChain([dynamicAdmission]),
});
