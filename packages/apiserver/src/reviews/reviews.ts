import { badRequest, invalid, isApiError, type AnyObject } from '@skerry/api';
import type { VirtualHandler } from '#dispatcher.ts';
import { requireWholeAnswer, sendJson } from '#http/answers.ts';
import { readJson } from '#http/request-body.ts';
import type { AuthorizationAttributes, SecurityParts, UserInfo } from '#security.ts';

/** A question to the server's own security: spec in, status out, nothing kept. */
type Review = (call: {
  readonly user: UserInfo;
  readonly body: AnyObject;
  readonly spec: Record<string, unknown>;
  readonly namespace: string;
  readonly security: SecurityParts;
}) => Promise<Record<string, unknown>>;

/**
 * TokenReview, the access reviews and SelfSubjectReview, answered by the parts that judge requests.
 * Rules: https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/
 */
export function reviewHandlers(security: () => SecurityParts): Map<string, VirtualHandler> {
  const answering =
    (review: Review): VirtualHandler =>
    async ({ info, user, kind }, exchange) => {
      requireWholeAnswer(exchange);
      const body = await readJson(exchange);
      if (typeof body !== 'object' || body === null || Array.isArray(body)) {
        throw badRequest(`the request body is no ${kind.info.kind}`);
      }
      const object = body as AnyObject;
      if (object.kind !== undefined && object.kind !== kind.info.kind) {
        throw badRequest(`${object.kind} cannot be handled as a ${kind.info.kind}`);
      }
      const status = await review({
        user,
        body: object,
        spec: (object.spec ?? {}) as Record<string, unknown>,
        namespace: info.namespace,
        security: security(),
      });
      const { group, version } = kind.info;
      sendJson(exchange, 201, {
        kind: kind.info.kind,
        apiVersion: `${group}/${version}`,
        metadata: object.metadata ?? {},
        ...(object.spec === undefined ? {} : { spec: object.spec }),
        status,
      });
    };
  return new Map([
    ['authentication.k8s.io/tokenreviews', answering(reviewToken)],
    ['authentication.k8s.io/selfsubjectreviews', answering(reviewSelf)],
    ['authorization.k8s.io/subjectaccessreviews', answering(reviewAccess)],
    ['authorization.k8s.io/localsubjectaccessreviews', answering(reviewLocalAccess)],
    ['authorization.k8s.io/selfsubjectaccessreviews', answering(reviewOwnAccess)],
    ['authorization.k8s.io/selfsubjectrulesreviews', answering(reviewOwnRules)],
  ]);
}

const reviewToken: Review = async ({ spec, security }) => {
  const token = spec['token'];
  if (typeof token !== 'string' || token === '') {
    throw badRequest('token is required for TokenReview in authentication');
  }
  const audiences = strings(spec['audiences']);
  try {
    const found = await security.authenticator.reviewToken?.(token, audiences);
    if (!found) return { user: {}, error: 'invalid bearer token' };
    return {
      authenticated: true,
      user: userDocument(found.user),
      ...(found.audiences.length > 0 ? { audiences: found.audiences } : {}),
    };
  } catch (error) {
    if (isApiError(error, 'Unauthorized')) return { user: {}, error: error.message };
    throw error;
  }
};

const reviewSelf: Review = ({ user }) => Promise.resolve({ userInfo: userDocument(user) });

const reviewAccess: Review = ({ spec, security }) => {
  const name = spec['user'];
  const groups = strings(spec['groups']);
  if ((typeof name !== 'string' || name === '') && groups.length === 0) {
    throw invalid({ group: 'authorization.k8s.io', kind: 'SubjectAccessReview' }, '', [
      {
        reason: 'FieldValueInvalid',
        path: 'spec.user',
        message: 'Invalid value: "": at least one of user or group must be specified',
      },
    ]);
  }
  const subject: UserInfo = {
    name: typeof name === 'string' ? name : '',
    groups,
    ...(typeof spec['uid'] === 'string' ? { uid: spec['uid'] } : {}),
    ...(spec['extra'] ? { extra: spec['extra'] as UserInfo['extra'] } : {}),
  };
  return decide(security, attributes(subject, spec, 'SubjectAccessReview'));
};

const reviewLocalAccess: Review = (call) => {
  const asked = (call.spec['resourceAttributes'] ?? {}) as Record<string, unknown>;
  if (asked['namespace'] !== call.namespace) {
    throw badRequest(`spec.resourceAttributes.namespace must match namespace: ${call.namespace}`);
  }
  return reviewAccess(call);
};

const reviewOwnAccess: Review = ({ user, spec, security }) =>
  decide(security, attributes(user, spec, 'SelfSubjectAccessReview'));

const reviewOwnRules: Review = async ({ user, spec, security }) => {
  const namespace = spec['namespace'];
  if (typeof namespace !== 'string' || namespace === '') throw badRequest('no namespace on request');
  const rules = await security.authorizer.rulesFor?.(user, namespace);
  return rules
    ? { ...rules }
    : {
        resourceRules: [],
        nonResourceRules: [],
        incomplete: true,
        evaluationError: 'this authorizer does not list rules',
      };
};

async function decide(
  security: SecurityParts,
  asked: AuthorizationAttributes,
): Promise<Record<string, unknown>> {
  const { allowed, reason } = await security.authorizer.authorize(asked);
  return { allowed, ...(reason ? { reason } : {}) };
}

function attributes(user: UserInfo, spec: Record<string, unknown>, kind: string): AuthorizationAttributes {
  const resource = spec['resourceAttributes'] as Record<string, unknown> | undefined;
  const path = spec['nonResourceAttributes'] as Record<string, unknown> | undefined;
  if ((resource === undefined) === (path === undefined)) {
    throw invalid({ group: 'authorization.k8s.io', kind }, '', [
      {
        reason: 'FieldValueInvalid',
        path: 'spec.resourceAttributes',
        message:
          'Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified',
      },
    ]);
  }
  if (path) return { user, verb: text(path['verb']), path: text(path['path']) };
  return {
    user,
    verb: text(resource!['verb']),
    group: text(resource!['group']),
    version: text(resource!['version']),
    resource: text(resource!['resource']),
    subresource: text(resource!['subresource']),
    namespace: text(resource!['namespace']),
    name: text(resource!['name']),
  };
}

function userDocument({ name, uid, groups, extra }: UserInfo): Record<string, unknown> {
  return { username: name, ...(uid ? { uid } : {}), groups, ...(extra ? { extra } : {}) };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}
