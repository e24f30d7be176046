/**
 * Asks the center whether a caller may read something, in the caller's own name (SelfSubjectAccessReview, which everybody may
 * ask), and answers from what was decided while the center is out of reach.
 */
import { ApiError, forbidden, isApiError } from '@skerry/api';
import { isRecord } from '@skerry/base';
import { TransportError } from '@skerry/client';
import type { Attributes, Decisions } from '#access/decisions.ts';
import { credentialsOf, type Caller, type Upstream } from '#contract.ts';
import { readBytes, statusError } from '#coverage/upstream-watch.ts';

const reviewPath = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
const reviewTimeoutMs = 10_000;

export class Authority {
  readonly #upstream: Upstream;
  readonly #decisions: Decisions;
  /** Questions under way, so that many who ask the same ask once. */
  readonly #asking = new Map<string, Promise<boolean>>();

  constructor(upstream: Upstream, decisions: Decisions) {
    this.#upstream = upstream;
    this.#decisions = decisions;
  }

  /**
   * Resolves when the caller may. The node's own agent is judged where the center answers it.
   * @throws ApiError Forbidden, Unauthorized, or ServiceUnavailable where the center was never asked.
   */
  async check(caller: Caller, attributes: Attributes): Promise<void> {
    if (caller.type === 'node') return;
    const { user } = caller;
    const allowed =
      this.#decisions.fresh(user, attributes) ??
      (await this.#ask(caller, attributes)) ??
      this.#decisions.last(user, attributes);
    if (allowed) return;
    if (allowed === undefined) throw unknownRight(attributes);
    throw refusal(user, attributes);
  }

  /** Asks what is likely to be asked while nobody can be: whoever watches may want to list and get as well. */
  async prepare(caller: Caller, attributes: Attributes): Promise<void> {
    if (caller.type === 'node') return;
    const unknown = (['list', 'get'] as const)
      .map((verb) => ({ ...attributes, verb }))
      .filter((asked) => this.#decisions.last(caller.user, asked) === undefined);
    await Promise.allSettled(unknown.map((asked) => this.#ask(caller, asked)));
  }

  /** What an answer of the center says of the caller's rights. */
  learn(caller: Caller, attributes: Attributes, status: number): void {
    if (caller.type === 'node') return;
    if (status >= 200 && status < 300) this.#decisions.record(caller.user, attributes, true);
    else if (status === 403) this.#decisions.record(caller.user, attributes, false);
  }

  /** Undefined: the center can't be asked. */
  async #ask(caller: Caller, attributes: Attributes): Promise<boolean | undefined> {
    if (!this.#upstream.isLinked()) return undefined;
    const key = JSON.stringify([caller.user, attributes]);
    let asking = this.#asking.get(key);
    if (!asking) {
      asking = this.#review(caller, attributes).finally(() => this.#asking.delete(key));
      this.#asking.set(key, asking);
    }
    try {
      return await asking;
    } catch (error) {
      const silent = error instanceof TransportError || (isApiError(error) && error.code >= 500);
      if (silent || isTimeout(error)) return undefined;
      throw error;
    }
  }

  async #review(caller: Caller, attributes: Attributes): Promise<boolean> {
    const { verb, group, version, resource, namespace, name } = attributes;
    const resourceAttributes = { verb, group, version, resource, namespace, name };
    const response = await this.#upstream.transport.request({
      method: 'POST',
      path: reviewPath,
      headers: {
        accept: 'application/json',
        'content-type': 'application/json',
        'user-agent': 'skerry-hub',
        ...credentialsOf(caller),
      },
      body: JSON.stringify({
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes },
      }),
      signal: AbortSignal.timeout(reviewTimeoutMs),
    });
    if (response.status !== 201 && response.status !== 200) throw await statusError(response);
    const review: unknown = JSON.parse(Buffer.from(await readBytes(response.body, 1 << 20)).toString());
    const status = isRecord(review) && isRecord(review['status']) ? review['status'] : {};
    const allowed = status['allowed'] === true;
    this.#decisions.record(caller.user, attributes, allowed);
    return allowed;
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError';
}

function refusal(user: string, attributes: Attributes): ApiError {
  const { verb, group, resource, namespace, name } = attributes;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  return forbidden(
    { group, resource },
    name,
    `User "${user}" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`,
  );
}

function unknownRight({ verb, resource }: Attributes): ApiError {
  return new ApiError(
    'ServiceUnavailable',
    `this node is cut off from the cluster, and was not told before whether you may ${verb} ${resource}`,
    { details: { retryAfterSeconds: 10 } },
  );
}
