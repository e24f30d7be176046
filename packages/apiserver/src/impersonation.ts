/**
 * As whom a request acts: the one who asks, or the one named by `Impersonate-*` headers.
 *
 * Who may `impersonate` users, groups, uids and extras may do so for everything that the other may do. Who may not may be
 * let act as others for single verbs and resources: the mode's right to the identity (`impersonate:user-info` …) and, for
 * the request at hand, the right to do it in that mode (`impersonate-on:user-info:list` pods). There is one mode each for a
 * pod's own node, for nodes, for service accounts and for everyone else; a request is denied in the words of the first that
 * applies.
 * https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/
 */
import { ApiError, badRequest, labelKeyFaults } from '@skerry/api';
import { forbiddenRequest } from '#authz/forbidden-request.ts';
import type { AuthorizationAttributes, Authorizer, UserInfo } from '#security.ts';

const userHeader = 'impersonate-user';
const groupHeader = 'impersonate-group';
const uidHeader = 'impersonate-uid';
const extraPrefix = 'impersonate-extra-';

const nodeExtra = 'authentication.kubernetes.io/node-name';
const authenticationGroup = 'authentication.k8s.io';
const everyoneKnown = 'system:authenticated';
const everyoneUnknown = 'system:unauthenticated';

/** From here on it is asked first whether all groups or extras may be taken, before each is. */
const manyChecks = 4;

export interface Impersonated {
  readonly user: UserInfo;
  /** The right by which, where it was a narrow one: `impersonate:user-info`. */
  readonly constraint?: string;
}

