/**
 * Service account tokens of pods, bound to the pod and renewed at 80 % of their life or after a day, whichever is first.
 * While the API can't be reached the old token stays, over a restart of the agent too where there is somewhere to keep it; once
 * the API is back, what could not be renewed is renewed first.
 * https://kubernetes.io/docs/concepts/storage/projected-volumes/#serviceaccounttoken
 */
import type { Pod, ServiceAccountTokenProjection, TokenRequest } from '@skerry/api';
import { resources, type ApiClient } from '@skerry/client';
import { describeError, isRecord, type Clock, type Logger } from '@skerry/base';

interface Token {
  readonly text: string;
  readonly renewAtMs: number;
  readonly endsAtMs: number;
}

/** Keeps texts over a restart, unreadable for others. */
export interface TokenVault {
  keys(): string[];
  get(key: string): string | undefined;
  set(key: string, text: string): void;
  delete(key: string): void;
}

const vaultPrefix = 'pod-token/';
const dayMs = 24 * 3_600_000;
const defaultSeconds = 3600;
const retryMs = 60_000;

export class TokenSource {
  readonly #client: ApiClient;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #vault: TokenVault | undefined;
  readonly #tokens = new Map<string, Token>();
  /** Those that are due and could not be had. */
  readonly #overdue = new Set<string>();

  constructor(options: { client: ApiClient; clock: Clock; log: Logger; vault?: TokenVault }) {
    this.#client = options.client;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#vault = options.vault;
    for (const key of this.#vault?.keys() ?? []) {
      const token = key.startsWith(vaultPrefix) && parseToken(this.#vault?.get(key) ?? '');
      if (token) this.#tokens.set(key.slice(vaultPrefix.length), token);
    }
  }

  async token(pod: Pod, projection: ServiceAccountTokenProjection): Promise<string> {
    const key = `${pod.metadata.uid}/${projection.audience ?? ''}/${projection.expirationSeconds ?? defaultSeconds}`;
    const known = this.#tokens.get(key);
    const nowMs = this.#clock.now();
    if (known && nowMs < known.renewAtMs) return known.text;
    try {
      const made = await this.#request(pod, projection);
      this.#tokens.set(key, made);
      this.#overdue.delete(key);
      this.#vault?.set(vaultPrefix + key, JSON.stringify(made));
      return made.text;
    } catch (error) {
      if (!known) throw error;
      this.#overdue.add(key);
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

  /** The API can be reached again: what is overdue is due now. Returns the uids of its pods. */
  hurry(): string[] {
    const keys = [...this.#overdue];
    this.#overdue.clear();
    for (const key of keys) {
      const token = this.#tokens.get(key);
      if (token) this.#tokens.set(key, { ...token, renewAtMs: 0 });
    }
    return keys.map((key) => key.split('/')[0] ?? '');
  }

  forget(uid: string): void {
    for (const key of this.#tokens.keys()) {
      if (!key.startsWith(`${uid}/`)) continue;
      this.#tokens.delete(key);
      this.#overdue.delete(key);
      this.#vault?.delete(vaultPrefix + key);
    }
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

function parseToken(text: string): Token | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!isRecord(value)) return undefined;
    const { text: token, renewAtMs, endsAtMs } = value;
    const isToken =
      typeof token === 'string' && typeof renewAtMs === 'number' && typeof endsAtMs === 'number';
    return isToken ? { text: token, renewAtMs, endsAtMs } : undefined;
  } catch {
    return undefined;
  }
}
