/**
 * Signs ServiceAccount tokens and publishes what others need to check them.
 * Claims: https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens
 *
 * A request for exactly 3607 seconds comes from the volume that admission adds to every pod. Such a token lives one year
 * and carries `warnafter`, as stock servers do for clients that read their token only once; on a node without a link it is
 * what lets a pod go on. The caller is told the short time, so that it renews early.
 */
import { randomUUID } from 'node:crypto';
import { badRequest, invalid } from '@skerry/api';
import type { Clock } from '@skerry/base';
import type { ServiceAccountKey } from '@skerry/pki';
import { signJwt } from '#signing/jwt.ts';
import type { TokenIssuer } from '#security.ts';

export const podTokenSeconds = 3_607;
const extendedSeconds = 365 * 24 * 3_600;
const defaultSeconds = 3_600;
const secondsMin = 600;
const secondsMax = 2 ** 32;
const audiencesMax = 32;

export interface TokenIssuerOptions {
  readonly clock: Clock;
  /** URL of the `iss` claim. */
  readonly issuer: string;
  /** Below the issuer unless told. */
  readonly jwksUri?: string;
  /** What a token is for when the request names nothing; a token for one of these is good for the API server. */
  readonly audiences: readonly string[];
  readonly key: ServiceAccountKey;
  /** Older keys whose tokens are still accepted. */
  readonly formerKeys?: readonly ServiceAccountKey[];
}

export function createTokenIssuer(options: TokenIssuerOptions): TokenIssuer {
  const { clock, issuer, key, formerKeys = [] } = options;
  return {
    async issue(request) {
      const asked = request.expirationSeconds ?? defaultSeconds;
      checkDuration(request.serviceAccount.name, asked);
      const audiences = request.audiences?.length ? request.audiences : options.audiences;
      if (audiences.length > audiencesMax) throw badRequest(`more than ${audiencesMax} audiences`);
      const nowSeconds = Math.floor(clock.now() / 1_000);
      const forServer = audiences.every((audience) => options.audiences.includes(audience));
      const extended = asked === podTokenSeconds && forServer && request.bound?.kind === 'Pod';
      const { namespace, serviceAccount, bound, node } = request;
      const boundNode = bound?.kind === 'Node' ? bound : node;
      const claims = {
        iss: issuer,
        sub: `system:serviceaccount:${namespace}:${serviceAccount.name}`,
        aud: audiences,
        iat: nowSeconds,
        nbf: nowSeconds,
        exp: nowSeconds + (extended ? extendedSeconds : asked),
        jti: randomUUID(),
        'kubernetes.io': {
          namespace,
          serviceaccount: { name: serviceAccount.name, uid: serviceAccount.uid },
          ...(bound?.kind === 'Pod' ? { pod: { name: bound.name, uid: bound.uid } } : {}),
          ...(bound?.kind === 'Secret' ? { secret: { name: bound.name, uid: bound.uid } } : {}),
          ...(boundNode ? { node: { name: boundNode.name, uid: boundNode.uid } } : {}),
          ...(extended ? { warnafter: nowSeconds + asked } : {}),
        },
      };
      return {
        token: signJwt(key, claims),
        expirationTimestamp: new Date((nowSeconds + asked) * 1_000).toISOString().replace('.000Z', 'Z'),
        audiences,
        expirationSeconds: asked,
      };
    },
    openIdConfiguration: () => ({
      issuer,
      jwks_uri: options.jwksUri ?? `${issuer.replace(/\/$/, '')}/openid/v1/jwks`,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: [...new Set([key, ...formerKeys].map((each) => each.algorithm))],
    }),
    keySet: () => ({ keys: [key, ...formerKeys].map((each) => each.publicJwk) }),
  };
}

function checkDuration(name: string, seconds: number): void {
  const path = 'spec.expirationSeconds';
  const fault =
    seconds < secondsMin
      ? 'may not specify a duration less than 10 minutes'
      : seconds > secondsMax
        ? 'may not specify a duration larger than 2^32 seconds'
        : undefined;
  if (fault === undefined) return;
  throw invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, name, [
    { reason: 'FieldValueInvalid', path, message: `Invalid value: ${seconds}: ${fault}` },
  ]);
}
