/** Why a proxy made no tunnel, each with what can be done about it. */
import type { IncomingMessage } from 'node:http';
import { describeError } from '@skerry/base';

const trust =
  "its certificate is from no authority that this machine trusts: add the proxy's authority to the machine's (Debian: a .crt in /usr/local/share/ca-certificates, then update-ca-certificates)";

const faults: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there: is the proxy running, and is its port right?',
  ENOTFOUND: "the proxy's name is not known to DNS",
  EAI_AGAIN: "DNS does not answer on this machine, so the proxy's name is not known",
  ETIMEDOUT: 'the proxy does not answer: a firewall may be in the way, or it does not reach the center',
  EHOSTUNREACH: 'no route to the proxy',
  ENETUNREACH: "no route to the proxy's network",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: trust,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: trust,
  SELF_SIGNED_CERT_IN_CHAIN: trust,
  DEPTH_ZERO_SELF_SIGNED_CERT: trust,
  CERT_HAS_EXPIRED: "the proxy's certificate has expired, or the clock of this machine is wrong",
  CERT_NOT_YET_VALID: "the proxy's certificate is not valid yet, or the clock of this machine is wrong",
  ERR_TLS_CERT_ALTNAME_INVALID: "the proxy's certificate is for another name: name the proxy as it does",
};

/** There was no answer to understand. */
export function faultOf(error: unknown, { isTls }: { isTls: boolean }): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const known = faults[code];
  if (known) return known;
  if (code === 'ECONNRESET' || code === 'EPIPE')
    return `the proxy ended the connection without an answer: it may be stopping, or want to be spoken to ${isTls ? 'in the clear (http://host:port)' : 'over TLS (https://host:port)'}`;
  if (isTls && (code === 'EPROTO' || code.startsWith('ERR_SSL')))
    return 'it does not speak TLS there: give it as http://host:port';
  if (code.startsWith('HPE_'))
    return isTls
      ? 'what answers there is no HTTP proxy'
      : 'what answers there does not speak HTTP in the clear: a proxy that is spoken to over TLS is given as https://host:port';
  return describeError(error);
}

/** What the proxy answered to CONNECT, and what can be done about it. */
export function refusalOf(
  { statusCode: status = 0, statusMessage, headers }: IncomingMessage,
  { port, hasCredentials }: { port: number; hasCredentials: boolean },
): string {
  const answered = `it answered CONNECT with ${status} ${statusMessage ?? ''}`.trimEnd();
  return `${answered}; ${mendOf(status, { port, hasCredentials, offered: headers['proxy-authenticate'] })}`;
}

function mendOf(
  status: number,
  about: { port: number; hasCredentials: boolean; offered: string | string[] | undefined },
): string {
  const { port, hasCredentials, offered } = about;
  const atPort443 = port === 443 ? '' : ', or have the center reached at port 443';
  switch (status) {
    case 407:
      if (offered && !/\bbasic\b/i.test([offered].flat().join(' ')))
        return 'it takes no user and password (Basic), and Skerry speaks nothing else: put a local proxy that logs in to it between, or let this machine through without a login';
      return hasCredentials
        ? 'it does not take this user and password: check them (special characters as %40 and the like)'
        : 'it wants a login: give it as http://user:password@host:port in --proxy or HTTPS_PROXY';
    case 403:
      return `it does not allow a tunnel there: allow CONNECT to port ${port} in the proxy${atPort443}`;
    case 400:
    case 405:
    case 501:
      return 'it makes no tunnels, and the link is encrypted from end to end: allow CONNECT in the proxy, give another proxy in --proxy or HTTPS_PROXY, or name the center in NO_PROXY where there is a way without it';
    case 502:
    case 503:
    case 504:
      return 'the proxy itself does not reach the center: check the address of the center and that skerry server runs';
    default:
      return `check that the proxy allows CONNECT to port ${port}`;
  }
}
