import { ApiError, isApiError, type Status } from '@skerry/api';
import { isWebSocketRequest } from '@skerry/streams';
import { describeError, type Clock, type Logger, type Timer } from '@skerry/base';
import type { AuditMetrics } from '#audit/audit-metrics.ts';
import { auditorOf, noAuditor, NotAuditedError, type Auditor } from '#audit/auditor.ts';
import { forbiddenRequest } from '#authz/forbidden-request.ts';
import { sendStatus, sendText } from '#http/answers.ts';
import { refuseUpgrade, type Exchange } from '#http/exchange.ts';
import type { RequestHandler, UpgradeRequest } from '#http/front.ts';
import { exchangeOverWebSocket } from '#http/web-socket-exchange.ts';
import { impersonated } from '#impersonation.ts';
import type { FlowControl } from '#flowcontrol/flow-control.ts';
import { OverloadedError, takeSeat } from '#flowcontrol/take-seat.ts';
import { timeoutOf } from '#http/request-timeout.ts';
import type { Measured, RequestMetrics } from '#request-metrics.ts';
import { isLongRunning, requestInfo, type RequestInfo } from '#request-info.ts';
import { anonymousUser, type AuthorizationAttributes, type SecurityParts, type UserInfo } from '#security.ts';

/** A request that may go on: who asks, and for what. */
export interface AuthorizedRequest {
  readonly info: RequestInfo;
  readonly user: UserInfo;
}

export interface RequestTarget {
  handle(request: AuthorizedRequest, exchange: Exchange): Promise<void>;
  upgrade(request: AuthorizedRequest, upgrade: UpgradeRequest): Promise<void>;
}

export interface PipelineParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly uid: () => string;
  readonly metrics: RequestMetrics;
  readonly flowControl: FlowControl;
  readonly auditMetrics: AuditMetrics;
  security(): SecurityParts;
}

/** Subresources that let their user act inside a pod. */
const commandSubresources = new Set(['exec', 'attach', 'portforward']);

function tooSlow(): ApiError {
  return new ApiError('Timeout', 'Timeout: request did not complete within the allotted timeout', {
    details: {},
  });
}

/** How far a request has come. */
interface Progress {
  waitedMs: number;
  deadline: Timer | undefined;
  readonly audited: Auditor;
}

type Asked = Pick<
  Exchange,
  'method' | 'path' | 'query' | 'target' | 'headers' | 'headerValues' | 'peer' | 'remoteAddress' | 'audit'
>;

/**
 * What every request passes on its way to a handler, and every failure on its way back: identity, impersonation,
 * authorization, audit, and the rule that whatever goes wrong is answered with a `Status`. A thrown value that is no
 * ApiError is a bug: it is logged once, here, and the client learns only that it happened.
 */
export class RequestPipeline implements RequestHandler {
  readonly #target: RequestTarget;
  readonly #parts: PipelineParts;

  constructor(target: RequestTarget, parts: PipelineParts) {
    this.#target = target;
    this.#parts = parts;
  }

  async handle(exchange: Exchange): Promise<void> {
    const { clock, metrics } = this.#parts;
    const startedMs = clock.monotonic();
    const auditId = exchange.headers['audit-id'] ?? this.#parts.uid();
    exchange.setHeader('Audit-Id', auditId.slice(0, 64));
    exchange.setHeader('Cache-Control', 'no-cache, private');
    const measured = measuredOf(exchange);
    const endLongRunning = measured.longRunning ? metrics.beginLongRunning(measured) : undefined;
    const audited = this.#auditor(exchange, measured, auditId);
    const progress: Progress = { waitedMs: 0, deadline: undefined, audited };
    try {
      await this.#serve(exchange, measured, progress, startedMs);
    } catch (error) {
      audited.failed(error);
      this.#answerFailure(exchange, error, measured);
    }
    progress.deadline?.cancel();
    endLongRunning?.();
    const durationMs = clock.monotonic() - startedMs;
    const { status: code, bytesSent: bytes } = exchange;
    metrics.end(measured, { code, bytes, durationMs, waitedMs: progress.waitedMs });
    audited.end();
  }

