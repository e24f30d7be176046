import {
  type AuthenticationSettings,
  type FollowedAuthentication,
  issuerOfFlags,
  type OidcFlags,
  parseAuthenticationConfiguration,
} from '@skerry/apiserver';
import { type MetricRegistry, type Clock, describeError, type Logger, SkerryError } from '@skerry/base';
import { readConfigurationFile } from './configuration-file.ts';
import { followFile } from './follow-file.ts';
import { Reloads } from './reloads.ts';
import type { ServerConfig } from './server-config.ts';

const fileFlag = '--authentication-config';

export interface AuthenticationParts {
  readonly settings: AuthenticationSettings | FollowedAuthentication | undefined;
  measure(metrics: MetricRegistry): void;
  /** Follows the file until the signal. */
  run(signal: AbortSignal): Promise<void>;
}

/**
 * Whose tokens are accepted: as `authenticationSettings` has it; where that is a file, what it says is taken up while the
 * server runs, and a file that is wrong changes nothing.
 */
export function openAuthentication(
  config: ServerConfig,
  { ownIssuer, clock, log }: { readonly ownIssuer: string; readonly clock: Clock; readonly log: Logger },
): AuthenticationParts {
  const path = config.authenticationConfig;
  const settings = authenticationSettings(config, { ownIssuer });
  if (path === undefined || !settings)
    return { settings, measure: () => undefined, run: () => Promise.resolve() };
  const text = readConfigurationFile(path, fileFlag);
  const reloads = new Reloads();
  const listeners: (() => void)[] = [];
  let current = settings;
  return {
    settings: {
      get current() {
        return current;
      },
      onChange: (listener) => void listeners.push(listener),
    },
    measure(metrics) {
      reloads.measure(metrics, {
        name: 'apiserver_authentication_config_controller_automatic_reloads_total',
        help: 'Reloads of the authentication configuration, by how they went.',
      });
    },
    run: (signal) =>
      followFile(
        { path, flag: fileFlag, text, clock, signal },
        (next) => {
          current = parseAuthenticationConfiguration(next, path, { ownIssuer });
          for (const listener of listeners) listener();
          reloads.succeeded();
          log.info('authentication configuration reloaded', { path });
        },
        (error) => {
          reloads.failed();
          log.error('authentication configuration not reloaded', { path, error: describeError(error) });
        },
      ),
  };
}

/** Whose tokens are accepted beside the cluster's own: as the named file has it, or the flags of one issuer. Fails with `config-invalid`. */
export function authenticationSettings(
  config: ServerConfig,
  { ownIssuer }: { readonly ownIssuer: string },
): AuthenticationSettings | undefined {
  const { oidcCaFile } = config;
  const authority =
    oidcCaFile === undefined ? undefined : readConfigurationFile(oidcCaFile, '--oidc-ca-file');
  const issuer = issuerOfFlags(flagsOf(config), authority);
  const path = config.authenticationConfig;
  if (path === undefined) return issuer && { issuers: [issuer] };
  if (issuer) {
    throw new SkerryError(
      'config-invalid',
      'authentication-config file and oidc-* flags are mutually exclusive',
    );
  }
  return parseAuthenticationConfiguration(readConfigurationFile(path, fileFlag), path, { ownIssuer });
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
