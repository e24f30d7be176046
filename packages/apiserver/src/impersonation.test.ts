import { describe, expect, test } from 'vitest';
import { impersonated } from '#impersonation.ts';
import type { AuthorizationAttributes, Authorizer, UserInfo } from '#security.ts';

const jane: UserInfo = { name: 'jane', groups: ['dev'] };
const listPods: AuthorizationAttributes = {
  user: jane,
  verb: 'list',
  group: '',
  version: 'v1',
  resource: 'pods',
  namespace: 'ns',
};

/** What is granted, as `verb resource/name` with the group in front of a resource that has one. */
function authorizerOf(
  ...granted: readonly string[]
): Authorizer & { readonly asked: AuthorizationAttributes[] } {
  const asked: AuthorizationAttributes[] = [];
  return {
    asked,
    authorize(attributes) {
      asked.push(attributes);
      const { verb, group = '', resource = '', subresource, namespace, name = '' } = attributes;
      const what = subresource ? `${resource}/${subresource}` : resource;
      const full =
        `${verb} ${group ? `${what}.${group}` : what} ${namespace ? `${namespace}:` : ''}${name}`.trim();
      return Promise.resolve({ allowed: granted.includes(full), reason: '' });
    },
  };
}

function act(
  headers: Readonly<Record<string, string | readonly string[]>>,
  authorizer: Authorizer,
  attributes: AuthorizationAttributes = listPods,
) {
  const values = (name: string) => [headers[name] ?? []].flat();
  const flat = Object.fromEntries(Object.keys(headers).map((name) => [name, values(name).join(', ')]));
  return impersonated({ headers: flat, headerValues: values }, attributes, authorizer);
}

const known = 'system:authenticated';

test('a request that names nobody acts as who asks', async () => {
  expect(await act({ accept: 'x' }, authorizerOf())).toBeUndefined();
});

describe('who may impersonate', () => {
  test.each<[string, Record<string, string | string[]>, string[], UserInfo]>([
    ['a user', { 'impersonate-user': 'bob' }, ['impersonate users bob'], { name: 'bob', groups: [known] }],
    [
      'a user with groups, of which one has a comma',
      { 'impersonate-user': 'bob', 'impersonate-group': ['CN=a,OU=b', 'c'] },
      ['impersonate users bob', 'impersonate groups CN=a,OU=b', 'impersonate groups c'],
      { name: 'bob', groups: ['CN=a,OU=b', 'c', known] },
    ],
    [
      'a user with uid and extra',
      { 'impersonate-user': 'bob', 'impersonate-uid': '7', 'impersonate-extra-acme.com%2fteam': 'x' },
      [
        'impersonate users bob',
        'impersonate uids.authentication.k8s.io 7',
        'impersonate userextras/acme.com/team.authentication.k8s.io x',
      ],
      { name: 'bob', uid: '7', groups: [known], extra: { 'acme.com/team': ['x'] } },
    ],
    [
      'a service account, which brings its groups',
      { 'impersonate-user': 'system:serviceaccount:ns:sa' },
      ['impersonate serviceaccounts ns:sa'],
      {
        name: 'system:serviceaccount:ns:sa',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:ns', known],
      },
    ],
    [
      'what only looks like a service account',
      { 'impersonate-user': 'system:serviceaccount:N_S:sa' },
      ['impersonate users system:serviceaccount:N_S:sa'],
      { name: 'system:serviceaccount:N_S:sa', groups: [known] },
    ],
    [
      'nobody',
      { 'impersonate-user': 'system:anonymous' },
      ['impersonate users system:anonymous'],
      { name: 'system:anonymous', groups: ['system:unauthenticated'] },
    ],
    [
      'someone unknown',
      { 'impersonate-user': 'bob', 'impersonate-group': 'system:unauthenticated' },
      ['impersonate users bob', 'impersonate groups system:unauthenticated'],
      { name: 'bob', groups: ['system:unauthenticated'] },
    ],
  ])('%s acts as them', async (_what, headers, granted, user) => {
    expect(await act(headers, authorizerOf(...granted))).toEqual({ user });
    for (const missing of granted) {
      const rest = granted.filter((each) => each !== missing);
      await expect(act(headers, authorizerOf(...rest)), missing).rejects.toMatchObject({ code: 403 });
    }
  });
});