  async #serve(exchange: Exchange, measured: Measured, progress: Progress, startedMs: number): Promise<void> {
    const { clock, metrics, flowControl } = this.#parts;
    const { info, longRunning } = measured;
    const timeoutMs = longRunning ? undefined : timeoutOf(exchange.query);
    if (timeoutMs !== undefined) {
      progress.deadline = clock.after(timeoutMs, () => this.#answerFailure(exchange, tooSlow(), measured));
    }
    const user = await this.#identify(exchange, info, progress.audited);
    // Streams to pods and nodes are bounded by what they stream from.
    const bounded = !longRunning || info.verb === 'watch';
    const beforeMs = clock.monotonic();
    const request = { user, info, timeoutMs, startedMs, clock };
    const seat = bounded ? await takeSeat(flowControl, exchange, request) : undefined;
    progress.waitedMs = clock.monotonic() - beforeMs;
    const endExecuting = longRunning ? undefined : metrics.beginExecuting(info);
    try {
      await this.#authorize(info, user, exchange);
      await this.#target.handle({ info, user }, exchange);
    } finally {
      endExecuting?.();
      seat?.release();
    }
  }

  async upgrade(upgrade: UpgradeRequest): Promise<void> {
    const { exchange, socket } = upgrade;
    const info = requestInfo(exchange.method, exchange.path, exchange.query);
    if (info.verb === 'watch' && isWebSocketRequest(upgrade.message)) {
      await this.handle(exchangeOverWebSocket(upgrade));
      return;
    }
    const auditId = exchange.headers['audit-id'] ?? this.#parts.uid();
    const audited = this.#auditor(exchange, { info, longRunning: true }, auditId);
    try {
      const user = await this.#identify(exchange, info, audited);
      await this.#authorize(info, user, exchange);
      await this.#authorizeCommand(info, user, exchange);
      await this.#target.upgrade({ info, user }, upgrade);
      exchange.audit.answered(101);
      if (!socket.destroyed) await new Promise<void>((resolve) => socket.once('close', () => resolve()));
    } catch (error) {
      audited.failed(error);
      const status = this.#statusOf(error, exchange);
      const body = JSON.stringify(status);
      exchange.audit.answered(status.code, { body, contentType: 'application/json' });
      if (socket.writable) refuseUpgrade(socket, status.code, 'application/json', body);
      else socket.destroy();
    }
    audited.end();
  }

