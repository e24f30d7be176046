/**
 * ConversionReview: objects that a definition's webhook is to bring into another version, and its answer checked. Of an
 * object's metadata only labels and annotations may differ; the rest is put back.
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/#webhook-request-and-response
 */
import { validateObjectMeta, type AnyObject, type ObjectMeta } from '@skerry/api';

const group = 'apiextensions.k8s.io';

export interface ConversionQuestion {
  readonly version: 'v1' | 'v1beta1';
  readonly uid: string;
  readonly apiVersion: string;
  readonly objects: readonly AnyObject[];
}

/** An answer that is none; its message is the whole explanation but for who was asked. */
export class ConversionFault extends Error {
  override readonly name = 'ConversionFault';
  /** How the sentence goes on after `conversion webhook for …`. */
  readonly verb: 'failed' | 'returned';

  constructor(verb: 'failed' | 'returned', message: string) {
    super(message);
    this.verb = verb;
  }
}

/** The first that both sides know. */
export function conversionReviewVersion(versions: readonly string[]): 'v1' | 'v1beta1' {
  const known = versions.find((version) => version === 'v1' || version === 'v1beta1');
  if (known) return known;
  throw new ConversionFault('failed', 'no supported conversion review versions');
}

export function conversionReviewOf({ version, uid, apiVersion, objects }: ConversionQuestion): object {
  return {
    kind: 'ConversionReview',
    apiVersion: `${group}/${version}`,
    request: { uid, desiredAPIVersion: apiVersion, objects },
  };
}

interface Review {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly response?: {
    readonly uid?: string;
    readonly result?: { readonly status?: string; readonly message?: string };
    readonly convertedObjects?: unknown[] | null;
  } | null;
}

/** The converted objects, in the order of those that were sent. Throws a ConversionFault. */
export function convertedObjects(answer: unknown, question: ConversionQuestion): AnyObject[] {
  const { apiVersion = '', kind = '', response } = (isRecord(answer) ? answer : {}) as Review;
  const strict = question.version === 'v1';
  if (strict && (apiVersion !== `${group}/v1` || kind !== 'ConversionReview')) {
    const got = `${apiVersion || '/'}, Kind=${kind}`;
    throw failed(`expected webhook response of ${group}/v1, Kind=ConversionReview, got ${got}`);
  }
  if (!isRecord(response)) throw failed('no response provided');
  const { uid = '', result = {}, convertedObjects: objects } = response as NonNullable<Review['response']>;
  if (strict && uid !== question.uid) {
    throw failed(`expected response.uid=${JSON.stringify(question.uid)}, got ${JSON.stringify(uid)}`);
  }
  if (result.status !== 'Success') {
    throw failed(result.message || `response.result.status was '${result.status ?? ''}', not 'Success'`);
  }
  const count = objects?.length ?? 0;
  if (count !== question.objects.length) {
    throw new ConversionFault('returned', `${count} objects, expected ${question.objects.length}`);
  }
  return question.objects.map((original, index) => checked(original, objects![index], question, index));
}

function failed(why: string): ConversionFault {
  return new ConversionFault('failed', why);
}

function checked(
  original: AnyObject,
  converted: unknown,
  { apiVersion, objects }: ConversionQuestion,
  index: number,
): AnyObject {
  const where = objects.length === 1 ? '' : ` at index ${index}`;
  const invalid = (why: string) =>
    new ConversionFault(
      'returned',
      `invalid ${objects.length === 1 ? '' : 'converted '}object${where}: ${why}`,
    );
  if (!isRecord(converted)) throw invalid('it is no object');
  const object: AnyObject = converted;
  if (object.apiVersion !== apiVersion) {
    const place = objects.length === 1 ? 'invalid object at index 0' : `invalid converted object${where}`;
    throw new ConversionFault(
      'returned',
      `${place}: invalid groupVersion (expected ${apiVersion}, received ${object.apiVersion ?? ''})`,
    );
  }
  if (object.kind !== original.kind)
    throw invalid(`must have the same kind: ${original.kind} != ${object.kind}`);
  const meta: unknown = object.metadata;
  if (meta === undefined) throw invalid('missing metadata in converted object');
  if (!isRecord(meta)) throw invalid(`invalid metadata of type ${typeof meta} in converted object`);
  const before = original.metadata ?? {};
  for (const [field, what] of identity) {
    const [expected, got] = [before[field] ?? '', (meta as ObjectMeta)[field] ?? ''];
    if (expected !== got) throw invalid(`must have the same ${what}: ${expected} != ${got}`);
  }
  return {
    ...object,
    metadata: restored(
      before,
      meta,
      (why) => new ConversionFault('returned', `invalid metadata${where && ` in object${where}`}: ${why}`),
    ),
  };
}

const identity = [
  ['name', 'name'],
  ['namespace', 'namespace'],
  ['uid', 'UID'],
] as const;

function restored(before: ObjectMeta, after: ObjectMeta, invalid: (why: string) => Error): ObjectMeta {
  const result: ObjectMeta = structuredClone(before);
  for (const field of ['labels', 'annotations'] as const) {
    const values: unknown = after[field];
    if (values === undefined || values === null) {
      delete result[field];
      continue;
    }
    if (!isRecord(values))
      throw invalid(`invalid metadata.${field} of type ${goType(values)} in converted object`);
    for (const [key, value] of Object.entries(values)) {
      if (typeof value !== 'string') {
        throw invalid(
          `metadata.${field}[${key}] must be a string, but is ${goType(value)} in converted object`,
        );
      }
    }
    result[field] = values;
  }
  const faults = validateObjectMeta({ ...result, name: 'x' }).filter(({ path }) =>
    /^metadata\.(labels|annotations)/.test(path),
  );
  if (faults.length > 0) throw invalid(faults.map(({ path, message }) => `${path}: ${message}`).join(', '));
  return result;
}

function isRecord(value: unknown): value is Record<string, never> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** As stock servers name what JSON holds. */
function goType(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'number') return Number.isSafeInteger(value) ? 'int64' : 'float64';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'string';
  return value === null ? '<nil>' : 'map[string]interface {}';
}
