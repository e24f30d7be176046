/**
 * Whose tokens are accepted: an AuthenticationConfiguration (apiserver.config.k8s.io), as `--authentication-config` names
 * it, or the older flags, which say the same of one issuer.
 * https://kubernetes.io/docs/reference/access-authn-authz/authentication/#using-authentication-configuration
 *
 * Left out: distributed claims, and egress selectors, of which this server has none.
 */
import { X509Certificate } from 'node:crypto';
import { SkerryError } from '@skerry/base';
import { ConfigurationFile, type Field } from '#configuration-file.ts';
import type { ClaimMapping, Mapping, Rule } from '#oidc/claim-mapping.ts';
import { compileExpression, type Expression } from '#oidc/expression.ts';
import { type SignatureAlgorithm, signatureAlgorithms } from '@skerry/pki';

export interface JwtIssuer {
  readonly url: string;
  readonly discoveryUrl?: string;
  readonly authorityPem?: string;
  /** A token must be for one of these. */
  readonly audiences: readonly string[];
  readonly algorithms: readonly SignatureAlgorithm[];
  readonly mapping: ClaimMapping;
}

export interface AuthenticationSettings {
  readonly issuers: readonly JwtIssuer[];
  /** Unset: everyone without credentials is anonymous, everywhere. */
  readonly anonymous?: { readonly enabled: boolean; readonly paths: readonly string[] };
}

const issuersMax = 64;
const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const domainPrefixedPath = new RegExp(`^${label}(\\.${label})*/.+$`);

/** `ownIssuer`: the server's own tokens are none of a foreign issuer. Fails with `config-invalid`. */
export function parseAuthenticationConfiguration(
  text: string,
  source: string,
  { ownIssuer }: { readonly ownIssuer: string },
): AuthenticationSettings {
  const file = new ConfigurationFile(text, source, {
    apiVersions: ['apiserver.config.k8s.io/v1', 'apiserver.config.k8s.io/v1beta1'],
    kind: 'AuthenticationConfiguration',
  });
  const { root } = file;
  root.allow('apiVersion', 'kind', 'jwt', 'anonymous');
  const entries = root.list('jwt');
  if (entries.length > issuersMax) root.at('jwt').fault(`Too many: must have at most ${issuersMax} items`);
  const issuers = entries.slice(0, issuersMax).map((entry) => parseIssuer(entry, ownIssuer));
  refuseTwice(entries, ['issuer', 'url']);
  refuseTwice(entries, ['issuer', 'discoveryURL']);
  const anonymous = parseAnonymous(root.at('anonymous'));
  file.finish();
  return { issuers: issuers.filter((issuer) => issuer !== undefined), ...(anonymous ? { anonymous } : {}) };
}

function parseIssuer(entry: Field, ownIssuer: string): JwtIssuer | undefined {
  entry.allow('issuer', 'claimValidationRules', 'claimMappings', 'userValidationRules');
  const issuer = entry.at('issuer');
  issuer.allow(
    'url',
    'discoveryURL',
    'certificateAuthority',
    'audiences',
    'audienceMatchPolicy',
    'egressSelectorType',
  );
  const url = parseUrl(issuer, 'url', ownIssuer);
  const discoveryUrl = issuer.string('discoveryURL') ? parseUrl(issuer, 'discoveryURL') : undefined;
  if (discoveryUrl && url && withoutSlash(discoveryUrl) === withoutSlash(url)) {
    issuer.at('discoveryURL').invalid(discoveryUrl, 'discoveryURL must be different from URL');
  }
  const authorityPem = issuer.string('certificateAuthority');
  if (authorityPem) checkAuthority(issuer.at('certificateAuthority'), authorityPem);
  if (issuer.string('egressSelectorType')) {
    issuer.at('egressSelectorType').fault('this server has no egress selectors');
  }
  const audiences = parseAudiences(issuer);
  const mapping = parseMapping(entry);
  if (!url || !mapping) return undefined;
  return {
    url,
    ...(discoveryUrl ? { discoveryUrl } : {}),
    ...(authorityPem ? { authorityPem } : {}),
    audiences,
    algorithms: signatureAlgorithms,
    mapping,
  };
}

