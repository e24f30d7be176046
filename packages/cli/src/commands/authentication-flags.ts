import type { Command } from 'commander';
import { keyValues, list } from './common-flags.ts';

/** Whose tokens are accepted, under the names of kube-apiserver's flags. */
export function withAuthenticationFlags(command: Command): Command {
  return command
    .optionsGroup('Tokens and users:')
    .option(
      '--service-account-issuer <list>',
      'issuer of ServiceAccount tokens; tokens of further ones in the list are accepted too',
      list,
    )
    .option('--service-account-jwks-uri <url>', 'where others fetch the keys of those tokens')
    .option(
      '--authentication-config <path>',
      'AuthenticationConfiguration that says which issuers of tokens are accepted; instead of --oidc-*',
    )
    .option('--oidc-issuer-url <url>', 'issuer of OpenID Connect whose tokens are accepted')
    .option('--oidc-client-id <id>', 'audience that those tokens must be for')
    .option('--oidc-username-claim <claim>', 'claim that holds the user name (default sub)')
    .option('--oidc-username-prefix <prefix>', 'put before it; - for none (default the issuer and #)')
    .option('--oidc-groups-claim <claim>', 'claim that holds the groups')
    .option('--oidc-groups-prefix <prefix>', 'put before each group')
    .option(
      '--oidc-required-claim <list>',
      'claims that must be there, as claim=value,claim=value',
      keyValues,
    )
    .option('--oidc-signing-algs <list>', 'algorithms that tokens may be signed by (default RS256)', list)
    .option('--oidc-ca-file <path>', "authority of the issuer's own certificate; the machine's unless told");
}
