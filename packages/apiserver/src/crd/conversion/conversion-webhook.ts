/**
 * The webhook of one definition. Objects that already are of the wanted version are never sent; the others go in batches,
 * one after the other, so that a long list is neither one enormous request nor a thousand small ones.
 */
import { ApiError, type AnyObject } from '@skerry/api';
import {
  ConversionFault,
  conversionReviewOf,
  conversionReviewVersion,
  convertedObjects,
} from '#crd/conversion/conversion-review.ts';
import type { Definition } from '#crd/definition.ts';
import { CallFailure } from '#outgoing/call-failure.ts';
import type { WebhookCaller } from '#outgoing/webhook-caller.ts';

const timeoutMs = 30_000;
const batchObjectsMax = 500;
const batchBytesMax = 8 * 1024 * 1024;

export type WebhookConversion = NonNullable<NonNullable<Definition['spec']['conversion']>['webhook']>;

export class ConversionWebhook {
  readonly #webhook: WebhookConversion;
  readonly #caller: WebhookCaller;
  readonly #uid: () => string;
  readonly #settle: ReadonlyMap<string, (object: AnyObject) => AnyObject>;

  /** `settle`, by apiVersion, brings what was converted into the form that objects of that version have. */
  constructor(
    webhook: WebhookConversion,
    parts: {
      caller: WebhookCaller;
      uid: () => string;
      settle: ReadonlyMap<string, (object: AnyObject) => AnyObject>;
    },
  ) {
    this.#webhook = webhook;
    this.#caller = parts.caller;
    this.#uid = parts.uid;
    this.#settle = parts.settle;
  }

  /** In the order given; shared, not to be changed. Rejects with an ApiError. */
  async convert(objects: readonly AnyObject[], apiVersion: string): Promise<AnyObject[]> {
    const foreign = objects.filter((object) => object.apiVersion !== apiVersion);
    const converted = new Map<AnyObject, AnyObject>();
    for (const batch of batchesOf(foreign)) {
      const made = await this.#convertBatch(batch, apiVersion);
      for (const [index, original] of batch.entries()) converted.set(original, made[index]!);
    }
    return objects.map((object) => converted.get(object) ?? object);
  }

  async #convertBatch(objects: readonly AnyObject[], apiVersion: string): Promise<AnyObject[]> {
    const { clientConfig = {}, conversionReviewVersions } = this.#webhook;
    try {
      const version = conversionReviewVersion(conversionReviewVersions);
      const question = { version, uid: this.#uid(), apiVersion, objects };
      const review = conversionReviewOf(question);
      const answer = await this.#caller.post(clientConfig, review, { timeoutMs, tellTimeout: false });
      const settle = this.#settle.get(apiVersion);
      const converted = convertedObjects(answer, question);
      return settle ? converted.map((object) => settle(object)) : converted;
    } catch (error) {
      throw conversionFailed(objects[0]!, error);
    }
  }
}

/** As a stock server answers: 500 without a reason. */
function conversionFailed({ apiVersion, kind }: AnyObject, cause: unknown): unknown {
  const who = `conversion webhook for ${apiVersion}, Kind=${kind}`;
  if (cause instanceof CallFailure) return plain(`${who} failed: ${cause.message}`, cause);
  if (!(cause instanceof ConversionFault)) return cause;
  return plain(
    cause.verb === 'failed' ? `${who} failed: ${cause.message}` : `${who} returned ${cause.message}`,
    cause,
  );
}

function plain(message: string, cause: unknown): ApiError {
  const error = new ApiError('InternalError', message, { cause });
  delete error.status.reason;
  return error;
}

function* batchesOf(objects: readonly AnyObject[]): Generator<AnyObject[]> {
  let batch: AnyObject[] = [];
  let bytes = 0;
  for (const object of objects) {
    const size = JSON.stringify(object).length;
    if (batch.length >= batchObjectsMax || (batch.length > 0 && bytes + size > batchBytesMax)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(object);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}
