/**
 * The events of one request: what came in, that an answer began (for streams), that it ended, or that the server broke over
 * it. Bodies are read again only for the log, from the bytes that came and went, so that nothing which handlers change on
 * their way stands in it, and so that requests pay nothing where no log is written.
 * https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/
 */
import { isRecord } from '@skerry/base';
import { isIP } from 'node:net';
import { decodeProtobuf, type Status } from '@skerry/api';
import type { Clock } from '@skerry/base';
import type {
  AuditEvent,
  AuditLevel,
  AuditObjectRef,
  AuditSink,
  AuditStage,
  AuditUser,
} from '#audit/audit-event.ts';
import type { AuditMetrics } from '#audit/audit-metrics.ts';
import type { AuditNotes, NotedBody } from '#audit/audit-notes.ts';
import type { AuditDecision, AuditPolicy } from '#audit/policy.ts';
import type { Exchange } from '#http/exchange.ts';
import type { RequestInfo } from '#request-info.ts';
import type { UserInfo } from '#security.ts';

export interface AuditLog {
  readonly policy: AuditPolicy;
  readonly sink: AuditSink;
  readonly metrics: AuditMetrics;
}

export type AuditedRequest = Pick<Exchange, 'target' | 'headers' | 'remoteAddress' | 'audit'>;

const userAgentLengthMax = 1024;

export class RequestAudit {
  readonly #log: AuditLog;
  readonly #clock: Clock;
  readonly #decision: AuditDecision & { readonly level: Exclude<AuditLevel, 'None'> };
  readonly #notes: AuditNotes;
  readonly #base: Pick<
    AuditEvent,
    'auditID' | 'requestURI' | 'verb' | 'user' | 'sourceIPs' | 'userAgent' | 'requestReceivedTimestamp'
  >;
  readonly #about: AuditObjectRef | undefined;
  #impersonated: AuditUser | undefined;
  #constraint: string | undefined;
  #started = false;
  /** Where the log must have the request before it goes on. */
  readonly received: Promise<void> | undefined;
  #panic: string | undefined;

  /**
   * Undefined where the policy wants nothing of it. `user` is who asks; unset for a credential that was refused, of which
   * only the answer is told.
   */
  static begin(
    log: AuditLog,
    request: AuditedRequest,
    facts: {
      readonly info: RequestInfo;
      readonly user: UserInfo | undefined;
      readonly auditId: string;
      readonly receivedMs: number;
      readonly longRunning: boolean;
      readonly clock: Clock;
    },
  ): RequestAudit | undefined {
    const decision = log.policy.decide(facts.info, facts.user);
    log.metrics.decided(decision.level);
    if (decision.level === 'None') return undefined;
    return new RequestAudit(log, request, { ...facts, decision: { ...decision, level: decision.level } });
  }

  private constructor(
    log: AuditLog,
    request: AuditedRequest,
    facts: {
      readonly info: RequestInfo;
      readonly user: UserInfo | undefined;
      readonly auditId: string;
      readonly receivedMs: number;
      readonly longRunning: boolean;
      readonly clock: Clock;
      readonly decision: AuditDecision & { readonly level: Exclude<AuditLevel, 'None'> };
    },
  ) {
    const { info, user, decision } = facts;
    const { headers } = request;
    this.#log = log;
    this.#clock = facts.clock;
    this.#decision = decision;
    this.#notes = request.audit;
    this.#base = {
      auditID: facts.auditId,
      requestURI: request.target,
      verb: info.verb,
      user: user ? userOf(user) : {},
      sourceIPs: sourceAddresses(headers, request.remoteAddress),
      userAgent: shortened(headers['user-agent']),
      requestReceivedTimestamp: timestamp(facts.receivedMs),
    };
    this.#about = info.type === 'resource' ? referenceOf(info) : undefined;
    const writes = info.type === 'resource' && info.verb !== 'get' && info.verb !== 'list';
    this.#notes.keep({
      // Also where no body is written: it has the name of what is created.
      request: writes,
      response: info.type === 'resource' && decision.level === 'RequestResponse' && !facts.longRunning,
      ...(facts.longRunning || !user ? { onAnswer: () => this.#start() } : {}),
    });
    if (user) this.received = this.#record('RequestReceived', facts.receivedMs);
  }

  impersonated(user: UserInfo, constraint?: string): void {
    this.#impersonated = userOf(user);
    this.#constraint = constraint;
  }

  /** The server broke over the request. */
  panicked(message: string): void {
    this.#panic = message;
  }

  /** The answer is whole, or will never be. */
  end(): void {
    if (this.#panic !== undefined) {
      this.#emit('Panic', this.#clock.now());
      return;
    }
    // Of a refused credential only the answer is told.
    if (this.#base.user.username === undefined) {
      if (!this.#started) this.#start();
      return;
    }
    this.#emit('ResponseComplete', this.#clock.now());
  }

  #start(): void {
    this.#started = true;
    this.#emit('ResponseStarted', this.#clock.now());
  }

  #emit(stage: AuditStage, nowMs: number): void {
    // The answer has been given or is on its way: that it is not in the log is counted there.
    this.#record(stage, nowMs)?.catch(() => undefined);
  }

  #record(stage: AuditStage, nowMs: number): Promise<void> | undefined {
    if (this.#decision.omitStages.has(stage)) return undefined;
    const { level } = this.#decision;
    const answer = stage === 'RequestReceived' ? {} : this.#answer(level);
    const event: AuditEvent = {
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level,
      auditID: this.#base.auditID,
      stage,
      requestURI: this.#base.requestURI,
      verb: this.#base.verb,
      user: this.#base.user,
      impersonatedUser: this.#impersonated,
      ...(this.#constraint ? { authenticationMetadata: { impersonationConstraint: this.#constraint } } : {}),
      sourceIPs: this.#base.sourceIPs,
      userAgent: this.#base.userAgent,
      objectRef: this.#about,
      ...answer,
      requestReceivedTimestamp: this.#base.requestReceivedTimestamp,
      stageTimestamp: timestamp(nowMs),
      annotations: this.#notes.annotations,
    };
    return this.#log.sink.record(event);
  }

  #answer(level: AuditLevel): Partial<AuditEvent> {
    const { requestBody, responseBody } = this.#notes;
    const request = this.#wants(level, requestBody) ? this.#read(requestBody) : undefined;
    const response = this.#read(responseBody);
    return {
      objectRef: this.#about && { ...this.#about, ...named(this.#about, request) },
      responseStatus: this.#status(response),
      requestObject: level === 'Metadata' ? undefined : this.#shown(request),
      responseObject: level === 'RequestResponse' && this.#about ? this.#shown(response) : undefined,
    };
  }

  /** Reading YAML is slow; where only names are wanted and the path has them, it isn't. */
  #wants(level: AuditLevel, body: NotedBody | undefined): boolean {
    return level !== 'Metadata' || this.#about?.name === undefined || body?.mediaType === 'application/json';
  }

  #status(response: unknown): Partial<Status> {
    if (this.#panic !== undefined) {
      return {
        metadata: {},
        status: 'Failure',
        message: `APIServer panic'd: ${this.#panic}`,
        reason: 'InternalError',
        code: 500,
      };
    }
    const code = this.#notes.status;
    if (code === 0) {
      return { metadata: {}, status: 'Success', message: 'Connection closed early', code: 200 };
    }
    if (!isRecord(response) || response['kind'] !== 'Status') return { metadata: {}, code };
    const { status, message, reason, details } = response as Partial<Status>;
    return { metadata: {}, status, message, reason, details, code };
  }

  #read(body: NotedBody | undefined): unknown {
    if (!body || body.bytes.length === 0) return undefined;
    try {
      return decoded(body);
    } catch {
      // What can't be read was answered with why; the log has that.
      return undefined;
    }
  }

  #shown(value: unknown): unknown {
    return this.#decision.omitManagedFields ? withoutManagedFields(value) : value;
  }
}

