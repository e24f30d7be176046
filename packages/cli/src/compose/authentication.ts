import {
  type AuthenticationSettings,
  issuerOfFlags,
  type OidcFlags,
  parseAuthenticationConfiguration,
} from '@skerry/apiserver';
import { SkerryError } from '@skerry/base';
import { readConfigurationFile } from './configuration-file.ts';
import type { ServerConfig } from './server-config.ts';

/** Whose tokens are accepted beside the cluster's own: as the named file has it, or the flags of one issuer. Fails with `config-invalid`. */
export function authenticationSettings(
  config: ServerConfig,
  { ownIssuer }: { readonly ownIssuer: string },
): AuthenticationSettings | undefined {
  const authority = config.oidcCaFile === undefined ? undefined : readConfigurationFile(config.oidcCaFile);
  const issuer = issuerOfFlags(flagsOf(config), authority);
  const path = config.authenticationConfig;
  if (path === undefined) return issuer && { issuers: [issuer] };
  if (issuer) {
    throw new SkerryError(
      'config-invalid',
      'authentication-config file and oidc-* flags are mutually exclusive',
    );
  }
  return parseAuthenticationConfiguration(readConfigurationFile(path), path, { ownIssuer });
}

function flagsOf(config: ServerConfig): OidcFlags {
  return {
    oidcIssuerUrl: config.oidcIssuerUrl,
    oidcClientId: config.oidcClientId,
    oidcUsernameClaim: config.oidcUsernameClaim,
    oidcUsernamePrefix: config.oidcUsernamePrefix,
    oidcGroupsClaim: config.oidcGroupsClaim,
    oidcGroupsPrefix: config.oidcGroupsPrefix,
    oidcRequiredClaim: config.oidcRequiredClaim,
    oidcSigningAlgs: config.oidcSigningAlgs,
  };
}
