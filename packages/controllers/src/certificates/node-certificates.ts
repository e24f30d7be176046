/**
 * Certificate requests: those of nodes are decided by the rules of `@skerry/pki`, approved ones of the known signers are
 * signed, and old ones are removed.
 *
 * A use of a join token is recorded in its Secret before the approval is written; if that fails, nothing was approved.
 * Once the Node of an approved request has come, the request is marked, so that it reserves the name no longer.
 * Rules: https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/
 */
import { isApiError } from '@skerry/api';
import type {
  CertificateSigningRequest,
  CertificateSigningRequestCondition,
  Node,
  Secret,
  Service,
} from '@skerry/api';
import { describeError } from '@skerry/base';
import { keyOf, resources } from '@skerry/client';
import {
  bootstrapExtra,
  bootstrapSecretName,
  decideHubRequest,
  decideNodeRequest,
  parseCertificateRequest,
  recordTokenUse,
  signForSigner,
  signers,
} from '@skerry/pki';
import type { CertificateAuthority, CertificateRequest } from '@skerry/pki';
import { endOfRequest } from '#certificates/request-expiry.ts';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, ControllerContext, Requeue } from '#runtime/controller.ts';
import { timestamp } from '#runtime/status.ts';

export interface CertificateSettings {
  /** Signs; without it requests are left to someone else. */
  readonly authority?: CertificateAuthority;
}

const registeredAnnotation = 'skerry.io/node-registered';
const nodeUserPrefix = 'system:node:';

export function createCertificateController(
  context: ControllerContext,
  { authority }: CertificateSettings,
): Controller | undefined {
  return authority ? new CertificateController(context, authority).controller() : undefined;
}

class CertificateController {
  readonly #context: ControllerContext;
  readonly #authority: CertificateAuthority;
  readonly #requests;
  readonly #nodes;
  readonly #client;

