/**
 * Clients that speak as ServiceAccounts of kube-system, each with a token of its own that the API server issues for an hour and
 * that is asked for anew in time. An account that isn't there is made; one that was deleted is made again at the next 401.
 */
import { isApiError, type ServiceAccount, type TokenRequest } from '@skerry/api';
import { type Clock, describeError, type Logger } from '@skerry/base';
import { type ApiClient, createClient, resources, type Transport } from '@skerry/client';

export interface AccountClientsOptions {
  /** Makes accounts and asks for their tokens. */
  readonly issuer: ApiClient;
  readonly transport: Transport;
  readonly userAgent: string;
  readonly clock: Clock;
  readonly log: Logger;
}

const namespace = 'kube-system';
const lifetimeSeconds = 3600;
/** Of its lifetime, when a token is replaced. */
const renewShare = 0.8;

interface Token {
  readonly text: string;
  readonly renewAtMs: number;
}

export class AccountClients {
  readonly #options: AccountClientsOptions;
  readonly #tokens = new Map<string, Promise<Token>>();
  readonly #clients = new Map<string, ApiClient>();

  constructor(options: AccountClientsOptions) {
    this.#options = options;
  }

  client(account: string): ApiClient {
    const known = this.#clients.get(account);
    if (known) return known;
    const { transport, userAgent, clock } = this.#options;
    const own: Transport = {
      request: async (request) => {
        const send = async () =>
          transport.request({
            ...request,
            headers: { ...request.headers, authorization: `Bearer ${await this.#token(account)}` },
          });
        const response = await send();
        if (response.status !== 401) return response;
        this.#tokens.delete(account);
        return send();
      },
      // The transport is its owner's.
      close: () => undefined,
    };
    const client = createClient({ transport: own, userAgent, clock });
    this.#clients.set(account, client);
    return client;
  }

  async #token(account: string): Promise<string> {
    const known = this.#tokens.get(account);
    if (known) {
      const token = await known;
      if (this.#options.clock.monotonic() < token.renewAtMs) return token.text;
    }
    // Whoever came first asks; the others wait for its answer.
    if (this.#tokens.get(account) === known) {
      const asked = this.#ask(account);
      this.#tokens.set(account, asked);
      asked.catch(() => {
        if (this.#tokens.get(account) === asked) this.#tokens.delete(account);
      });
    }
    return (await this.#tokens.get(account)!).text;
  }

  async #ask(account: string): Promise<Token> {
    const { log } = this.#options;
    try {
      return await this.#issue(account);
    } catch (error) {
      if (!isApiError(error, 'NotFound')) throw error;
      log.info('account made', { account, reason: describeError(error) });
    }
    await this.#options.issuer
      .resource<ServiceAccount>(resources.serviceAccounts)
      .create({ metadata: { name: account, namespace } })
      .catch((error: unknown) => {
        if (!isApiError(error, 'AlreadyExists')) throw error;
      });
    return this.#issue(account);
  }

  async #issue(account: string): Promise<Token> {
    const { issuer, clock } = this.#options;
    const { status } = await issuer
      .resource<ServiceAccount>(resources.serviceAccounts)
      .createSubresource<TokenRequest>(
        account,
        'token',
        {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenRequest',
          spec: { expirationSeconds: lifetimeSeconds },
        },
        { namespace },
      );
    const renewAtMs = clock.monotonic() + lifetimeSeconds * 1000 * renewShare;
    return { text: status?.token ?? '', renewAtMs };
  }
}
