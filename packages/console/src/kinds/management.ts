/** Kinds of the management API, and what the console reads of them. */
import type { ApiObject } from '#api/objects.ts';
import type { MessageId } from '#i18n/index.ts';
import type { KindEntry } from './kind.ts';

function entry(plural: string, kind: string, title: MessageId): KindEntry {
  return {
    resource: `${plural}.center.skerry.io`,
    group: 'center.skerry.io',
    version: 'v1',
    plural,
    kind,
    isNamespaced: false,
    title,
    section: 'cluster',
    actions: ['delete'],
  };
}

export const managementKinds = {
  clusters: entry('clusters', 'Cluster', 'nav.clusters'),
  users: entry('users', 'User', 'nav.users'),
  grants: entry('grants', 'Grant', 'nav.grants'),
  owners: entry('owners', 'Owner', 'nav.owners'),
  identityProviders: entry('identityproviders', 'IdentityProvider', 'nav.providers'),
} as const;

export interface ClusterObject extends ApiObject {
  readonly spec: {
    readonly type?: 'hosted' | 'imported';
    readonly region?: string;
    readonly deletionProtection?: boolean;
  };
  readonly status?: {
    readonly phase?: string;
    readonly version?: string;
    readonly endpoint?: string;
    readonly task?: string;
    readonly [field: string]: unknown;
  };
}

export interface UserObject extends ApiObject {
  readonly spec: {
    readonly displayName?: string;
    readonly groups?: readonly string[];
    readonly disabled?: boolean;
    readonly oidc?: { readonly provider: string };
  };
  readonly status?: { readonly lastSignIn?: string; readonly groups?: readonly string[] };
}

export interface GrantObject extends ApiObject {
  readonly spec: {
    readonly subject: { readonly kind: 'User' | 'Group'; readonly name: string };
    readonly role: string;
    readonly cluster: string;
    readonly namespaces?: readonly string[];
    readonly pools?: readonly string[];
    readonly owners?: readonly string[];
  };
  readonly status?: {
    readonly clusters?: readonly {
      readonly name: string;
      readonly applied: boolean;
      readonly message?: string;
    }[];
  };
}

export interface OwnerObject extends ApiObject {
  readonly spec: {
    readonly displayName?: string;
    readonly contact?: string;
    readonly members?: readonly { readonly kind: 'User' | 'Group'; readonly name: string }[];
  };
}

export interface ProviderObject extends ApiObject {
  readonly spec: {
    readonly title: string;
    readonly issuer: string;
    readonly clientId: string;
    /** Name of the Secret that holds it. */
    readonly clientSecret?: string;
    readonly scopes?: readonly string[];
    readonly userClaim?: string;
    readonly groupsClaim?: string;
    readonly allowedGroups?: readonly string[];
    readonly certificateAuthority?: string;
  };
}
