/**
 * The first contact with a cluster that nothing is known of but the hash of its authority's key.
 *
 * Promises: the answer of a server that can't show that key is never used. The document is fetched over a connection that
 * is not verified; an authority in it counts only if its key has the pinned hash, and the caller then connects anew,
 * verified against that authority alone. Whatever stands between can at most make the join fail.
 */
import { request } from 'node:https';
import { isIP } from 'node:net';
import { type Clock, SkerryError } from '@skerry/base';
import { decodePem, encodePem, hashCertificateKey } from '@skerry/pki';
import { parse } from 'yaml';
import { requestThrough } from '#join/proxy.ts';

export interface CenterAddress {
  readonly host: string;
  readonly port: number;
  /** `host:port`, an IPv6 address in brackets. */
  readonly text: string;
}

const defaultPort = 6443;
const timeoutMs = 15_000;
const bodyLengthMax = 1 << 20;
const clockDifferenceMaxMs = 5 * 60_000;
const path = '/api/v1/namespaces/kube-public/configmaps/cluster-info';

/** `host`, `host:port`, `[v6]:port` or an `https://` URL of those. Throws `usage`. */
export function parseAddress(text: string): CenterAddress {
  const plain = text
    .trim()
    .replace(/^https:\/\//, '')
    .replace(/\/$/, '');
  const bare = isIP(plain) === 6 ? `[${plain}]` : plain;
  const match = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?$/.exec(bare);
  const port = Number(match?.[2] ?? defaultPort);
  const host = match?.[1]?.replace(/^\[|\]$/g, '');
  if (!host || port < 1 || port > 65_535) {
    throw new SkerryError(
      'usage',
      `${JSON.stringify(text)} is no address of a center; give a host or host:port, such as 203.0.113.5:6443`,
    );
  }
  return { host, port, text: `${isIP(host) === 6 ? `[${host}]` : host}:${port}` };
}

/** The authority (PEM) behind the pinned hash. Throws `address-unreachable`, `clock-off`, `not-a-center`, `authority-mismatch`. */
export async function fetchAuthority(options: {
  readonly address: CenterAddress;
  /** `sha256:<hex>` from the join token. */
  readonly authorityHash: string;
  readonly proxy?: string | undefined;
  readonly clock: Clock;
}): Promise<string> {
  const { address, authorityHash, proxy, clock } = options;
  const { status, body, date } = await askClusterInfo(address, proxy);
  if (date !== undefined) requireClock(Date.parse(date), clock.now());
  if (status !== 200) {
    throw new SkerryError(
      'not-a-center',
      `${address.text} answered ${status} where a Skerry center publishes its cluster-info; is this the address of the center's API?`,
    );
  }
  const authority = authoritiesIn(body).find((pem) => hashCertificateKey(pem) === authorityHash);
  if (authority !== undefined) return authority;
  throw new SkerryError(
    'authority-mismatch',
    `the server at ${address.text} is not the cluster this token was made for: its authority's key does not have the hash in the token (${authorityHash}). ` +
      'Check the address, and that nothing between this machine and the center intercepts TLS',
  );
}

/** Throws `clock-off` when this machine's clock and the center's are more than five minutes apart. */
export function requireClock(theirsMs: number, oursMs: number): void {
  const differenceMs = oursMs - theirsMs;
  if (Number.isNaN(differenceMs) || Math.abs(differenceMs) <= clockDifferenceMaxMs) return;
  const seconds = Math.round(Math.abs(differenceMs) / 1_000);
  throw new SkerryError(
    'clock-off',
    `this machine's clock is ${seconds} s ${differenceMs > 0 ? 'ahead of' : 'behind'} the center's (here ${new Date(oursMs).toISOString()}, there ${new Date(theirsMs).toISOString()}); set it right, for example with chrony, and join again`,
  );
}

function authoritiesIn(body: string): string[] {
  try {
    const document = JSON.parse(body) as { data?: { kubeconfig?: string } };
    const kubeconfig = parse(document.data?.kubeconfig ?? '') as {
      clusters?: { cluster?: { 'certificate-authority-data'?: string } }[];
    } | null;
    return (kubeconfig?.clusters ?? []).flatMap(({ cluster }) => {
      const text = Buffer.from(cluster?.['certificate-authority-data'] ?? '', 'base64').toString('utf8');
      return decodePem(text, 'CERTIFICATE').map((der) => encodePem(der, 'CERTIFICATE'));
    });
  } catch {
    // Not the document we look for: no authority in it.
    return [];
  }
}

export interface ClusterInfoAnswer {
  readonly status: number;
  readonly body: string;
  readonly date?: string;
}

/** The document as whoever answers there gives it: nothing of it is verified. Throws `address-unreachable`. */
export async function askClusterInfo(
  { host, port, text }: CenterAddress,
  proxy?: string,
): Promise<ClusterInfoAnswer> {
  const through = await requestThrough(proxy, { host, port });
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => reject(unreachable(text, error));
    const outgoing = request(
      // Not verified on purpose: the answer counts only if it holds the pinned key.
      {
        host,
        port,
        path,
        timeout: timeoutMs,
        rejectUnauthorized: false,
        agent: false,
        ...through,
      },
      (response) => {
        const chunks: Buffer[] = [];
        let length = 0;
        response.on('data', (chunk: Buffer) => {
          length += chunk.length;
          if (length > bodyLengthMax) outgoing.destroy(new Error('the answer is longer than 1 MiB'));
          else chunks.push(chunk);
        });
        response.on('error', fail);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            body: Buffer.concat(chunks).toString('utf8'),
            ...(response.headers.date ? { date: response.headers.date } : {}),
          }),
        );
      },
    );
    outgoing.on('timeout', () =>
      outgoing.destroy(Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' })),
    );
    outgoing.on('error', fail);
    outgoing.end();
  });
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there; is `skerry server` running, and is the port right?',
  ENOTFOUND: 'its name is not known to DNS',
  EAI_AGAIN: 'DNS does not answer on this machine',
  ETIMEDOUT: 'i/o timeout; a firewall, an access list or a route may be in the way',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to its network',
  ECONNRESET: 'the connection was closed; a firewall may be in the way',
  EPROTO: 'what listens there does not speak TLS',
};

export function unreachable(address: string, error: NodeJS.ErrnoException): SkerryError {
  const code = error.code ?? '';
  const why = reasons[code] ?? (code.startsWith('ERR_SSL') ? reasons['EPROTO'] : error.message);
  return new SkerryError('address-unreachable', `cannot reach the center at ${address}: ${why}`, {
    cause: error,
  });
}
