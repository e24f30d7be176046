/**
 * What to paste on a machine that has nothing yet: it fetches a script from the center, verified by the center's key, and runs it. The
 * token goes in as standard input, never as an argument, where every user of the machine could read it; a here-document works in
 * every shell, and through sudo.
 */
import { SkerryError } from '@skerry/base';

/** Path of the script on the port of the center's API. */
export const joinScriptPath = '/join.sh';

export interface JoinLineOptions {
  /** `host:port` as machines dial it. */
  readonly center: string;
  /** `sha256//<base64>`, the key of the certificate there. */
  readonly pin: string;
  readonly pool?: string;
  readonly token: string;
}

/** Throws `join-line-unsafe` when a value holds what a shell would read. */
export function joinLine({ center, pin, pool, token }: JoinLineOptions): string {
  requireShellSafe(center, pin, token, ...(pool === undefined ? [] : [pool]));
  const fetch = `curl -fsSk --pinnedpubkey '${pin}' https://${center}${joinScriptPath} -o skerry-join.sh`;
  const flags = [...(pool === undefined ? [] : ['--pool', pool]), '--token-file', '/dev/stdin'];
  return `${fetch} && sh skerry-join.sh ${flags.join(' ')} <<'END'\n${token}\nEND\n`;
}

export function requireShellSafe(...values: readonly string[]): void {
  for (const value of values) {
    if (/^[\w.:+/=[\]-]+$/.test(value)) continue;
    throw new SkerryError(
      'join-line-unsafe',
      `${JSON.stringify(value)} can't stand in a script for a machine; look at --advertise`,
    );
  }
}
