import { badRequest, isApiError, type AnyObject, type ObjectMeta } from '@skerry/api';
import type { VirtualHandler } from '#dispatcher.ts';
import { requireWholeAnswer, sendJson } from '#http/answers.ts';
import { readDocument } from '#http/request-body.ts';
import { conform } from '#registry/conform.ts';
import { ownCreated } from '#registry/field-ownership.ts';
import { writeOptionsOf } from '#registry/request-options.ts';
import { type AccessSpec, accessAttributes, checkAccessSpec, type Scope } from '#reviews/access-review.ts';
import type { AuthorizationAttributes, SecurityParts, UserInfo } from '#security.ts';

/** A question to the server's own security: spec in, status out, nothing kept. */
type Review = (call: {
  readonly user: UserInfo;
  readonly body: AnyObject;
  readonly spec: Record<string, unknown>;
  readonly metadata: ObjectMeta;
  readonly security: SecurityParts;
}) => Promise<Record<string, unknown>>;

/**
 * TokenReview, the access reviews and SelfSubjectReview, answered by the parts that judge requests.
 * Rules: https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/
 */
export function reviewHandlers(
  security: () => SecurityParts,
  timestamp: () => string,
): Map<string, VirtualHandler> {
  const answering =
    (review: Review, { keepsSpec = true, keepsMetadata = true } = {}): VirtualHandler =>
    async ({ info, user, kind }, exchange) => {
      requireWholeAnswer(exchange);
      const write = writeOptionsOf(exchange, user, { subresource: '', optionsKind: 'CreateOptions' });
      const { value, faults } = await readDocument(exchange, kind.info.kind);
      const how = { validation: write.fieldValidation, warnings: write.warnings, earlierFaults: faults };
      const asked = { ...kind, custom: false };
      const body = conform(asked, value, how);
      const metadata = settledMetadata(body, kind.info.namespaced ? info.namespace : '');
      const spec = (body.spec ?? {}) as Record<string, unknown>;
      const keepsFields = keepsSpec && keepsMetadata && write.fieldManager !== undefined;
      if (keepsFields) {
        body.metadata = metadata;
        ownCreated(asked, body, { manager: write.fieldManager, time: timestamp() });
      }
      const status = await review({ user, body, spec, metadata, security: security() });
      const { group, version } = kind.info;
      sendJson(exchange, 201, {
        kind: kind.info.kind,
        apiVersion: `${group}/${version}`,
        metadata: keepsMetadata ? metadata : { creationTimestamp: timestamp() },
        ...(body.spec === undefined ? {} : { spec: keepsSpec ? body.spec : {} }),
        status,
      });
    };
  return new Map([
    ['authentication.k8s.io/tokenreviews', answering(reviewToken)],
    ['authentication.k8s.io/selfsubjectreviews', answering(reviewSelf, { keepsMetadata: false })],
    ['authorization.k8s.io/subjectaccessreviews', answering(reviewAccess('cluster'))],
    ['authorization.k8s.io/localsubjectaccessreviews', answering(reviewAccess('local'))],
    ['authorization.k8s.io/selfsubjectaccessreviews', answering(reviewAccess('self'))],
    ['authorization.k8s.io/selfsubjectrulesreviews', answering(reviewOwnRules, { keepsSpec: false })],
  ]);
}

/** The namespace of the URL becomes the review's; another one in it is refused, and one in a review without is dropped. */
function settledMetadata(body: AnyObject, namespace: string): ObjectMeta {
  const { namespace: given, ...rest } = body.metadata ?? {};
  if (!namespace) return rest;
  if (given && given !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  return { ...rest, namespace };
}

const reviewToken: Review = async ({ spec, security }) => {
  const token = spec['token'];
  if (typeof token !== 'string' || token === '') {
    throw badRequest('token is required for TokenReview in authentication');
  }
  const audiences = (spec['audiences'] ?? []) as string[];
  try {
    const found = await security.authenticator.reviewToken?.(token, audiences);
    if (!found || 'fault' in found) {
      const bad = 'invalid bearer token';
      return { user: {}, error: found?.fault ? `[${bad}, ${found.fault}]` : bad };
    }
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

const reviewAccess =
  (scope: Scope): Review =>
  async ({ user, spec: given, metadata, security }) => {
    const spec = given as AccessSpec;
    checkAccessSpec(spec, metadata, scope);
    const subject: UserInfo =
      scope === 'self'
        ? user
        : {
            name: spec.user ?? '',
            groups: spec.groups ?? [],
            ...(spec.uid ? { uid: spec.uid } : {}),
            ...(spec.extra ? { extra: spec.extra } : {}),
          };
    const { attributes, evaluationError } = accessAttributes(subject, spec);
    return { ...(await decide(security, attributes)), ...(evaluationError ? { evaluationError } : {}) };
  };

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

function userDocument({ name, uid, groups, extra }: UserInfo): Record<string, unknown> {
  return { username: name, ...(uid ? { uid } : {}), groups, ...(extra ? { extra } : {}) };
}