describe('who may impersonate for single requests only', () => {
  const byName = { 'impersonate-user': 'bob' };
  const on = 'impersonate-on:user-info:list pods ns:';
  const who = 'impersonate:user-info users.authentication.k8s.io bob';

  test('acts as a user with both rights, and with none alone', async () => {
    expect(await act(byName, authorizerOf(on, who))).toEqual({
      user: { name: 'bob', groups: [known] },
      constraint: 'impersonate:user-info',
    });
    await expect(act(byName, authorizerOf(who))).rejects.toThrow(
      'pods is forbidden: User "jane" cannot impersonate-on:user-info:list resource "pods" in API group "" in the namespace "ns"',
    );
    await expect(act(byName, authorizerOf(on))).rejects.toThrow(
      'users.authentication.k8s.io "bob" is forbidden: User "jane" cannot impersonate:user-info resource "users" in API group "authentication.k8s.io" at the cluster scope',
    );
  });

  test('asks the same of a path', async () => {
    await expect(act(byName, authorizerOf(), { user: jane, verb: 'get', path: '/version' })).rejects.toThrow(
      'forbidden: User "jane" cannot impersonate-on:user-info:get path "/version"',
    );
  });

  test.each([
    [
      'a service account',
      'system:serviceaccount:ns:sa',
      'serviceaccount',
      'impersonate:serviceaccount serviceaccounts.authentication.k8s.io ns:sa',
      ['system:serviceaccounts', 'system:serviceaccounts:ns', known],
    ],
    [
      'a node',
      'system:node:n',
      'arbitrary-node',
      'impersonate:arbitrary-node nodes.authentication.k8s.io n',
      ['system:nodes', known],
    ],
  ])('%s is a mode of its own', async (_what, name, mode, right, groups) => {
    const headers = { 'impersonate-user': name };
    const found = await act(headers, authorizerOf(`impersonate-on:${mode}:list pods ns:`, right));
    expect(found).toEqual({ user: { name, groups }, constraint: `impersonate:${mode}` });
    await expect(act(headers, authorizerOf(on, right))).rejects.toThrow(`impersonate-on:${mode}:list`);
    await expect(
      act(
        { ...headers, 'impersonate-group': 'g' },
        authorizerOf(`impersonate-on:${mode}:list pods ns:`, right),
      ),
    ).rejects.toMatchObject({ code: 403 });
  });

  test('never comes to be of system:masters, nor of an empty group', async () => {
    const rights = authorizerOf(on, who, 'impersonate:user-info groups.authentication.k8s.io system:masters');
    const asMaster = act({ ...byName, 'impersonate-group': 'system:masters' }, rights);
    await expect(asMaster).rejects.toThrow('impersonating the system:masters group is not allowed');
    await expect(act({ ...byName, 'impersonate-group': '' }, rights)).rejects.toThrow('empty string group');
  });

  test('needs keys of extras that are domain-prefixed paths', async () => {
    await expect(act({ ...byName, 'impersonate-extra-scope': 'x' }, authorizerOf(on, who))).rejects.toThrow(
      'impersonating an invalid key in extra is not allowed',
    );
  });

  test('may take many groups by one right to all', async () => {
    const headers = { ...byName, 'impersonate-group': ['a', 'b', 'c', 'd'] };
    const all = 'impersonate:user-info groups.authentication.k8s.io *';
    expect((await act(headers, authorizerOf(on, who, all)))?.user.groups).toEqual([
      'a',
      'b',
      'c',
      'd',
      known,
    ]);
  });
});

test("a pod's account acts as the node it runs on, and as no other", async () => {
  const account = {
    name: 'system:serviceaccount:ns:agent',
    groups: [],
    extra: { 'authentication.kubernetes.io/node-name': ['n'] },
  };
  const rights = authorizerOf(
    'impersonate-on:associated-node:list pods ns:',
    'impersonate:associated-node nodes.authentication.k8s.io *',
  );
  const attributes = { ...listPods, user: account };
  expect(await act({ 'impersonate-user': 'system:node:n' }, rights, attributes)).toEqual({
    user: { name: 'system:node:n', groups: ['system:nodes', known] },
    constraint: 'impersonate:associated-node',
  });
  expect(rights.asked[0]?.user.extra).toEqual({
    'authentication.kubernetes.io/associated-node-keys': ['authentication.kubernetes.io/node-name'],
  });
  await expect(act({ 'impersonate-user': 'system:node:other' }, rights, attributes)).rejects.toThrow(
    'impersonate-on:arbitrary-node:list',
  );
});

test('headers without a user are a 400 that shows them', async () => {
  await expect(act({ 'impersonate-group': 'g', 'impersonate-extra-a': 'b' }, authorizerOf())).rejects.toThrow(
    'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"g"}, Extra:map[string][]string{"a":[]string{"b"}}} without impersonating a user name',
  );
});
