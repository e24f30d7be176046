/**
 * AdmissionReview: the question put to a webhook, and its answer checked. Version v1, or v1beta1 where a webhook knows no
 * other; their questions are alike, and the older one's answer is taken with less ado.
 * https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#request
 */
import type { AnyObject, Status } from '@skerry/api';
import { asRequested, namespaceOf, type ShownAs } from '#admission/request-view.ts';
import { CallFailure } from '#outgoing/call-failure.ts';
import type { AdmissionContext } from '#security.ts';

const group = 'admission.k8s.io';
export type ReviewVersion = 'v1' | 'v1beta1';

export interface Verdict {
  readonly allowed: boolean;
  readonly result: Partial<Status> | undefined;
  readonly warnings: readonly string[];
  readonly auditAnnotations: Readonly<Record<string, string>>;
  /** Operations of a JSON patch. */
  readonly patch: unknown[] | undefined;
}

/** The first that both sides know. */
export function reviewVersion(versions: readonly string[]): ReviewVersion {
  const known = versions.find(
    (version): version is ReviewVersion => version === 'v1' || version === 'v1beta1',
  );
  if (known) return known;
  throw new CallFailure(
    'could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)',
    { code: 400 },
  );
}

export function reviewOf(
  ctx: AdmissionContext,
  { kind, resource }: ShownAs,
  asked: {
    readonly version: ReviewVersion;
    readonly uid: string;
    readonly name: string;
    readonly object: AnyObject | undefined;
    readonly oldObject: AnyObject | undefined;
  },
): object {
  const { user, subresource, operation } = ctx;
  const requested = asRequested(ctx);
  const sub = subresource === '' ? {} : { subResource: subresource };
  const namespace = namespaceOf({ ...ctx, name: asked.name });
  return {
    kind: 'AdmissionReview',
    apiVersion: `${group}/${asked.version}`,
    request: {
      uid: asked.uid,
      kind,
      resource,
      ...sub,
      requestKind: requested.kind,
      requestResource: requested.resource,
      ...(subresource === '' ? {} : { requestSubResource: subresource }),
      ...(asked.name === '' ? {} : { name: asked.name }),
      ...(namespace === '' ? {} : { namespace }),
      operation,
      userInfo: {
        username: user.name,
        ...(user.uid ? { uid: user.uid } : {}),
        groups: user.groups,
        ...(user.extra && Object.keys(user.extra).length > 0 ? { extra: user.extra } : {}),
      },
      object: asked.object ?? null,
      oldObject: asked.oldObject ?? null,
      dryRun: ctx.dryRun,
      options: operation === 'CONNECT' ? null : ctx.options,
    },
  };
}

interface Response {
  readonly uid?: unknown;
  readonly allowed?: unknown;
  readonly status?: Partial<Status>;
  readonly patch?: unknown;
  readonly patchType?: unknown;
  readonly auditAnnotations?: Record<string, string> | null;
  readonly warnings?: string[] | null;
}

/** Throws a CallFailure for an answer that is none. */
export function verdictOf(
  answer: unknown,
  expected: { readonly version: ReviewVersion; readonly uid: string; readonly mutating: boolean },
): Verdict {
  const review = (isRecord(answer) ? answer : {}) as {
    apiVersion?: string;
    kind?: string;
    response?: Response | null;
  };
  const { response } = review;
  if (!isRecord(response)) throw invalid('webhook response was absent');
  if (expected.version === 'v1') checkStrictly(review, response, expected);
  return {
    allowed: response.allowed === true,
    result: isRecord(response.status) ? response.status : undefined,
    warnings: strings(response.warnings),
    auditAnnotations: isRecord(response.auditAnnotations) ? response.auditAnnotations : {},
    patch: expected.mutating && response.patch ? operationsOf(response) : undefined,
  };
}

function checkStrictly(
  { apiVersion = '', kind = '' }: { apiVersion?: string; kind?: string },
  { uid, patch, patchType }: Response,
  expected: { readonly uid: string; readonly mutating: boolean },
): void {
  if (uid !== expected.uid) {
    throw invalid(`expected response.uid=${JSON.stringify(expected.uid)}, got ${JSON.stringify(uid ?? '')}`);
  }
  if (apiVersion !== `${group}/v1` || kind !== 'AdmissionReview') {
    throw invalid(
      `expected webhook response of ${group}/v1, Kind=AdmissionReview, got ${apiVersion || '/'}, Kind=${kind}`,
    );
  }
  const patched = patch !== undefined && patch !== null && patch !== '';
  const typed = patchType !== undefined && patchType !== null;
  if (!expected.mutating) {
    if (patched) throw invalid('validating webhook may not return response.patch');
    if (typed) throw invalid('validating webhook may not return response.patchType');
    return;
  }
  if (patched && !typed) throw invalid('webhook returned response.patch but not response.patchType');
  if (!patched && typed) throw invalid('webhook returned response.patchType but not response.patch');
  if (patchType === '') throw invalid('webhook returned invalid response.patchType of ""');
}

function invalid(why: string): CallFailure {
  return new CallFailure(`received invalid webhook response: ${why}`);
}

function operationsOf({ patch, patchType }: Response): unknown[] {
  if (patchType !== undefined && patchType !== null && patchType !== 'JSONPatch') {
    throw new CallFailure(`unsupported patch type ${JSON.stringify(patchType)}`, { code: 400 });
  }
  try {
    const operations: unknown = JSON.parse(Buffer.from(String(patch), 'base64').toString());
    if (operations === null) return [];
    if (Array.isArray(operations)) return operations;
    throw new Error('json: cannot unmarshal the patch into a list of operations');
  } catch (cause) {
    throw new CallFailure(`received undecodable patch in webhook response: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function isRecord(value: unknown): value is Record<string, never> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];
}