function parseUrl(issuer: Field, key: string, ownIssuer?: string): string | undefined {
  const field = issuer.at(key);
  const text = issuer.string(key);
  if (!text) {
    field.required('');
    return undefined;
  }
  if (text === ownIssuer) field.invalid(text, `URL must not overlap with disallowed issuers: [${ownIssuer}]`);
  for (const fault of urlFaults(text)) field.invalid(text, fault);
  return text;
}

function urlFaults(text: string): string[] {
  const url = URL.parse(text);
  if (!url) return ['must be a URL'];
  return [
    ...(url.protocol === 'https:' ? [] : ['URL scheme must be https']),
    ...(url.username || url.password ? ['URL must not contain a username or password'] : []),
    ...(url.search ? ['URL must not contain a query'] : []),
    ...(url.hash ? ['URL must not contain a fragment'] : []),
  ];
}

function checkAuthority(field: Field, pem: string): void {
  try {
    const certificate = new X509Certificate(pem);
    if (!certificate.subject && !certificate.issuer) field.invalid('<omitted>', 'it names nobody');
  } catch {
    field.invalid('<omitted>', 'data does not contain any valid RSA or ECDSA certificates');
  }
}

function parseAudiences(issuer: Field): string[] {
  const audiences = issuer.strings('audiences');
  const field = issuer.at('audiences');
  const policy = issuer.string('audienceMatchPolicy') ?? '';
  const policyField = issuer.at('audienceMatchPolicy');
  if (audiences.length === 0) field.required(`at least one ${field.path} is required`);
  audiences.forEach((audience, index) => {
    if (audience === '') field.at(index).required('');
    if (audiences.indexOf(audience) < index) {
      field.at(index).fault(`Duplicate value: ${JSON.stringify(audience)}`);
    }
  });
  if (audiences.length > 1 && policy !== 'MatchAny') {
    policyField.invalid(policy, 'audienceMatchPolicy must be MatchAny for multiple audiences');
  } else if (policy !== '' && policy !== 'MatchAny') {
    policyField.invalid(policy, 'audienceMatchPolicy must be empty or MatchAny for single audience');
  }
  return audiences;
}

function parseMapping(entry: Field): ClaimMapping | undefined {
  const { requiredClaims, claimRules } = parseClaimRules(entry);
  const mappings = entry.at('claimMappings');
  mappings.allow('username', 'groups', 'uid', 'extra');
  const username = parsePrefixed(mappings.at('username'), { required: true });
  const groups = parsePrefixed(mappings.at('groups'), { required: false });
  const uid = parseUid(mappings.at('uid'));
  const extra = parseExtra(mappings);
  const userRules = parseUserRules(entry);
  checkVerifiedEmail(mappings, username, [...extra, ...claimRules]);
  if (!username) return undefined;
  return {
    username,
    ...(groups ? { groups } : {}),
    ...(uid ? { uid } : {}),
    extra,
    requiredClaims,
    claimRules,
    userRules,
  };
}

function parsePrefixed(field: Field, { required }: { readonly required: boolean }): Mapping | undefined {
  field.allow('claim', 'prefix', 'expression');
  const claim = field.string('claim');
  const prefix = field.string('prefix');
  const text = field.string('expression');
  if (claim && text) field.invalid('', "claim and expression can't both be set");
  else if (!claim && !text) {
    if (required) field.required('claim or expression is required');
  } else if (text) {
    if (prefix !== undefined)
      field.at('prefix').invalid(prefix, 'may not be specified when expression is set');
    const expression = compileExpression(field.at('expression'), { over: 'claims', result: 'any' });
    return expression && { expression };
  } else if (prefix === undefined) {
    field
      .at('prefix')
      .required(
        'prefix is required when claim is set. It can be set to an empty string to disable prefixing',
      );
  } else if (claim) return { claim, prefix };
  return undefined;
}

