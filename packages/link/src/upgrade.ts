/** The link as an HTTP Upgrade, for ways to the center on which TLS may carry HTTP/1.1 and nothing else. */
import http from 'node:http';
import type tls from 'node:tls';
import { SkerryError, describeError } from '@skerry/base';
import { linkProtocol } from '#protocol.ts';

/** What is asked for; the protocol's name says the rest. */
export const upgradePath = '/skerry-link';

/** Turns a fresh HTTP/1.1 connection, whose server was verified, into one that agreed on `linkProtocol`. */
export function upgradeToLink(
  secured: tls.TLSSocket,
  { host, timeoutMs, signal }: { host: string; timeoutMs: number; signal?: AbortSignal },
): Promise<tls.TLSSocket> {
  return new Promise((resolve, reject) => {
    const fail = (why: string, cause?: unknown) => {
      secured.on('error', () => undefined);
      secured.destroy();
      reject(new SkerryError('link-protocol', `upgrade to ${linkProtocol} at ${host}: ${why}`, { cause }));
    };
    const request = http.request({
      createConnection: () => secured,
      path: upgradePath,
      headers: { Host: host, Connection: 'Upgrade', Upgrade: linkProtocol },
      timeout: timeoutMs,
      signal,
    });
    request.once('timeout', () => request.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
    request.once('error', (error) => fail(describeError(error), error));
    request.once('response', ({ statusCode, statusMessage }) =>
      fail(`it answered ${statusCode} ${statusMessage ?? ''}`.trimEnd()),
    );
    request.once('upgrade', (answer, _socket, head) => {
      if (answer.headers.upgrade !== linkProtocol) {
        fail(`it offered ${answer.headers.upgrade}`);
        return;
      }
      secured.setTimeout(0);
      if (head.length > 0) secured.unshift(head);
      resolve(secured);
    });
    request.end();
  });
}
