/**
 * `skerry join`: this machine becomes a node of the cluster at an address. Everything that can be checked on the machine is
 * checked first; the center is trusted only by the key its token pins; files are written when all is known, so that a
 * failure at any step leaves the machine as it was.
 */
import { type Clock, type Logger, SkerryError } from '@skerry/base';
import { TransportError, createClient, createHttpTransport } from '@skerry/client';
import { bootstrapTokenOf, parseJoinToken } from '@skerry/pki';
import { type AgentTaint, writeAgentIdentity } from '#join/agent-config.ts';
import { type CenterAddress, fetchAuthority, parseAddress, unreachable } from '#join/cluster-info.ts';
import { explain, requestNodeCertificate, resolvePool } from '#join/node-certificate.ts';
import {
  type MachineSystem,
  requireNodeName,
  requireNotJoined,
  requireRuntime,
  requireSystem,
  requireWritable,
} from '#join/precondition.ts';
import { throughProxy } from '#join/proxy.ts';
import { version } from '#version.ts';

/** Shows steps to a person; `Report` of the terminal satisfies it. */
export interface JoinReport {
  step<T>(title: string, work: () => Promise<T>, detail?: (result: T) => string): Promise<T>;
}

export interface JoinOptions {
  /** `host` or `host:port` of the center. */
  readonly address: string;
  /** `<id>.<secret>.<hash>` */
  readonly token: string;
  /** The token's pool unless told. */
  readonly pool?: string;
  readonly nodeName: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly AgentTaint[];
  /** Socket of the container runtime, or `simulated`. */
  readonly runtimeEndpoint: string;
  readonly dataDirectory: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly report: JoinReport;
  /** `http://[user:password@]host:port` of a proxy by which the center is reached. */
  readonly proxy?: string | undefined;
  /** This process's machine unless told. */
  readonly system?: MachineSystem;
  /** Rejects where the machine lacks what a node needs. */
  readonly preflight?: () => Promise<void>;
}

export interface JoinResult {
  readonly nodeName: string;
  readonly pool: string | undefined;
  readonly server: string;
}

/** Throws a `SkerryError` with a code of its own for each thing that can be wrong; nothing is written then. */
export async function joinCluster(options: JoinOptions): Promise<JoinResult> {
  const { nodeName, dataDirectory, runtimeEndpoint, proxy, clock, report, log } = options;
  const { system = { platform: process.platform, architecture: process.arch } } = options;
  const address = parseAddress(options.address);
  const token = parseJoinToken(options.token);
  await report.step('check this machine', async () => {
    requireSystem(system);
    requireNodeName(nodeName);
    requireNotJoined(dataDirectory);
    requireWritable(dataDirectory);
    await requireRuntime(runtimeEndpoint);
    await options.preflight?.();
  });
  const authorityPem = await report.step('verify the center', () =>
    fetchAuthority({ address, authorityHash: token.authorityHash, proxy, clock }),
  );
  const transport = createHttpTransport({
    server: `https://${address.text}`,
    ca: authorityPem,
    token: bootstrapTokenOf(token),
    ...(proxy === undefined ? {} : { connect: (target) => throughProxy(proxy, target) }),
    clock,
  });
  const client = createClient({ transport, userAgent: `skerry-join/${version}`, clock });
  try {
    const pool = await report.step('find the node pool', () =>
      explained(address, () => resolvePool(client, options.pool)),
    );
    const { certificatePem, keyPem } = await report.step('get a certificate', () =>
      explained(address, () => requestNodeCertificate(client, { nodeName, clock })),
    );
    await report.step('write the configuration', () =>
      writeAgentIdentity(dataDirectory, {
        authorityPem,
        certificatePem,
        keyPem,
        config: {
          server: address.text,
          nodeName,
          ...(pool === undefined ? {} : { pool }),
          labels: { ...options.labels },
          taints: [...(options.taints ?? [])],
          runtimeEndpoint,
          ...(proxy === undefined ? {} : { proxy }),
        },
      }),
    );
    log.info('joined', { node: nodeName, pool, server: address.text });
    return { nodeName, pool, server: address.text };
  } finally {
    client.close();
  }
}

async function explained<T>(address: CenterAddress, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SkerryError && !(error instanceof TransportError)) throw error;
    throw tlsFault(address, error) ?? explain(error, 'join');
  }
}

/** The connection verified against the pinned authority failed: what it means for the person who joins. */
function tlsFault(address: CenterAddress, error: unknown): SkerryError | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as NodeJS.ErrnoException;
    switch (code) {
      case 'CERT_NOT_YET_VALID':
      case 'CERT_HAS_EXPIRED':
        return new SkerryError(
          'clock-off',
          `the center's certificate is ${code === 'CERT_HAS_EXPIRED' ? 'expired' : 'not yet valid'} by this machine's clock; set the clock right, for example with chrony, and join again`,
          { cause: error },
        );
      case 'ERR_TLS_CERT_ALTNAME_INVALID':
        return new SkerryError(
          'server-name-mismatch',
          `the center at ${address.text} is the right one, but its certificate does not name ${address.host}; start it with --advertise ${address.host}, or join by a name or address it has`,
          { cause: error },
        );
      case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      case 'SELF_SIGNED_CERT_IN_CHAIN':
      case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      case 'CERT_SIGNATURE_FAILURE':
        return new SkerryError(
          'authority-mismatch',
          `the server at ${address.text} shows the authority of the token but its own certificate is not from it; something between this machine and the center may intercept TLS`,
          { cause: error },
        );
      case 'ECONNREFUSED':
      case 'ECONNRESET':
      case 'ETIMEDOUT':
      case 'EHOSTUNREACH':
      case 'ENETUNREACH':
        return unreachable(address.text, cause as NodeJS.ErrnoException);
      default:
    }
  }
  return undefined;
}
