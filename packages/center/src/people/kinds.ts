/** People and what they may do, as objects of the management API. */
import type { KubeObject } from '@skerry/api';
import type { ResourceRef } from '@skerry/client';

const group = 'center.skerry.io';

function ref(kind: string, resource: string): ResourceRef {
  return { group, version: 'v1', kind, resource, namespaced: false };
}

export const peopleResources = {
  users: ref('User', 'users'),
  grants: ref('Grant', 'grants'),
  apiTokens: ref('ApiToken', 'apitokens'),
  owners: ref('Owner', 'owners'),
  identityProviders: ref('IdentityProvider', 'identityproviders'),
} as const;

/** Somebody who may sign in. Without `oidc` a password is asked for, which is kept in a Secret of its own. */
export interface User extends KubeObject {
  spec: {
    displayName?: string;
    /** Of a user with a password; those of an identity provider come with each sign-in. */
    groups?: string[];
    /** Can't sign in, and what is open ends. */
    disabled?: boolean;
    oidc?: { provider: string; subject: string };
  };
  status?: {
    lastSignIn?: string;
    /** What the identity provider said last. */
    groups?: string[];
  };
}

/** One role for one user or group, in one cluster or all, there everywhere or within limits. */
export interface Grant extends KubeObject {
  spec: {
    subject: { kind: 'User' | 'Group'; name: string };
    /** One of the ready roles, or the name of any ClusterRole of the cluster. */
    role: string;
    /** `*`: every cluster, and the management API. */
    cluster: string;
    namespaces?: string[];
    /** Nodes of these pools, and nothing else unless `namespaces` says so. */
    pools?: string[];
    /** Nodes that came by a join token of these owners. */
    owners?: string[];
  };
  status?: { clusters?: { name: string; applied: boolean; message?: string }[] };
}

/** A credential for scripts. The secret is shown once; what is kept is its hash. */
export interface ApiToken extends KubeObject {
  spec: {
    user: string;
    description?: string;
    /** RFC 3339. */
    expires: string;
    /** SHA-256 of the secret, in hex. */
    hash: string;
    /** Nothing but GETs. */
    readOnly?: boolean;
    /** Only these clusters; all that the user may use unless given. */
    clusters?: string[];
  };
  status?: { lastUsed?: string };
}

/** Whose machines: an organization that brings machines into clusters. */
export interface Owner extends KubeObject {
  spec: {
    displayName?: string;
    contact?: string;
    /** Who may make join scripts in its name, besides those who may do so for all. */
    members?: { kind: 'User' | 'Group'; name: string }[];
  };
}

/** An OpenID provider that people sign in by. */
export interface IdentityProvider extends KubeObject {
  spec: {
    title: string;
    issuer: string;
    clientId: string;
    /** Secret of the center's namespace with key `clientSecret`; a public client without. */
    clientSecret?: string;
    scopes?: string[];
    /** Claims: `preferred_username` and `groups` unless given. */
    userClaim?: string;
    groupsClaim?: string;
    /** PEM. */
    certificateAuthority?: string;
    /** Only people in one of these groups may sign in. */
    allowedGroups?: string[];
  };
}

/** On a User: RFC 3339; sessions that began before are over. */
export const sessionsSinceAnnotation = 'center.skerry.io/sessions-since';

/** Where the center keeps Secrets and ConfigMaps of people. */
export const peopleNamespace = 'kube-system';

/** As names of objects, and of nothing that Kubernetes keeps for itself. */
export const userNamePattern = /^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$/;