interface Wanted {
  readonly name: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

export interface ImpersonationHeaders {
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Each value of a header as it was sent: names of groups may have commas. */
  headerValues(name: string): readonly string[];
}

/** Undefined where nobody is named. `attributes` is the request, as of the one who asks. Throws 400 and 403. */
export async function impersonated(
  request: ImpersonationHeaders,
  attributes: AuthorizationAttributes,
  authorizer: Authorizer,
): Promise<Impersonated | undefined> {
  const wanted = wantedUser(request);
  if (!wanted) return undefined;
  let denial: unknown;
  for (const mode of modes) {
    if (!mode.applies(wanted, attributes.user)) continue;
    try {
      return await mode.check({ wanted, attributes, authorizer });
    } catch (error) {
      denial ??= error;
    }
  }
  throw denial;
}

interface Check {
  readonly wanted: Wanted;
  readonly attributes: AuthorizationAttributes;
  readonly authorizer: Authorizer;
}

interface Mode {
  applies(wanted: Wanted, asking: UserInfo): boolean;
  check(check: Check): Promise<Impersonated>;
}

const onlyNamed = ({ uid, groups, extra }: Wanted) =>
  uid === '' && groups.length === 0 && Object.keys(extra).length === 0;

const modes: readonly Mode[] = [
  constrained('associated-node', (wanted, asking) => {
    const nodes = asking.extra?.[nodeExtra];
    const node = nodeOf(wanted.name);
    return (
      onlyNamed(wanted) &&
      node !== undefined &&
      accountOf(asking.name) !== undefined &&
      nodes?.length === 1 &&
      nodes[0] === node
    );
  }),
  constrained('arbitrary-node', (wanted) => onlyNamed(wanted) && nodeOf(wanted.name) !== undefined),
  constrained('serviceaccount', (wanted) => onlyNamed(wanted) && accountOf(wanted.name) !== undefined),
  constrained('user-info', ({ name }) => nodeOf(name) === undefined && accountOf(name) === undefined),
  { applies: () => true, check: (check) => identity(check, 'impersonate') },
];

function constrained(name: string, applies: Mode['applies']): Mode {
  const verb = `impersonate:${name}`;
  return {
    applies,
    async check(check) {
      const { attributes, authorizer } = check;
      const user = name === 'associated-node' ? withoutNode(attributes.user) : attributes.user;
      await require(authorizer, { ...attributes, user, verb: `impersonate-on:${name}:${attributes.verb}` });
      const { user: acting } = await identity({ ...check, attributes: { ...attributes, user } }, verb);
      return { user: acting, constraint: verb };
    },
  };
}

/** An account is let act as the node of its pod wherever that runs, so the authorizer is not told of one node. */
function withoutNode(user: UserInfo): UserInfo {
  const keys = Object.keys(user.extra ?? {}).sort();
  return { ...user, extra: { 'authentication.kubernetes.io/associated-node-keys': keys } };
}

/** The user that acts, when each part of it may be taken. */
async function identity(
  { wanted, attributes: { user: asking }, authorizer }: Check,
  verb: string,
): Promise<Impersonated> {
  const narrow = verb !== 'impersonate';
  // Users and groups are of the core group where the wide right is asked for, as they were before.
  const group = narrow ? authenticationGroup : '';
  const base = { user: asking, verb, version: 'v1' };
  const node = narrow ? nodeOf(wanted.name) : undefined;
  const account = accountOf(wanted.name);
  const named = node
    ? { resource: 'nodes', name: verb === 'impersonate:associated-node' ? '*' : node }
    : account
      ? { resource: 'serviceaccounts', ...account }
      : { resource: 'users', name: wanted.name };
  await require(authorizer, { ...base, group, ...named });
  if (wanted.uid) {
    await require(authorizer, { ...base, group: authenticationGroup, resource: 'uids', name: wanted.uid });
  }
  await requireGroups(authorizer, { ...base, group, resource: 'groups' }, wanted.groups, narrow);
  await requireExtra(
    authorizer,
    { ...base, group: authenticationGroup, resource: 'userextras' },
    wanted.extra,
    narrow,
  );
  const own = node
    ? ['system:nodes']
    : account && wanted.groups.length === 0
      ? ['system:serviceaccounts', `system:serviceaccounts:${account.namespace}`]
      : wanted.groups;
  return {
    user: {
      name: wanted.name,
      ...(wanted.uid ? { uid: wanted.uid } : {}),
      groups: withEveryone(wanted.name, own),
      ...(Object.keys(wanted.extra).length > 0 ? { extra: wanted.extra } : {}),
    },
  };
}

function withEveryone(name: string, groups: readonly string[]): readonly string[] {
  const everyone =
    name === 'system:anonymous' || groups.includes(everyoneUnknown) ? everyoneUnknown : everyoneKnown;
  return groups.includes(everyone) ? groups : [...groups, everyone];
}

async function requireGroups(
  authorizer: Authorizer,
  base: AuthorizationAttributes,
  groups: readonly string[],
  narrow: boolean,
): Promise<void> {
  if (narrow && groups.includes('')) {
    throw forbiddenRequest(base, 'impersonating the empty string group is not allowed');
  }
  if (narrow && groups.includes('system:masters')) {
    throw forbiddenRequest(
      { ...base, name: 'system:masters' },
      'impersonating the system:masters group is not allowed',
    );
  }
  if (narrow && groups.length >= manyChecks && (await may(authorizer, { ...base, name: '*' }))) return;
  for (const name of groups) await require(authorizer, { ...base, name });
}

async function requireExtra(
  authorizer: Authorizer,
  base: AuthorizationAttributes,
  extra: Wanted['extra'],
  narrow: boolean,
): Promise<void> {
  const pairs = Object.entries(extra).flatMap(([key, values]) =>
    values.map((value) => [key, value] as const),
  );
  if (narrow) {
    const fault = pairs.map(([key, value]) => extraFault(key, value)).find((each) => each !== undefined);
    if (fault) throw forbiddenRequest(base, fault);
    const all = { ...base, subresource: '*', name: '*' };
    if (pairs.length >= manyChecks && (await may(authorizer, all))) return;
  }
  for (const [subresource, name] of pairs) await require(authorizer, { ...base, subresource, name });
}

function extraFault(key: string, value: string): string | undefined {
  if (key === '') return 'impersonating the empty string key in extra is not allowed';
  const [domain = '', ...path] = key.split('/');
  if (path.length === 0 || path.join('/') === '' || labelKeyFaults(`${domain}/x`).length > 0) {
    return `impersonating an invalid key in extra is not allowed: extra.key: Invalid value: ${JSON.stringify(key)}: must be a domain-prefixed path (such as "acme.io/foo")`;
  }
  return value === '' ? 'impersonating the empty string value in extra is not allowed' : undefined;
}

async function may(authorizer: Authorizer, attributes: AuthorizationAttributes): Promise<boolean> {
  return (await authorizer.authorize(attributes)).allowed;
}

async function require(authorizer: Authorizer, attributes: AuthorizationAttributes): Promise<void> {
  const { allowed, reason } = await authorizer.authorize(attributes);
  if (!allowed) throw forbiddenRequest(attributes, reason);
}

function wantedUser(request: ImpersonationHeaders): Wanted | undefined {
  const [name = ''] = request.headerValues(userHeader);
  const [uid = ''] = request.headerValues(uidHeader);
  const groups = request.headerValues(groupHeader);
  const extra: Record<string, readonly string[]> = {};
  for (const header of Object.keys(request.headers)) {
    if (header.startsWith(extraPrefix)) extra[extraKey(header)] = request.headerValues(header);
  }
  if (name) return { name, uid, groups, extra };
  if (!uid && groups.length === 0 && Object.keys(extra).length === 0) return undefined;
  throw badRequest(
    `requested &user.DefaultInfo{Name:"", UID:${JSON.stringify(uid)}, Groups:${goList(groups)}, Extra:${goExtra(extra)}} without impersonating a user name`,
  );
}

function goList(values: readonly string[]): string {
  if (values.length === 0) return '[]string(nil)';
  return `[]string{${values.map((value) => JSON.stringify(value)).join(', ')}}`;
}

function goExtra(extra: Wanted['extra']): string {
  const entries = Object.entries(extra).map(([key, values]) => `${JSON.stringify(key)}:${goList(values)}`);
  return entries.length === 0 ? 'map[string][]string(nil)' : `map[string][]string{${entries.join(', ')}}`;
}

function extraKey(header: string): string {
  try {
    return decodeURIComponent(header.slice(extraPrefix.length));
  } catch (cause) {
    throw new ApiError('BadRequest', `the header ${header} is not well encoded`, { cause });
  }
}

const label = '[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?';
const subdomain = `${label}(\\.${label})*`;
const accountPattern = new RegExp(`^system:serviceaccount:(${label}):(${subdomain})$`);
const nodePattern = new RegExp(`^system:node:(${subdomain})$`);

function accountOf(name: string): { readonly namespace: string; readonly name: string } | undefined {
  if (!accountPattern.test(name)) return undefined;
  const [, , namespace = '', account = ''] = name.split(':');
  return { namespace, name: account };
}

function nodeOf(name: string): string | undefined {
  return nodePattern.exec(name)?.[1];
}
