/**
 * The webhooks' answers, free of I/O: an AdmissionReview or ConversionReview in, the same with its response out.
 * https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#webhook-request-and-response
 */
import { sameJson } from '@skerry/api';
import type { FieldError, KubeObject, NodeImage } from '@skerry/api';
import { describeError } from '@skerry/base';
import type { FeatureGates } from '#kruise/feature-gates.ts';
import type { ImageListPullJob, ImagePullJob } from '#kruise/kinds/image-pull.ts';
import type { AdvancedDaemonSet } from '#kruise/kinds/daemon-set.ts';
import type { BroadcastJob } from '#kruise/kinds/broadcast-job.ts';
import { conversionPath } from '#kruise/manifests/webhook-endpoint.ts';
import { reviewedKinds, reviewPath } from '#kruise/manifests/webhooks.ts';
import type { ReviewedKind, ReviewVerb } from '#kruise/manifests/webhooks.ts';
import { convertDaemonSet } from '#kruise/webhooks/conversion.ts';
import { setDefaults } from '#kruise/webhooks/defaults.ts';
import {
  imageListPullJobFault,
  imagePullJobFault,
  nodeImageFault,
} from '#kruise/webhooks/image-validation.ts';
import { broadcastJobFaults, daemonSetFaults } from '#kruise/webhooks/validation.ts';

interface AdmissionRequest {
  readonly uid: string;
  readonly operation: string;
  readonly object: KubeObject | null;
  readonly oldObject: KubeObject | null;
}

interface ConversionRequest {
  readonly uid: string;
  readonly desiredAPIVersion: string;
  readonly objects: KubeObject[];
}

export interface Review<T = unknown> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly request: T;
}

export interface ReviewContext {
  readonly gates: FeatureGates;
  /** RFC 3339. */
  readonly now: string;
}

type Answer = (review: Review<never>, context: ReviewContext) => object;

/** What answers at each path. */
export const reviewers: ReadonlyMap<string, Answer> = new Map<string, Answer>([
  ...(Object.keys(reviewedKinds) as ReviewedKind[]).flatMap((kind): [string, Answer][] => [
    [reviewPath('mutate', kind), (review, context) => admit('mutate', kind, review, context)],
    [reviewPath('validate', kind), (review, context) => admit('validate', kind, review, context)],
  ]),
  [conversionPath, convert],
]);

function admit(
  verb: ReviewVerb,
  kind: ReviewedKind,
  { apiVersion, request }: Review<AdmissionRequest>,
  context: ReviewContext,
): object {
  const { uid, object } = request;
  const answer = object ? (verb === 'mutate' ? mutation : verdict)(kind, request, context) : allowed;
  return { apiVersion, kind: 'AdmissionReview', response: { uid, ...answer } };
}

const allowed = { allowed: true };

function denied(message: string, code: number): object {
  return { allowed: false, status: { code, message } };
}

function mutation(kind: ReviewedKind, { object }: AdmissionRequest, { now }: ReviewContext): object {
  const copy = structuredClone(object) as KubeObject & { spec?: unknown };
  setDefaults[kind](copy as never, now);
  if (sameJson(copy, object)) return allowed;
  const patch = JSON.stringify([{ op: 'replace', path: '/spec', value: copy.spec }]);
  return { ...allowed, patchType: 'JSONPatch', patch: Buffer.from(patch).toString('base64') };
}

/** The rules of each kind; `old` is there where an object is replaced. */
const judges: Readonly<Record<ReviewedKind, (object: never, old: never, gates: FeatureGates) => object>> = {
  daemonset: (object: AdvancedDaemonSet, old: AdvancedDaemonSet | undefined) =>
    byFaults(daemonSetFaults(object, old)),
  broadcastjob: (object: BroadcastJob) => byFaults(broadcastJobFaults(object)),
  nodeimage: (object: NodeImage) => byFault(nodeImageFault(object)),
  imagelistpulljob: (object: ImageListPullJob, _, gates) =>
    pullGate(gates) ?? byFault(imageListPullJobFault(object)),
  imagepulljob: (object: ImagePullJob, old: ImagePullJob | undefined, gates) =>
    pullGate(gates) ??
    (old && !sameJson(object.spec?.pullSecrets, old.spec?.pullSecrets)
      ? denied('spec.pullSecrets is immutable', 403)
      : byFault(imagePullJobFault(object))),
};

function verdict(
  kind: ReviewedKind,
  { object, oldObject, operation }: AdmissionRequest,
  { gates }: ReviewContext,
): object {
  const old = operation === 'UPDATE' ? oldObject : null;
  return judges[kind](object as never, (old ?? undefined) as never, gates);
}

function pullGate({ ImagePullJobGate }: FeatureGates): object | undefined {
  return ImagePullJobGate ? undefined : denied('feature-gate ImagePullJobGate is not enabled', 403);
}

function byFault(fault: string | undefined): object {
  return fault === undefined ? allowed : denied(fault, 400);
}

/** Several faults as Kubernetes joins them. */
function byFaults(faults: readonly FieldError[]): object {
  if (faults.length === 0) return allowed;
  const texts = [...new Set(faults.map(({ path, message }) => `${path}: ${message}`))];
  return denied(texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`, 422);
}

function convert({ apiVersion, request }: Review<ConversionRequest>): object {
  const { uid, desiredAPIVersion, objects } = request;
  const answer = (response: object) => ({
    apiVersion,
    kind: 'ConversionReview',
    response: { uid, ...response },
  });
  try {
    const convertedObjects = objects.map((object) => convertDaemonSet(object, desiredAPIVersion));
    return answer({ result: { status: 'Success' }, convertedObjects });
  } catch (error) {
    return answer({ result: { status: 'Failed', message: describeError(error) }, convertedObjects: [] });
  }
}
