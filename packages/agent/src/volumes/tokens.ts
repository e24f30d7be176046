/**
 * Service account tokens of pods, bound to the pod and renewed at 80 % of their life or after a day, whichever is first.
 * While the API can't be reached the old token stays.
 * https://kubernetes.io/docs/concepts/storage/projected-volumes/#serviceaccounttoken
 */
import type { Pod, ServiceAccountTokenProjection, TokenRequest } from '@skerry/api';
import { resources, type ApiClient } from '@skerry/client';
import type { Clock, Logger } from '@skerry/base';
import { describeError } from '@skerry/base';

interface Token {
  readonly text: string;
  readonly renewAtMs: number;
  readonly endsAtMs: number;
}

const dayMs = 24 * 3_600_000;
const defaultSeconds = 3600;
const retryMs = 60_000;

export class TokenSource {
  readonly #client: ApiClient;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #tokens = new Map<string, Token>();

  constructor({ client, clock, log }: { client: ApiClient; clock: Clock; log: Logger }) {
    this.#client = client;
    this.#clock = clock;
    this.#log = log;
  }

  async token(pod: Pod, projection: ServiceAccountTokenProjection): Promise<string> {
    const key = `${pod.metadata.uid}/${projection.audience ?? ''}/${projection.expirationSeconds ?? defaultSeconds}`;
    const known = this.#tokens.get(key);
    const nowMs = this.#clock.now();
    if (known && nowMs < known.renewAtMs) return known.text;
    try {
      const made = await this.#request(pod, projection);
      this.#tokens.set(key, made);
      return made.text;
    } catch (error) {
      if (!known) throw error;
      this.#log.warn('token not renewed', { pod: pod.metadata.name, error: describeError(error) });
      this.#tokens.set(key, { ...known, renewAtMs: nowMs + retryMs });
      return known.text;
    }
  }

  /** When the next token of the pod is due, on the wall clock. */
  renewAtMs(uid: string): number | undefined {
    const times = [...this.#tokens]
      .filter(([key]) => key.startsWith(`${uid}/`))
      .map(([, token]) => token.renewAtMs);
    return times.length > 0 ? Math.min(...times) : undefined;
  }

  forget(uid: string): void {
    for (const key of this.#tokens.keys()) if (key.startsWith(`${uid}/`)) this.#tokens.delete(key);
  }

  async #request(pod: Pod, projection: ServiceAccountTokenProjection): Promise<Token> {
    const { name, namespace, uid } = pod.metadata;
    const account = pod.spec?.serviceAccountName || 'default';
    const expirationSeconds = projection.expirationSeconds ?? defaultSeconds;
    const body = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {
        audiences: projection.audience ? [projection.audience] : [],
        expirationSeconds,
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
      },
    };
    const accounts = this.#client.resource(resources.serviceAccounts);
    const answer = await accounts.createSubresource<TokenRequest>(account, 'token', body, { namespace });
    if (!answer.status?.token) throw new Error(`the API server gave no token for service account ${account}`);
    const nowMs = this.#clock.now();
    const endsAtMs = Date.parse(answer.status.expirationTimestamp ?? '') || nowMs + expirationSeconds * 1000;
    return {
      text: answer.status.token,
      endsAtMs,
      renewAtMs: nowMs + Math.min(0.8 * (endsAtMs - nowMs), dayMs),
    };
  }
}