function parseUid(field: Field): ClaimMapping['uid'] {
  field.allow('claim', 'expression');
  const claim = field.string('claim');
  const text = field.string('expression');
  if (claim && text) field.invalid('', "claim and expression can't both be set");
  if (claim) return { claim };
  if (!text) return undefined;
  const expression = compileExpression(field.at('expression'), { over: 'claims', result: 'any' });
  return expression && { expression };
}

function parseExtra(mappings: Field): { key: string; expression: Expression }[] {
  const seen = new Set<string>();
  return mappings.list('extra').flatMap((field) => {
    field.allow('key', 'valueExpression');
    const key = field.string('key') ?? '';
    const at = field.at('key');
    const [domain = ''] = key.split('/');
    if (!domainPrefixedPath.test(key.toLowerCase())) {
      at.invalid(key, 'must be a domain-prefixed path (such as "acme.io/foo")');
    }
    if (key !== key.toLowerCase()) at.invalid(key, 'must be lowercase');
    if (/(^|\.)(kubernetes|k8s)\.io$/.test(domain)) {
      at.invalid(key, 'k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use');
    }
    if (seen.has(key)) at.fault(`Duplicate value: ${JSON.stringify(key)}`);
    seen.add(key);
    if (!field.string('valueExpression')) {
      field.at('valueExpression').required('');
      return [];
    }
    const expression = compileExpression(field.at('valueExpression'), { over: 'claims', result: 'any' });
    return expression ? [{ key, expression }] : [];
  });
}

function parseClaimRules(entry: Field): { requiredClaims: Record<string, string>; claimRules: Rule[] } {
  const requiredClaims: Record<string, string> = {};
  const claimRules: Rule[] = [];
  const seen = new Set<string>();
  for (const field of entry.list('claimValidationRules')) {
    field.allow('claim', 'requiredValue', 'expression', 'message');
    const claim = field.string('claim');
    const text = field.string('expression');
    const message = field.string('message') ?? '';
    const value = field.string('requiredValue') ?? '';
    if (claim && text) field.invalid(claim, "claim and expression can't both be set");
    else if (!claim && !text) field.required('claim or expression is required');
    else if (claim) {
      if (message) field.at('message').invalid(message, 'may not be specified when claim is set');
      if (Object.hasOwn(requiredClaims, claim)) {
        field.at('claim').fault(`Duplicate value: ${JSON.stringify(claim)}`);
      }
      requiredClaims[claim] = value;
    } else if (text) {
      if (value) field.at('requiredValue').invalid(value, 'may not be specified when expression is set');
      const expression = ruleExpression(field, 'claims', seen);
      if (expression) claimRules.push({ expression, message });
    }
  }
  return { requiredClaims, claimRules };
}

function parseUserRules(entry: Field): Rule[] {
  const seen = new Set<string>();
  return entry.list('userValidationRules').flatMap((field) => {
    field.allow('expression', 'message');
    if (!field.string('expression')) {
      field.at('expression').required('');
      return [];
    }
    const expression = ruleExpression(field, 'user', seen);
    return expression ? [{ expression, message: field.string('message') ?? '' }] : [];
  });
}

function ruleExpression(field: Field, over: 'claims' | 'user', seen: Set<string>): Expression | undefined {
  const at = field.at('expression');
  const text = at.value as string;
  if (seen.has(text)) {
    at.fault(`Duplicate value: ${JSON.stringify(text)}`);
    return undefined;
  }
  seen.add(text);
  return compileExpression(at, { over, result: 'bool' });
}