  async #identify(asked: Asked, info: RequestInfo, audited: Auditor): Promise<UserInfo> {
    const { metrics, clock } = this.#parts;
    const security = this.#parts.security();
    const beganMs = clock.monotonic();
    let user: UserInfo | undefined;
    try {
      user = await security.authenticator.authenticate({
        headers: asked.headers,
        peer: asked.peer,
        remoteAddress: asked.remoteAddress,
        path: asked.path,
      });
      const { anonymous = true } = security;
      const open = typeof anonymous === 'function' ? anonymous(asked.path) : anonymous;
      if (!user && !open) throw new ApiError('Unauthorized', 'Unauthorized');
      const ofPeer = user && asked.headers['authorization'] === undefined ? asked.peer?.expiresMs : undefined;
      metrics.authenticated('success', {
        tookMs: clock.monotonic() - beganMs,
        ...(user ? { user: user.name } : {}),
        ...(ofPeer === undefined ? {} : { certificateEndMs: ofPeer - clock.now() }),
      });
    } catch (error) {
      metrics.authenticated('failure', { tookMs: clock.monotonic() - beganMs });
      throw error;
    }
    const asking = user ?? anonymousUser;
    const received = audited.begin(asking);
    if (received) await received;
    const attributes = attributesOf(info, asking, asked.query);
    const acting = await impersonated(asked, attributes, security.authorizer);
    if (!acting) return asking;
    audited.impersonated(acting);
    return acting.user;
  }

  async #authorize(info: RequestInfo, user: UserInfo, asked: Asked): Promise<void> {
    const attributes = attributesOf(info, user, asked.query);
    const { metrics, clock } = this.#parts;
    const beganMs = clock.monotonic();
    const { allowed, reason } = await this.#parts.security().authorizer.authorize(attributes);
    metrics.authorized(allowed ? 'allowed' : 'denied', clock.monotonic() - beganMs);
    asked.audit.add('authorization.k8s.io/decision', allowed ? 'allow' : 'forbid');
    asked.audit.add('authorization.k8s.io/reason', reason);
    if (!allowed) throw forbiddenRequest(attributes, reason);
  }

  /**
   * A WebSocket opens with GET, and who may only `get` must not run commands by that: streams into a pod take `create`
   * however they are opened. Rule: https://kubernetes.io/docs/reference/access-authn-authz/authorization/
   */
  async #authorizeCommand(info: RequestInfo, user: UserInfo, asked: Asked): Promise<void> {
    if (info.type !== 'resource' || info.group !== '' || info.resource !== 'pods') return;
    if (info.verb === 'create' || !commandSubresources.has(info.subresource)) return;
    await this.#authorize({ ...info, verb: 'create' }, user, asked);
  }

  #answerFailure(exchange: Exchange, error: unknown, measured: Measured): void {
    const { metrics } = this.#parts;
    if (error instanceof OverloadedError) {
      metrics.terminated(measured, 429);
      exchange.setHeader('Retry-After', String(error.retryAfterSeconds));
      sendText(exchange, 429, `${error.message}\n`);
      return;
    }
    if (error instanceof NotAuditedError) {
      exchange.setHeader('X-Content-Type-Options', 'nosniff');
      sendText(exchange, 500, error.textFor(exchange.path));
      return;
    }
    const status = this.#statusOf(error, exchange);
    if (exchange.answered) {
      // Half an answer can't be taken back: breaking it off is the only honest end.
      if (exchange.abort()) metrics.aborted(measured);
      return;
    }
    if (status.code === 504) metrics.terminated(measured, 504);
    // Who doesn't speak the kind's language is told nothing of the kind.
    if (status.code === 406 || status.code === 415) exchange.warnings.length = 0;
    const { retryAfterSeconds } = status.details ?? {};
    if (retryAfterSeconds !== undefined) exchange.setHeader('Retry-After', String(retryAfterSeconds));
    sendStatus(exchange, status);
  }

  #statusOf(error: unknown, { method, path }: Pick<Exchange, 'method' | 'path'>): Status {
    if (isApiError(error)) {
      if (error.code >= 500 && error.cause !== undefined) {
        this.#parts.log.warn('request failed', { method, path, error: describeError(error) });
      }
      return error.status;
    }
    const stack = error instanceof Error ? error.stack : undefined;
    this.#parts.log.error('request panicked', { method, path, error: describeError(error), stack });
    return new ApiError(
      'InternalError',
      'Internal error occurred: the server could not answer; its log says why',
      { details: { causes: [{ message: 'the server could not answer; its log says why' }] } },
    ).status;
  }

  #auditor(asked: Asked, measured: Pick<Measured, 'info' | 'longRunning'>, auditId: string): Auditor {
    const { audit } = this.#parts.security();
    if (!audit) return noAuditor;
    const { clock, auditMetrics } = this.#parts;
    const { info, longRunning } = measured;
    return auditorOf({ ...audit, metrics: auditMetrics }, asked, { info, longRunning, auditId, clock });
  }
}

function measuredOf({ method, path, query, headers }: Exchange): Measured {
  const info = requestInfo(method, path, query);
  return { info, method, query, contentType: headers['content-type'], longRunning: isLongRunning(info) };
}

function attributesOf(info: RequestInfo, user: UserInfo, query: URLSearchParams): AuthorizationAttributes {
  if (info.type === 'path') return { user, verb: info.verb, path: info.path };
  const { verb, group, version, resource, subresource, namespace, name } = info;
  return {
    user,
    verb,
    group,
    version,
    resource,
    subresource,
    namespace,
    name,
    fieldSelector: query.get('fieldSelector') ?? undefined,
    labelSelector: query.get('labelSelector') ?? undefined,
  };
}
