/**
 * Requests for group versions that an APIService gives to a Service go there, everything else to this server. They have
 * been authenticated and authorized here; the other server is told who asks, and may ask back what they may do. Credentials
 * of the client end here. Watches stream, upgrades become two joined sockets, redirects are passed on as they are.
 */
import { ApiError } from '@skerry/api';
import type { Clock, Logger } from '@skerry/base';
import type { ApiServices, RemoteApi } from '#aggregation/api-services.ts';
import { isRemoteUserHeader, remoteUserHeaders } from '#aggregation/remote-user.ts';
import { sendText } from '#http/answers.ts';
import type { Exchange } from '#http/exchange.ts';
import type { UpgradeRequest } from '#http/front.ts';
import { connectionFault } from '#outgoing/call-failure.ts';
import type { Connections } from '#outgoing/connections.ts';
import {
  endToEnd,
  forwardedUpgradeHeaders,
  passResponse,
  passUpgrade,
  readText,
  sendRequest,
  withoutCredentials,
  type Answer,
} from '#proxy/forward.ts';
import { nodeRefused } from '#proxy/node-errors.ts';
import { joinPath } from '#proxy/proxy-path.ts';
import type { RequestInfo } from '#request-info.ts';
import type { AuthorizedRequest, RequestTarget } from '#request-pipeline.ts';
import type { UserInfo } from '#security.ts';

/** What a group version serves must be told fast: clients ask for it of all of them. */
const discoveryMs = 5_000;

export interface AggregatingParts {
  readonly apis: ApiServices;
  readonly connections: Connections;
  readonly clock: Clock;
  readonly log: Logger;
}

export class AggregatingTarget implements RequestTarget {
  readonly #local: RequestTarget;
  readonly #parts: AggregatingParts;

  constructor(local: RequestTarget, parts: AggregatingParts) {
    this.#local = local;
    this.#parts = parts;
  }

  async handle(request: AuthorizedRequest, exchange: Exchange): Promise<void> {
    const api = this.#remoteOf(request.info);
    if (!api) return this.#local.handle(request, exchange);
    if (!api.available) return unavailable(exchange, 'service unavailable');
    try {
      await this.#forward(api, request, exchange);
    } catch (error) {
      if (exchange.answered) throw error;
      unavailable(exchange, `error trying to reach service: ${connectionFault(error)}`);
    }
  }

  async upgrade(request: AuthorizedRequest, upgrade: UpgradeRequest): Promise<void> {
    const api = this.#remoteOf(request.info);
    if (!api) return this.#local.upgrade(request, upgrade);
    if (!api.available) throw new ApiError('ServiceUnavailable', 'service unavailable');
    const { message } = upgrade;
    const answer = await this.#dialled(api, {
      method: message.method ?? 'GET',
      path: message.url ?? '/',
      headers: {
        ...headersFor(api, message.headers, request.user),
        ...forwardedUpgradeHeaders(message),
      },
    });
    if (answer.kind === 'upgrade') {
      passUpgrade(answer, upgrade, this.#parts.log);
      return;
    }
    throw nodeRefused(answer.response.statusCode ?? 502, await readText(answer.response));
  }

  /** `/apis/group/version` and everything beneath it. */
  #remoteOf(info: RequestInfo): RemoteApi | undefined {
    const { remote } = this.#parts.apis;
    if (remote.size === 0) return undefined;
    if (info.type === 'resource') return remote.get(`${info.group}/${info.version}`);
    const [, root, group, version] = info.path.split('/');
    return root === 'apis' && group && version ? remote.get(`${group}/${version}`) : undefined;
  }

  async #forward(api: RemoteApi, { info, user }: AuthorizedRequest, exchange: Exchange): Promise<void> {
    const headers = headersFor(api, exchange.headers, user, exchange.remoteAddress);
    const withBody = !['GET', 'HEAD'].includes(exchange.method) || Number(headers['content-length'] ?? 0) > 0;
    const deadline = info.type === 'path' ? new AbortController() : undefined;
    const timer = deadline && this.#parts.clock.after(discoveryMs, () => deadline.abort());
    const outgoing = {
      method: exchange.method,
      path: joinPath(exchange.path, exchange.query.toString()),
      headers,
      signal: deadline ? AbortSignal.any([exchange.signal, deadline.signal]) : exchange.signal,
    };
    try {
      // What was sent half can't be sent again: only what has no body may meet a connection that has died unseen.
      const { response } = withBody
        ? await this.#dialled(api, { ...outgoing, body: exchange.body })
        : await sendRequest({ ...outgoing, agent: this.#parts.connections.agentFor(api.destination) });
      await passResponse(exchange, response, endToEnd(response.headers));
    } finally {
      timer?.cancel();
    }
  }

  async #dialled(
    api: RemoteApi,
    outgoing: Omit<Parameters<typeof sendRequest>[0], 'agent'>,
  ): Promise<Answer> {
    const connection = await this.#parts.connections.connect(api.destination);
    return sendRequest({ ...outgoing, connection });
  }
}

/** Plain text, as every API server's aggregator answers. */
function unavailable(exchange: Exchange, text: string): void {
  sendText(exchange, 503, `${text}\n`);
}

function headersFor(
  { service }: RemoteApi,
  given: Readonly<Record<string, string | string[] | undefined>>,
  user: UserInfo,
  remoteAddress?: string,
): Record<string, string | string[]> {
  const kept = Object.entries(withoutCredentials(endToEnd(given))).filter(
    ([name]) => !isRemoteUserHeader(name),
  );
  const forwardedFor = [given['x-forwarded-for'], remoteAddress]
    .flat()
    .filter((value) => value !== undefined);
  return {
    ...Object.fromEntries(kept),
    ...(forwardedFor.length > 0 ? { 'x-forwarded-for': forwardedFor.join(', ') } : {}),
    ...remoteUserHeaders(user),
    host: `${service.name}.${service.namespace}.svc`,
  };
}
