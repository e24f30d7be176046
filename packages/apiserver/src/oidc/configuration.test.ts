import { describe, expect, test } from 'vitest';
import { issuerOfFlags, parseAuthenticationConfiguration } from '#oidc/configuration.ts';

const ownIssuer = 'https://own.example.com';
const issuer = { url: 'https://issuer.example.com', audiences: ['app'] };
const byClaim = { username: { claim: 'sub', prefix: '' } };
const parse = (entries: object[], more: object = {}) =>
  parseAuthenticationConfiguration(
    JSON.stringify({
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'AuthenticationConfiguration',
      jwt: entries,
      ...more,
    }),
    'auth.yaml',
    { ownIssuer },
  );

describe('a configuration is refused', () => {
  const withIssuer = (change: object) => ({ issuer: { ...issuer, ...change }, claimMappings: byClaim });
  const withMapping = (claimMappings: object, more: object = {}) => ({ issuer, claimMappings, ...more });
  const rules = (...claimValidationRules: object[]) => withMapping(byClaim, { claimValidationRules });

  test.each<[string, object, string]>([
    ['without a URL', withIssuer({ url: '' }), 'jwt[0].issuer.url: Required value'],
    ['over plain HTTP', withIssuer({ url: 'http://x' }), 'URL scheme must be https'],
    ['with a password', withIssuer({ url: 'https://a:b@x' }), 'must not contain a username or password'],
    ['with a query', withIssuer({ url: 'https://x?a=b' }), 'URL must not contain a query'],
    [
      "of the server's own tokens",
      withIssuer({ url: ownIssuer }),
      'must not overlap with disallowed issuers',
    ],
    [
      'with itself for discovery',
      withIssuer({ discoveryURL: `${issuer.url}/` }),
      'must be different from URL',
    ],
    ['without audiences', withIssuer({ audiences: [] }), 'audiences: Required value'],
    ['with one audience twice', withIssuer({ audiences: ['a', 'a'] }), 'Duplicate value: "a"'],
    [
      'with audiences and no policy',
      withIssuer({ audiences: ['a', 'b'] }),
      'audienceMatchPolicy must be MatchAny for multiple audiences',
    ],
    [
      'with no authority',
      withIssuer({ certificateAuthority: 'x' }),
      'certificateAuthority: Invalid value: "<omitted>"',
    ],
    ['with a misspelt field', withIssuer({ audience: 'a' }), 'jwt[0].issuer.audience: unknown field'],
    ['without a user name', withMapping({}), 'claimMappings.username: Required value: claim or expression'],
    [
      'with a claim and no prefix',
      withMapping({ username: { claim: 'sub' } }),
      'prefix is required when claim is set. It can be set to an empty string to disable prefixing',
    ],
    [
      'with a claim and an expression',
      withMapping({ username: { claim: 'sub', expression: 'claims.sub' } }),
      "claim and expression can't both be set",
    ],
    [
      'with an expression that is none',
      withMapping({ username: { expression: 'claims.' } }),
      'username.expression: Invalid value: "claims.": compilation failed: ERROR',
    ],
    [
      'with mail that nobody verified',
      withMapping({ username: { expression: 'claims.email' } }),
      'claims.email_verified must be used',
    ],
    [
      'with an extra key of Kubernetes',
      withMapping({ ...byClaim, extra: [{ key: 'a.kubernetes.io/b', valueExpression: '"x"' }] }),
      'are reserved for Kubernetes use',
    ],
    [
      'with an extra key that is no path',
      withMapping({ ...byClaim, extra: [{ key: 'scope', valueExpression: '"x"' }] }),
      'must be a domain-prefixed path',
    ],
    [
      'with an empty rule',
      rules({}),
      'claimValidationRules[0]: Required value: claim or expression is required',
    ],
    ['with a rule that is no condition', rules({ expression: '"yes"' }), 'must evaluate to bool'],
    [
      'with a rule twice',
      rules({ expression: 'true' }, { expression: 'true' }),
      'claimValidationRules[1].expression: Duplicate value',
    ],
    [
      'with a user rule over fields that are not there',
      withMapping(byClaim, { userValidationRules: [{ expression: "user.name == 'x'" }] }),
      'undefined field',
    ],
  ])('%s', (_what, entry, fault) => {
    expect(() => parse([entry])).toThrow(fault);
  });

  test('with one issuer twice', () => {
    expect(() => parse([withIssuer({}), withIssuer({})])).toThrow(
      'jwt[1].issuer.url: Duplicate value: "https://issuer.example.com"',
    );
  });

  test('with conditions for nobody', () => {
    expect(() => parse([], { anonymous: { enabled: false, conditions: [{ path: '/livez' }] } })).toThrow(
      'enabled should be set to true when conditions are defined',
    );
  });
});

describe('the flags', () => {
  const flags = { oidcIssuerUrl: 'https://issuer.example.com', oidcClientId: 'app' };

  test('say nothing when none is set', () => {
    expect(issuerOfFlags({})).toBeUndefined();
  });

  test.each<[string, object, object]>([
    ['a subject, told apart by its issuer', {}, { claim: 'sub', prefix: 'https://issuer.example.com#' }],
    ['an address of mail, as it is', { oidcUsernameClaim: 'email' }, { claim: 'email', prefix: '' }],
    ['anything with a prefix', { oidcUsernamePrefix: 'oidc:' }, { claim: 'sub', prefix: 'oidc:' }],
    ['anything without', { oidcUsernamePrefix: '-' }, { claim: 'sub', prefix: '' }],
  ])('make a user name of %s', (_what, more, username) => {
    expect(issuerOfFlags({ ...flags, ...more })?.mapping.username).toEqual(username);
  });

  test.each<[object, string]>([
    [{ oidcClientId: 'app' }, 'oidc-issuer-url and oidc-client-id must be specified together'],
    [{ ...flags, oidcIssuerUrl: 'http://x' }, 'URL scheme must be https'],
    [{ ...flags, oidcSigningAlgs: ['none'] }, 'unsupported signing alg: "none"'],
    [{ ...flags, oidcSigningAlgs: ['HS256'] }, 'unsupported signing alg: "HS256"'],
  ])('%j are refused', (given, fault) => {
    expect(() => issuerOfFlags(given)).toThrow(fault);
  });
});