  constructor(context: ControllerContext, authority: CertificateAuthority) {
    this.#context = context;
    this.#authority = authority;
    this.#requests = context.informers.informer<CertificateSigningRequest>(
      resources.certificateSigningRequests,
    );
    this.#nodes = context.informers.informer<Node>(resources.nodes);
    this.#client = context.client.resource<CertificateSigningRequest>(resources.certificateSigningRequests);
  }

  controller(): Controller {
    const queue = createQueue(this.#context);
    this.#requests.addHandler({
      onAdd: (request) => queue.add(keyOf(request)),
      onUpdate: (request) => queue.add(keyOf(request)),
    });
    this.#nodes.addHandler({
      onAdd: () => {
        for (const request of this.#requests.list()) {
          if (isApproved(request) && !isMarked(request)) queue.add(keyOf(request));
        }
      },
    });
    return createController({
      name: 'certificate-controller',
      context: this.#context,
      waitFor: [this.#requests, this.#nodes],
      queue,
      // One at a time: what is decided depends on the other requests.
      workers: 1,
      reconcile: (key) => this.#reconcile(key),
    });
  }

  async #reconcile(key: string): Promise<Requeue | undefined> {
    let request = this.#requests.get(undefined, key);
    if (!request) return undefined;
    const now = this.#context.clock.now();
    const endsInMs = endOfRequest(request, now) - now;
    const again = Number.isFinite(endsInMs) ? { afterMs: endsInMs } : undefined;
    if (endsInMs <= 0) {
      await this.#client.delete(key, { preconditions: { uid: request.metadata.uid } }).catch(ignoreNotFound);
      return undefined;
    }
    const isDecided = hasCondition(request, 'Denied') || hasCondition(request, 'Failed');
    if (!isDecided && !request.status?.certificate) {
      const parsed = await this.#parse(request);
      if (!parsed) return again;
      if (!isApproved(request)) request = await this.#decide(request, parsed);
      if (request && isApproved(request)) await this.#sign(request, parsed);
    } else if (request.status?.certificate && !isMarked(request)) {
      await this.#markRegistered(request);
    }
    return again;
  }

  /** Undefined when the request can't be read; then it has failed for good. */
  async #parse(request: CertificateSigningRequest): Promise<CertificateRequest | undefined> {
    try {
      return await parseCertificateRequest(pemOf(request));
    } catch (error) {
      if (Object.values<string>(signers).includes(request.spec.signerName)) {
        await this.#fail(request, describeError(error));
      }
      return undefined;
    }
  }

  /** The request with the decision; undefined when none was made here. */
  async #decide(
    request: CertificateSigningRequest,
    parsed: CertificateRequest,
  ): Promise<CertificateSigningRequest | undefined> {
    const { signerName, usages = [] } = request.spec;
    if (signerName === signers.hubServing) return this.#decideHub(request, parsed);
    if (signerName !== signers.node) return undefined;
    const requester = requesterOf(request);
    const node = parsed.commonName.slice(nodeUserPrefix.length);
    const pool = requester.extra?.[bootstrapExtra.pool]?.[0];
    const secret = await this.#tokenSecret(requester.extra?.[bootstrapExtra.tokenId]?.[0]);
    const decision = decideNodeRequest({
      signerName,
      usages,
      requester,
      request: parsed,
      nodeExists: this.#nodes.get(undefined, node) !== undefined,
      nameReserved: await this.#isReserved(request, parsed),
      poolExists: pool === undefined ? undefined : await this.#poolExists(pool),
      tokenData: secret?.data,
    });
    if (decision.kind === 'ignore') return undefined;
    const { log } = this.#context;
    if (decision.kind === 'deny') {
      log.info('node request denied', { node, reason: decision.reason });
      return this.#approval(request, { type: 'Denied', reason: decision.reason, message: decision.message });
    }
    if (decision.countUse && secret) {
      const data = recordTokenUse(secret.data ?? {}, node);
      await this.#context.client.resource<Secret>(resources.secrets).update({ ...secret, data });
    }
    log.info('node request approved', { node, pool: decision.pool });
    return this.#approval(request, {
      type: 'Approved',
      reason: 'AutoApproved',
      message: 'The request follows the rules for certificates of nodes.',
    });
  }

  async #decideHub(
    request: CertificateSigningRequest,
    parsed: CertificateRequest,
  ): Promise<CertificateSigningRequest> {
    const node = parsed.commonName.slice(nodeUserPrefix.length);
    const decision = decideHubRequest({
      usages: request.spec.usages ?? [],
      requester: requesterOf(request),
      request: parsed,
      nodeExists: this.#nodes.get(undefined, node) !== undefined,
      serviceAddresses: await this.#serviceAddresses(),
    });
    if (decision.kind === 'deny') {
      this.#context.log.info('request of a hub denied', { node, reason: decision.reason });
      return this.#approval(request, { type: 'Denied', reason: decision.reason, message: decision.message });
    }
    return this.#approval(request, {
      type: 'Approved',
      reason: 'AutoApproved',
      message: 'The request follows the rules for certificates of hubs.',
    });
  }

  async #serviceAddresses(): Promise<readonly string[]> {
    const service = await this.#context.client
      .resource<Service>(resources.services)
      .get('kubernetes', { namespace: 'default' })
      .catch((error: unknown) => ignoreNotFound(error));
    return service?.spec?.clusterIPs ?? [];
  }

  #approval(
    request: CertificateSigningRequest,
    condition: { type: string; reason: string; message: string },
  ): Promise<CertificateSigningRequest> {
    return this.#client.update(this.#withCondition(request, condition), { subresource: 'approval' });
  }

  #withCondition(
    request: CertificateSigningRequest,
    condition: { type: string; reason: string; message: string },
  ): CertificateSigningRequest {
    const now = timestamp(this.#context.clock.now());
    const added: CertificateSigningRequestCondition = {
      ...condition,
      status: 'True',
      lastUpdateTime: now,
      lastTransitionTime: now,
    };
    return {
      ...request,
      status: { ...request.status, conditions: [...(request.status?.conditions ?? []), added] },
    };
  }

  async #sign(request: CertificateSigningRequest, parsed: CertificateRequest): Promise<void> {
    const { signerName, usages = [], expirationSeconds } = request.spec;
    if (signerName === signers.node && this.#askedByDeleted(request)) {
      await this.#fail(request, `the node of ${request.spec.username ?? ''} has been deleted`);
      return;
    }
    let certificate: string | undefined;
    try {
      certificate = await signForSigner(this.#authority, {
        signerName,
        usages,
        requestPem: pemOf(request),
        request: parsed,
        requester: requesterOf(request),
        expirationSeconds,
      });
    } catch (error) {
      await this.#fail(request, describeError(error));
      return;
    }
    if (certificate === undefined) return;
    const status = { ...request.status, certificate: Buffer.from(certificate).toString('base64') };
    await this.#client.update({ ...request, status }, { subresource: 'status' });
  }

  /** Its own certificate ended with its Node; this one would go on. */
  #askedByDeleted({ spec: { username = '' } }: CertificateSigningRequest): boolean {
    if (!username.startsWith(nodeUserPrefix)) return false;
    return this.#nodes.get(undefined, username.slice(nodeUserPrefix.length)) === undefined;
  }

  async #fail(request: CertificateSigningRequest, message: string): Promise<void> {
    const failed = this.#withCondition(request, {
      type: 'Failed',
      reason: 'SignerValidationFailure',
      message,
    });
    await this.#client.update(failed, { subresource: 'status' });
  }

  async #tokenSecret(tokenId: string | undefined): Promise<Secret | undefined> {
    if (tokenId === undefined || !/^[a-z0-9]{6}$/.test(tokenId)) return undefined;
    const secrets = this.#context.client.resource<Secret>(resources.secrets);
    return secrets
      .get(bootstrapSecretName(tokenId), { namespace: 'kube-system' })
      .catch((error: unknown) => ignoreNotFound(error));
  }

  async #poolExists(pool: string): Promise<boolean> {
    const found = await this.#context.client
      .resource(resources.nodePools)
      .get(pool)
      .catch((error: unknown) => ignoreNotFound(error));
    return found !== undefined;
  }

  /** Whether another key was approved for this name and its Node has not come yet. */
  async #isReserved(request: CertificateSigningRequest, parsed: CertificateRequest): Promise<boolean> {
    for (const other of this.#requests.list()) {
      const isCandidate = isApproved(other) && !isMarked(other) && other.spec.signerName === signers.node;
      if (!isCandidate || other.metadata.uid === request.metadata.uid) continue;
      const otherParsed = await parseCertificateRequest(pemOf(other)).catch(() => undefined);
      if (
        otherParsed?.commonName === parsed.commonName &&
        otherParsed.publicKeyHash !== parsed.publicKeyHash
      ) {
        return true;
      }
    }
    return false;
  }

  async #markRegistered(request: CertificateSigningRequest): Promise<void> {
    if (request.spec.signerName !== signers.node) return;
    const parsed = await parseCertificateRequest(pemOf(request)).catch(() => undefined);
    const node = parsed?.commonName.slice(nodeUserPrefix.length);
    if (!node || !this.#nodes.get(undefined, node)) return;
    const patch = { metadata: { annotations: { [registeredAnnotation]: 'true' } } };
    await this.#client.patch(request.metadata.name ?? '', patch, { type: 'merge' }).catch(ignoreNotFound);
  }
}

function isApproved(request: CertificateSigningRequest): boolean {
  return hasCondition(request, 'Approved') && !hasCondition(request, 'Denied');
}

function isMarked(request: CertificateSigningRequest): boolean {
  return request.metadata.annotations?.[registeredAnnotation] === 'true';
}

function hasCondition(request: CertificateSigningRequest, type: string): boolean {
  return request.status?.conditions?.some((condition) => condition.type === type) ?? false;
}

function pemOf(request: CertificateSigningRequest): string {
  return Buffer.from(request.spec.request, 'base64').toString('utf8');
}

function requesterOf({ spec }: CertificateSigningRequest) {
  return { username: spec.username ?? '', groups: spec.groups ?? [], extra: spec.extra };
}

function ignoreNotFound(error: unknown): undefined {
  if (!isApiError(error, 'NotFound')) throw error;
  return undefined;
}
