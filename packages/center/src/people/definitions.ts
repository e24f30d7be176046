import type { CustomResourceDefinition } from '@skerry/api';
import { definition, fixed, instant, type Schema, text } from '#management/definition.ts';
import { peopleResources } from '#people/kinds.ts';

const name: Schema = { type: 'string', minLength: 1, maxLength: 253 };
const label: Schema = { type: 'string', maxLength: 253 };

function names(maxItems: number): Schema {
  return { type: 'array', maxItems, items: name };
}

const subject: Schema = {
  type: 'object',
  required: ['kind', 'name'],
  properties: { kind: { type: 'string', enum: ['User', 'Group'] }, name },
};

/** A user's name is what clusters know the person by: none that Kubernetes keeps for itself, none that is somebody else's after a cut. */
const userName = {
  rule: "self.metadata.name.size() <= 63 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')",
  message: 'the name of a user is at most 63 of a-z, 0-9, "-" and "."',
};

/** It becomes the value of a label. */
const grantName = {
  rule: 'self.metadata.name.size() <= 63',
  message: 'the name of a grant has at most 63 characters',
};

const user = definition({
  ref: peopleResources.users,
  description: 'Somebody who may sign in at the console.',
  spec: {
    type: 'object',
    properties: {
      displayName: { type: 'string', maxLength: 200 },
      groups: names(100),
      disabled: { type: 'boolean' },
      oidc: {
        type: 'object',
        required: ['provider', 'subject'],
        properties: { provider: name, subject: { type: 'string', minLength: 1, maxLength: 255 } },
      },
    },
  },
  status: { type: 'object', properties: { lastSignIn: instant, groups: names(500) } },
  columns: [
    { name: 'Name', type: 'string', jsonPath: '.spec.displayName' },
    { name: 'Provider', type: 'string', jsonPath: '.spec.oidc.provider' },
    { name: 'Disabled', type: 'boolean', jsonPath: '.spec.disabled' },
    { name: 'Last sign-in', type: 'date', jsonPath: '.status.lastSignIn' },
  ],
});

const grant = definition({
  ref: peopleResources.grants,
  description: 'A role for a user or group, in one cluster or all.',
  spec: {
    type: 'object',
    required: ['subject', 'role', 'cluster'],
    properties: {
      subject,
      role: name,
      cluster: name,
      namespaces: names(100),
      pools: names(100),
      owners: names(100),
    },
  },
  status: {
    type: 'object',
    properties: {
      clusters: {
        type: 'array',
        items: {
          type: 'object',
          required: ['name', 'applied'],
          properties: { name: text, applied: { type: 'boolean' }, message: text },
        },
      },
    },
  },
  columns: [
    { name: 'Kind', type: 'string', jsonPath: '.spec.subject.kind' },
    { name: 'Subject', type: 'string', jsonPath: '.spec.subject.name' },
    { name: 'Role', type: 'string', jsonPath: '.spec.role' },
    { name: 'Cluster', type: 'string', jsonPath: '.spec.cluster' },
  ],
});

const apiToken = definition({
  ref: peopleResources.apiTokens,
  description: 'A credential for scripts, that acts as its user.',
  spec: {
    type: 'object',
    required: ['user', 'expires', 'hash'],
    properties: {
      user: fixed('user', name),
      description: { type: 'string', maxLength: 200 },
      expires: instant,
      hash: fixed('hash', { type: 'string', pattern: '^[0-9a-f]{64}$' }),
      readOnly: { type: 'boolean' },
      clusters: names(100),
    },
  },
  status: { type: 'object', properties: { lastUsed: instant } },
  columns: [
    { name: 'User', type: 'string', jsonPath: '.spec.user' },
    { name: 'Description', type: 'string', jsonPath: '.spec.description' },
    { name: 'Expires', type: 'string', jsonPath: '.spec.expires' },
    { name: 'Last used', type: 'date', jsonPath: '.status.lastUsed' },
  ],
});

const owner = definition({
  ref: peopleResources.owners,
  description: 'Whose machines: an organization that brings machines into clusters.',
  spec: {
    type: 'object',
    properties: {
      displayName: { type: 'string', maxLength: 200 },
      contact: { type: 'string', maxLength: 200 },
      members: { type: 'array', maxItems: 500, items: subject },
    },
  },
  status: { type: 'object' },
  columns: [
    { name: 'Name', type: 'string', jsonPath: '.spec.displayName' },
    { name: 'Contact', type: 'string', jsonPath: '.spec.contact' },
  ],
});

const identityProvider = definition({
  ref: peopleResources.identityProviders,
  description: 'An OpenID provider that people sign in by.',
  spec: {
    type: 'object',
    required: ['title', 'issuer', 'clientId'],
    properties: {
      title: { type: 'string', minLength: 1, maxLength: 63 },
      issuer: { type: 'string', pattern: '^https://[^?#@]+$', maxLength: 512 },
      clientId: name,
      clientSecret: label,
      scopes: names(20),
      userClaim: label,
      groupsClaim: label,
      certificateAuthority: { type: 'string', maxLength: 65_536 },
      allowedGroups: names(100),
    },
  },
  status: { type: 'object' },
  columns: [
    { name: 'Title', type: 'string', jsonPath: '.spec.title' },
    { name: 'Issuer', type: 'string', jsonPath: '.spec.issuer' },
  ],
});

/** Kinds of people, for whoever makes the management API know its kinds. */
export const peopleDefinitions: readonly CustomResourceDefinition[] = [
  withRule(user, userName),
  withRule(grant, grantName),
  apiToken,
  owner,
  identityProvider,
];

function withRule(
  defined: CustomResourceDefinition,
  rule: { readonly rule: string; readonly message: string },
): CustomResourceDefinition {
  const [version] = defined.spec.versions;
  const schema = version?.schema?.openAPIV3Schema;
  if (schema) schema['x-kubernetes-validations'] = [rule];
  return defined;
}
