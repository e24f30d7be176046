/** Why a call to a webhook or an aggregated server came to nothing, in the words that people search for. */
import { isIP } from 'node:net';
import { isApiError } from '@skerry/api';
import { describeError } from '@skerry/base';

/** A call that was made and not answered as it should be. */
export class CallFailure extends Error {
  override readonly name = 'CallFailure';
  /** HTTP status that stands for it in metrics and answers. */
  readonly code: number;

  constructor(message: string, { code = 503, cause }: { code?: number; cause?: unknown } = {}) {
    super(message, { cause });
    this.code = code;
  }
}

const certificateFaults: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'certificate signed by unknown authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'certificate signed by unknown authority',
  UNABLE_TO_GET_ISSUER_CERT: 'certificate signed by unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'certificate signed by unknown authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'certificate signed by unknown authority',
  CERT_HAS_EXPIRED: 'certificate has expired or is not yet valid',
  CERT_NOT_YET_VALID: 'certificate has expired or is not yet valid',
};

/** What a connection's failure is called. */
export function connectionFault(error: unknown): string {
  if (isApiError(error)) return error.message;
  const fault = (error ?? {}) as NodeJS.ErrnoException & {
    address?: string;
    port?: number;
    hostname?: string;
    host?: string;
    cert?: { subjectaltname?: string };
  };
  const of = certificateFaults[fault.code ?? ''];
  if (of) return `tls: failed to verify certificate: x509: ${of}`;
  switch (fault.code) {
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `tls: failed to verify certificate: x509: ${nameFault(fault)}`;
    case 'ECONNREFUSED':
      return `dial tcp ${placeOf(fault)}connect: connection refused`;
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `dial tcp ${placeOf(fault)}connect: no route to host`;
    case 'ENOTFOUND':
      return `dial tcp: lookup ${fault.hostname ?? ''}: no such host`;
    case 'ECONNRESET':
      return /hang up|before secure TLS/.test(fault.message) ? 'EOF' : 'read: connection reset by peer';
    default:
      return describeError(error);
  }
}

function placeOf({ address, port }: { address?: string; port?: number }): string {
  return address === undefined ? '' : `${address}:${port}: `;
}

function nameFault({ host = '', cert }: { host?: string; cert?: { subjectaltname?: string } }): string {
  const names = (cert?.subjectaltname ?? '').split(', ').filter(Boolean);
  const valid = (kind: string) =>
    names.filter((name) => name.startsWith(kind)).map((name) => name.slice(name.indexOf(':') + 1));
  const address = isIP(host) !== 0;
  const fitting = address ? valid('IP Address:') : valid('DNS:');
  if (fitting.length > 0) return `certificate is valid for ${fitting.join(', ')}, not ${host}`;
  return address
    ? `cannot validate certificate for ${host} because it doesn't contain any IP SANs`
    : `certificate is not valid for any names, but wanted to match ${host}`;
}

/** What is made of an answer that is no success, as client libraries word it. */
export function answerFault(code: number, text: string): string {
  switch (code) {
    case 400:
      return 'the server rejected our request for an unknown reason';
    case 401:
      return 'the server has asked for the client to provide credentials';
    case 403:
    case 415:
      return text;
    case 404:
      return 'the server could not find the requested resource';
    case 405:
      return 'the server does not allow this method on the requested resource';
    case 406:
      return text || 'the server was unable to respond with a content type that the client supports';
    case 409:
      return 'the server reported a conflict';
    case 422:
      return 'the server rejected our request due to an error in our request';
    case 429:
      return 'the server has received too many requests and has asked us to try again later';
    case 503:
      return 'the server is currently unable to handle the request';
    case 504:
      return 'the server was unable to return a response in the time allotted, but may still be processing the request';
    default:
      return code >= 500
        ? `an error on the server (${JSON.stringify(text || 'unknown')}) has prevented the request from succeeding`
        : `the server responded with the status code ${code} but did not return more information`;
  }
}