function decoded({ mediaType, bytes }: NotedBody): unknown {
  switch (mediaType) {
    case 'application/vnd.kubernetes.protobuf':
      return decodeProtobuf(bytes);
    case '':
    // YAML that was read is noted as JSON, see `receivedAsJson`; most that is called YAML is JSON.
    case 'application/yaml':
    case 'application/apply-patch+yaml':
    case 'application/json':
    case 'application/json-patch+json':
    case 'application/merge-patch+json':
    case 'application/strategic-merge-patch+json':
      return JSON.parse(Buffer.from(bytes).toString());
    default:
      return undefined;
  }
}

function userOf({ name, uid, groups, extra }: UserInfo): AuditUser {
  return {
    username: name,
    ...(uid ? { uid } : {}),
    ...(groups.length > 0 ? { groups } : {}),
    ...(extra && Object.keys(extra).length > 0 ? { extra } : {}),
  };
}

function referenceOf(info: Extract<RequestInfo, { type: 'resource' }>): AuditObjectRef {
  const { resource, namespace, name, group, version, subresource } = info;
  return {
    resource,
    ...(namespace ? { namespace } : {}),
    ...(name ? { name } : {}),
    ...(group ? { apiGroup: group } : {}),
    apiVersion: version,
    ...(subresource ? { subresource } : {}),
  };
}

/** What the body says of the object that the path doesn't. */
function named(about: AuditObjectRef, request: unknown): AuditObjectRef {
  const meta = isRecord(request) ? request['metadata'] : undefined;
  if (!isRecord(meta)) return {};
  const text = (key: string) => (typeof meta[key] === 'string' && meta[key] ? meta[key] : undefined);
  return {
    namespace: about.namespace ?? text('namespace'),
    name: about.name ?? text('name'),
    uid: text('uid'),
    resourceVersion: text('resourceVersion'),
  };
}

/** `X-Forwarded-For`, `X-Real-Ip`, and who stands at the other end, which alone is sure. */
function sourceAddresses(
  headers: AuditedRequest['headers'],
  remoteAddress: string | undefined,
): string[] | undefined {
  const forwarded = (headers['x-forwarded-for'] ?? '').split(',').map((each) => each.trim());
  const found = forwarded.filter((each) => isIP(each) !== 0);
  for (const each of [headers['x-real-ip']?.trim(), remoteAddress?.replace(/^::ffff:(?=\d+\.)/, '')]) {
    if (each && isIP(each) !== 0 && found.at(-1) !== each) found.push(each);
  }
  return found.length > 0 ? found : undefined;
}

function shortened(userAgent: string | undefined): string | undefined {
  if (userAgent === undefined || userAgent.length <= userAgentLengthMax) return userAgent;
  return `${userAgent.slice(0, userAgentLengthMax)}...TRUNCATED`;
}

function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}

function withoutManagedFields(value: unknown): unknown {
  if (!isRecord(value)) return value;
  const { metadata, items, rows } = value;
  return {
    ...value,
    ...(isRecord(metadata) ? { metadata: { ...metadata, managedFields: undefined } } : {}),
    ...(Array.isArray(items) ? { items: items.map((item) => withoutManagedFields(item)) } : {}),
    ...(Array.isArray(rows)
      ? {
          rows: rows.map((row: unknown) =>
            isRecord(row) ? { ...row, object: withoutManagedFields(row['object']) } : row,
          ),
        }
      : {}),
  };
}
