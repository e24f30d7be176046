/**
 * A node's first certificate: a request made with a key that never leaves the machine, sent with the join token's bearer,
 * answered by the center's approver. The token's pool and the taken name are told here in words a person can act on.
 */
import { type CertificateSigningRequest, type SelfSubjectReview, isApiError } from '@skerry/api';
import { type Clock, SkerryError, sleep } from '@skerry/base';
import { type ApiClient, resources } from '@skerry/client';
import {
  bootstrapExtra,
  createCertificateRequest,
  digestOfRequest,
  generatePrivateKey,
  isKeyOf,
  type KeyPair,
  signers,
} from '@skerry/pki';
import { nodePoolResource } from '#join/node-pool-resource.ts';
import { poolNotFound } from '#join/token.ts';

const waitMaxMs = 120_000;
const pollMs = { first: 100, max: 2_000 };

/** Answers of the API that mean the same in every step. */
export function explain(error: unknown, what: string): unknown {
  if (isApiError(error, 'Unauthorized')) {
    return new SkerryError(
      'token-expired',
      'TOKEN_EXPIRED: the join token has expired, was deleted or is not known to this cluster; get a new one with `skerry token create` on the center',
      { cause: error },
    );
  }
  if (isApiError(error, 'Forbidden')) {
    return new SkerryError('join-forbidden', `the center does not let this token ${what}: ${error.message}`, {
      cause: error,
    });
  }
  return error;
}

/** The pool to join: the token's, or the one asked for if the token allows any. Throws `pool-not-allowed`, `pool-not-found`. */
export async function resolvePool(client: ApiClient, asked: string | undefined): Promise<string | undefined> {
  const bound = await tokenPool(client);
  if (bound !== undefined && asked !== undefined && bound !== asked) {
    throw new SkerryError(
      'pool-not-allowed',
      `the join token is for node pool ${bound}, not ${asked}; join with --pool ${bound}, or get a token for ${asked} with \`skerry token create --pool ${asked}\``,
    );
  }
  const pool = asked ?? bound;
  if (pool === undefined) return undefined;
  try {
    await client.resource(nodePoolResource).get(pool);
  } catch (error) {
    if (isApiError(error, 'NotFound')) throw poolNotFound(pool, error);
    throw explain(error, 'look at node pools');
  }
  return pool;
}

async function tokenPool(client: ApiClient): Promise<string | undefined> {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  try {
    const review = await client.request<SelfSubjectReview>(
      'POST',
      '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      { body },
    );
    return review.status?.userInfo?.extra?.[bootstrapExtra.pool]?.[0];
  } catch (error) {
    throw explain(error, 'ask who it is');
  }
}

export interface CertificatePurpose {
  readonly signerName: string;
  readonly usages: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
}

const clientPurpose: CertificatePurpose = {
  signerName: signers.node,
  usages: ['digital signature', 'client auth'],
};

/** Key and certificate of the node. Throws `node-exists`, `certificate-denied`, `certificate-failed`, `certificate-timeout`. */
export async function requestNodeCertificate(
  client: ApiClient,
  options: {
    readonly nodeName: string;
    readonly clock: Clock;
    /** The key to certify; a new one unless told. */
    readonly keyPem?: string;
    /** What it is for; the node's own requests unless told. */
    readonly purpose?: CertificatePurpose;
    readonly signal?: AbortSignal;
  },
): Promise<KeyPair> {
  const { nodeName, clock, signal, purpose = clientPurpose } = options;
  const keyPem = options.keyPem ?? (await generatePrivateKey());
  const requestPem = await createCertificateRequest({
    user: `system:node:${nodeName}`,
    groups: ['system:nodes'],
    keyPem,
    dnsNames: purpose.dnsNames,
    ipAddresses: purpose.ipAddresses,
  });
  const name = `node-csr-${digestOfRequest(requestPem).slice(0, 40)}`;
  const requests = client.resource<CertificateSigningRequest>(resources.certificateSigningRequests);
  try {
    await requests.create({
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { name },
      spec: {
        request: Buffer.from(requestPem).toString('base64'),
        signerName: purpose.signerName,
        usages: [...purpose.usages],
      },
    });
  } catch (error) {
    throw explain(error, 'request a certificate');
  }
  const deadlineMs = clock.monotonic() + waitMaxMs;
  for (let delayMs = pollMs.first; ; delayMs = Math.min(delayMs * 1.5, pollMs.max)) {
    const answered = await requests.get(name).catch((error: unknown) => {
      throw explain(error, 'look at its request');
    });
    const certificatePem = certificateOf(answered, nodeName);
    if (certificatePem !== undefined) {
      if (isKeyOf(certificatePem, keyPem)) return { certificatePem, keyPem };
      throw new SkerryError('certificate-failed', 'the center answered with a certificate for another key');
    }
    if (clock.monotonic() >= deadlineMs) {
      throw new SkerryError(
        'certificate-timeout',
        `the certificate request ${name} was not answered in ${waitMaxMs / 1_000} s; look at it with \`kubectl describe csr ${name}\` and at the center's log`,
      );
    }
    await sleep(clock, delayMs, signal);
  }
}

function certificateOf(
  { metadata, status }: CertificateSigningRequest,
  nodeName: string,
): string | undefined {
  const ended = status?.conditions?.find(({ type }) => type === 'Denied' || type === 'Failed');
  if (ended?.reason === 'NodeExists') {
    throw new SkerryError(
      'node-exists',
      `A node named ${nodeName} is already exist in the cluster; choose another --node-name, or, if that node is gone for good, delete it with \`kubectl delete node ${nodeName}\` and join again`,
    );
  }
  if (ended?.reason === 'TokenUsedUp' || ended?.reason === 'TokenGone') {
    throw new SkerryError(
      'token-expired',
      `TOKEN_EXPIRED: ${ended.message ?? ended.reason}; get a new one with \`skerry token create\` on the center`,
    );
  }
  if (ended?.type === 'Denied') {
    throw new SkerryError(
      'certificate-denied',
      `the center denied the certificate of node ${nodeName}: ${ended.message || ended.reason || `see \`kubectl describe csr ${metadata.name ?? ''}\``}`,
    );
  }
  if (ended) {
    throw new SkerryError(
      'certificate-failed',
      `the center could not sign the certificate of node ${nodeName}: ${ended.message || ended.reason || 'no reason given'}`,
    );
  }
  return status?.certificate ? Buffer.from(status.certificate, 'base64').toString('utf8') : undefined;
}