/** Whoever takes an address of mail for a name must have looked whether it is its owner's. */
function checkVerifiedEmail(
  mappings: Field,
  username: Mapping | undefined,
  others: readonly { readonly expression: Expression }[],
): void {
  if (!username || !('expression' in username)) return;
  const { text } = username.expression;
  const verifies = [text, ...others.map(({ expression }) => expression.text)].some((each) =>
    /\bclaims\s*(\.\s*\??\s*email_verified\b|\[\s*["']email_verified["'])/.test(each),
  );
  if (verifies || !/\bclaims\s*(\.\s*\??\s*email\b|\[\s*["']email["'])/.test(text)) return;
  mappings
    .at('username')
    .at('expression')
    .invalid(
      text,
      'claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression',
    );
}

function parseAnonymous(field: Field): AuthenticationSettings['anonymous'] {
  if (field.value === undefined || field.value === null) return undefined;
  field.allow('enabled', 'conditions');
  const enabled = field.boolean('enabled') ?? false;
  const paths = field.list('conditions').map((condition) => {
    condition.allow('path');
    return condition.string('path') ?? '';
  });
  if (!enabled && paths.length > 0) {
    field.at('conditions').invalid(paths, 'enabled should be set to true when conditions are defined');
  }
  return { enabled, paths };
}

function refuseTwice(entries: readonly Field[], path: readonly string[]): void {
  const seen = new Set<unknown>();
  for (const entry of entries) {
    const field = path.reduce((at, key) => at.at(key), entry);
    if (field.value === undefined || field.value === '') continue;
    if (seen.has(field.value)) field.fault(`Duplicate value: ${JSON.stringify(field.value)}`);
    seen.add(field.value);
  }
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}

/** What the flags `--oidc-*` say; names as there. */
export interface OidcFlags {
  readonly oidcIssuerUrl?: string;
  readonly oidcClientId?: string;
  readonly oidcUsernameClaim?: string;
  readonly oidcUsernamePrefix?: string;
  readonly oidcGroupsClaim?: string;
  readonly oidcGroupsPrefix?: string;
  readonly oidcRequiredClaim?: Readonly<Record<string, string>>;
  readonly oidcSigningAlgs?: readonly string[];
}

/** The issuer of the flags; undefined when none is set. `authorityPem` is what `--oidc-ca-file` names. Fails with `config-invalid`. */
export function issuerOfFlags(flags: OidcFlags, authorityPem?: string): JwtIssuer | undefined {
  if (Object.values(flags).every((value) => value === undefined) && authorityPem === undefined)
    return undefined;
  const { oidcIssuerUrl: url, oidcClientId: audience, oidcUsernameClaim: claim = 'sub' } = flags;
  const refuse = (why: string) => new SkerryError('config-invalid', why);
  if (!url || !audience) {
    throw refuse(
      'oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set',
    );
  }
  const [urlFault] = urlFaults(url);
  if (urlFault) throw refuse(`--oidc-issuer-url: Invalid value: ${JSON.stringify(url)}: ${urlFault}`);
  const algorithms = (flags.oidcSigningAlgs ?? ['RS256']).map((name) => {
    const known = signatureAlgorithms.find((each) => each === name);
    if (!known) throw refuse(`--oidc-signing-algs: unsupported signing alg: ${JSON.stringify(name)}`);
    return known;
  });
  return {
    url,
    ...(authorityPem === undefined ? {} : { authorityPem }),
    audiences: [audience],
    algorithms,
    mapping: {
      username: { claim, prefix: usernamePrefix(flags.oidcUsernamePrefix, claim, url) },
      ...(flags.oidcGroupsClaim
        ? { groups: { claim: flags.oidcGroupsClaim, prefix: flags.oidcGroupsPrefix ?? '' } }
        : {}),
      extra: [],
      requiredClaims: flags.oidcRequiredClaim ?? {},
      claimRules: [],
      userRules: [],
    },
  };
}

/** Without one, names of different issuers are kept apart by the issuer's address; addresses of mail are apart by themselves. */
function usernamePrefix(given: string | undefined, claim: string, url: string): string {
  if (given === '-') return '';
  if (given) return given;
  return claim === 'email' ? '' : `${url}#`;
}
